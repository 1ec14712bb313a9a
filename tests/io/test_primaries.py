import numpy as np
import pytest

from dvm_core.io.primaries import matrix_to_rec709, space_of_primaries

REC709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
REC2020 = (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290)
AP1 = (0.713, 0.293, 0.165, 0.830, 0.128, 0.044, 0.32168, 0.33767)


@pytest.mark.parametrize(
    ("primaries", "name"),
    [(REC709, "lin_rec709_scene"), (REC2020, "lin_rec2020_scene"), (AP1, "lin_ap1_scene")],
)
def test_well_known_primaries_have_a_name(primaries, name):
    assert space_of_primaries(primaries) == name
    assert space_of_primaries(tuple(np.float32(number) for number in primaries)) == name


@pytest.mark.parametrize("white", [(1 / 3, 1 / 3), (0.3127, 0.3290)])
def test_tristimulus_values_are_absolute_whatever_white_is_written_beside_them(white):
    # IEC 61966-2-1 in reverse.
    expected = [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
    np.testing.assert_allclose(matrix_to_rec709((1, 0, 0, 1, 0, 0, *white)), expected, atol=5e-4)


def test_other_primaries_have_no_name():
    assert space_of_primaries((0.7, 0.3, 0.2, 0.7, 0.1, 0.05, 0.31, 0.33)) == ""


def test_rec2020_leads_to_rec709_by_the_matrix_of_itu_r_bt_2087():
    expected = [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    np.testing.assert_allclose(matrix_to_rec709(REC2020), expected, atol=1e-4)


def test_ap1_leads_to_rec709_as_aces_does():
    # ACEScg to linear sRGB with Bradford adaptation, as the ACES project publishes it.
    expected = [[1.70505, -0.62179, -0.08326], [-0.13026, 1.14080, -0.01055], [-0.02400, -0.12897, 1.15297]]
    np.testing.assert_allclose(matrix_to_rec709(AP1), expected, atol=2e-4)


def test_white_stays_white():
    odd = (0.7, 0.3, 0.2, 0.7, 0.1, 0.05, 0.3457, 0.3585)
    np.testing.assert_allclose(matrix_to_rec709(odd) @ np.ones(3), np.ones(3), atol=1e-6)


@pytest.mark.parametrize("bad", [(0.3,) * 8, (float("nan"),) * 8, (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3, 0.0)])
def test_points_on_one_line_are_refused(bad):
    with pytest.raises(ValueError, match="no primaries"):
        matrix_to_rec709(bad)
