from dataclasses import replace

import cv2
import numpy as np
import pytest

from dvm_core.bridge.errors import InputError
from dvm_core.training import backgrounds, foregrounds
from dvm_core.training.camera import bytes_to_linear, composite, to_display, to_linear
from dvm_core.training.canvas import Canvas
from dvm_core.training.library import add_photographs, make_library
from dvm_core.training.motion import Motion
from dvm_core.training.synthetic import make_take
from dvm_core.training.trimaps import FAINTEST, _ragged, random_trimap, trimap_of
from dvm_core.training.variety import WILD


def test_a_drawn_square_covers_exactly_its_area():
    canvas = Canvas(32)
    square = np.array([[4.0, 8.0], [20.0, 8.0], [20.0, 24.0], [4.0, 24.0]], np.float32)
    canvas.polygon([square], np.array([1.0, 0.5, 0.0], np.float32))
    rgb, alpha = canvas.finish()
    assert alpha.sum() == pytest.approx(16 * 16, rel=0.06)  # OpenCV fills the outline's own samples too
    assert alpha[16, 12] == 1
    np.testing.assert_allclose(rgb[16, 12], [1.0, 0.5, 0.0], atol=1 / 255)


def test_a_thin_strand_is_covered_in_proportion_to_its_width():
    def coverage(width):
        canvas = Canvas(64)
        canvas.line(np.array([[8.0, 32.2], [56.0, 32.2]], np.float32), width, np.ones(3, np.float32))
        return canvas.finish()[1][:, 16:48].sum() / 32

    assert coverage(4 / 3) == pytest.approx(4 * coverage(1 / 3), rel=0.35)
    assert coverage(1 / 3) < 0.6


@pytest.mark.parametrize("kind", list(foregrounds.KINDS))
def test_every_foreground_has_colour_and_alpha_in_range(kind):
    rgb, alpha = foregrounds.KINDS[kind][1](np.random.default_rng(7), 65)
    assert rgb.shape == (65, 65, 3)
    assert alpha.shape == (65, 65)
    assert rgb.dtype == alpha.dtype == np.float32
    for values in (rgb, alpha):
        assert 0 <= values.min() <= values.max() <= 1
    assert alpha.max() > 0


def test_wisps_are_seen_through_where_hair_covers():
    def covered(kind):
        alphas = [foregrounds.KINDS[kind][1](np.random.default_rng(seed), 160)[1] for seed in range(12)]
        return np.mean([alpha[(alpha > 0.004) & (alpha < 0.996)].mean() for alpha in alphas])

    assert covered("wisps") < 0.5 < covered("hair")


@pytest.mark.parametrize("kind", list(backgrounds.KINDS))
def test_every_background_is_a_picture(kind):
    picture = backgrounds.KINDS[kind][1](np.random.default_rng(8), 65)
    assert picture.shape == (65, 65, 3)
    assert picture.dtype == np.float32
    assert 0 <= picture.min() < picture.max() <= 1


def test_a_library_is_made_once_and_grows_without_changing(tmp_path):
    first = make_library(tmp_path, foregrounds=2, backgrounds=1, size=48, seed=4)
    more = make_library(tmp_path, foregrounds=3, backgrounds=1, size=48, seed=4)
    again = make_library(tmp_path / "elsewhere", foregrounds=3, backgrounds=1, size=48, seed=4)
    np.testing.assert_array_equal(first.foregrounds, more.foregrounds[:2])
    np.testing.assert_array_equal(more.foregrounds, again.foregrounds)


def test_photographs_are_cut_into_squares_and_reach_their_share(tmp_path, library):
    size = library.backgrounds.shape[1]
    picture = np.random.default_rng(1).integers(0, 256, (size, 2 * size, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "photograph.png"), picture[..., ::-1])
    added = add_photographs(library, tmp_path, share=0.4).backgrounds[len(library.backgrounds) :]
    assert len(added) == 4  # of 10: two squares, twice
    np.testing.assert_array_equal(added[0], picture[:, :size])
    np.testing.assert_array_equal(added[1], picture[:, size:])


def test_a_file_that_is_no_photograph_is_named(tmp_path, library):
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(InputError, match="photograph") as caught:
        add_photographs(library, tmp_path, share=0.1)
    assert caught.value.path.endswith("notes.txt")


def test_linear_light_and_back_is_the_identity():
    display = np.linspace(0, 1, 256, dtype=np.float32)
    np.testing.assert_allclose(to_display(to_linear(display)), display, atol=1e-5)
    np.testing.assert_allclose(bytes_to_linear(np.arange(256, dtype=np.uint8)), to_linear(display), atol=1e-6)
    assert float(to_linear(np.array([0.5], np.float32))[0]) == pytest.approx(0.21404, abs=1e-4)


def test_half_white_over_black_is_bright_as_light_adds():
    grey = composite(np.ones((1, 1, 3), np.float32), np.full((1, 1), 0.5, np.float32), np.zeros((1, 1, 3), np.float32))
    assert float(to_display(grey)[0, 0, 0]) == pytest.approx(0.735, abs=1e-3)


@pytest.mark.parametrize("frames", [1, 3])
def test_a_take_depends_on_its_seed_alone(library, frames):
    first, again, other = (make_take(library, np.random.default_rng(s), 64, frames=frames) for s in (5, 5, 6))
    np.testing.assert_array_equal(first.plates, again.plates)
    np.testing.assert_array_equal(first.trimaps, again.trimaps)
    assert not np.array_equal(first.alphas, other.alphas)
    assert first.plates.shape == (frames, 64, 64, 3)
    assert first.alphas.dtype == np.float32


def test_known_pixels_of_every_take_have_the_alpha_that_their_trimap_says(library):
    for number in range(25):
        take = make_take(library, np.random.default_rng(number), 64)
        assert (take.alphas[take.trimaps == 0] <= FAINTEST).all()
        assert (take.alphas[take.trimaps == 255] >= 1 - FAINTEST).all()
        assert 0 <= take.plates.min() <= take.plates.max() <= 1


def test_the_middle_frame_of_a_window_stands_still_and_the_others_move(library):
    differences = []
    for number in range(6):
        take = make_take(library, np.random.default_rng([3, number]), 64, frames=3)
        differences.append(np.abs(np.diff(take.alphas, axis=0)).max())
    assert max(differences) > 0.1


def test_motion_at_time_zero_changes_nothing_and_a_shift_moves_the_layer(rng):
    layer = np.zeros((32, 32, 4), np.float32)
    layer[10:14, 10:14] = 1
    motion = Motion(rng, 32, 4.0, elastic=True)
    assert motion.at(layer, 0.0) is layer
    moved = motion.at(layer, 1.0)
    assert moved.shape == layer.shape
    assert not np.allclose(moved, layer)


def test_an_open_shutter_smears_but_keeps_the_coverage(rng):
    layer = np.zeros((48, 48, 1), np.float32)
    layer[20:28, 20:28] = 1
    smeared = Motion(rng, 48, 2.0, elastic=False).exposed(layer, 0.0, 1.0, 9)
    assert smeared.sum() == pytest.approx(layer.sum(), rel=0.15)
    assert ((smeared > 0.05) & (smeared < 0.95)).sum() > 8


def test_the_plain_trimap_is_the_mixed_region_dilated():
    alpha = np.zeros((41, 41), np.float32)
    alpha[:, 20] = 0.5
    alpha[:, 21:] = 1
    trimap = trimap_of(alpha, 3)
    assert (trimap[:, 17:24] == 128).all()
    assert (trimap[:, :17] == 0).all()
    assert (trimap[:, 24:] == 255).all()


def test_random_trimaps_never_call_a_mixed_pixel_known_but_for_the_faintest(rng):
    alpha = np.clip(np.linspace(-2, 3, 50, dtype=np.float32)[None] + rng.normal(0, 0.1, (40, 1)), 0, 1)
    kinds, exact = set(), 0
    for _ in range(60):
        trimap = random_trimap(alpha.astype(np.float32), rng, WILD)
        assert (trimap[(alpha > FAINTEST) & (alpha < 1 - FAINTEST)] == 128).all()
        exact += (trimap[(alpha > 0.004) & (alpha < 0.996)] == 128).all()
        kinds.add(trimap.tobytes())
    assert len(kinds) > 20
    assert exact > 40


def test_a_ragged_trimap_reaches_now_far_now_hardly(rng):
    alpha = np.zeros((200, 400), np.float32)
    alpha[100:] = 1
    alpha[98:102] = 0.5
    widths = [(_ragged(alpha, rng) == 128).sum(axis=0) for _ in range(40)]
    assert min(width.min() for width in widths) >= 4
    assert np.median([width.max() / width.min() for width in widths]) > 1.5
    assert len({int(np.median(width)) for width in widths}) > 10


def test_an_alpha_without_mixed_pixels_has_a_trimap_all_the_same(rng):
    for value in (0.0, 1.0):
        trimap = trimap_of(np.full((8, 8), value, np.float32), 4)
        assert (trimap == value * 255).all()
        random_trimap(np.full((8, 8), value, np.float32), rng, WILD)


def test_what_spins_turns_by_tens_of_degrees_and_sweeps_as_far_at_its_rim():
    turns = []
    for seed in range(40):
        motion = Motion(np.random.default_rng(seed), 64, 0.0, elastic=False, spins=True)
        spot = np.zeros((64, 64, 1), np.float32)
        spot[31:34, 47:50] = 1
        row, column = (cells.mean() for cells in np.nonzero(motion.at(spot, 1.0)[..., 0] > 0.3))
        turns.append(abs(np.degrees(np.arctan2(row - 32, column - 32))))
        assert np.radians(turns[-1]) * 32 == pytest.approx(motion.sweep, rel=0.15)
    assert 8 < min(turns) < 20
    assert 50 < max(turns) < 72


def _alphas(library, count, frames=1, **shares):
    """The alphas of some takes, each (frames, 64, 64)."""
    variety = replace(WILD, **shares)
    return [
        make_take(library, np.random.default_rng(seed), 64, frames=frames, variety=variety).alphas
        for seed in range(count)
    ]


def _slopes(library, count, **shares):
    """How steep the alphas of each of some takes are, from column to column."""
    return [np.abs(np.diff(alphas, axis=2)) for alphas in _alphas(library, count, **shares)]


def test_takes_that_spin_blur_more_than_those_that_only_move(library):
    def detail(spun):
        return np.mean([slopes.mean() for slopes in _slopes(library, 16, blurred=1.0, spun=spun, unsharp=0.0)])

    assert detail(1.0) < 0.9 * detail(0.0)


def test_foregrounds_are_as_often_out_of_focus_as_asked(library):
    def sharpest(unsharp):
        return np.mean([slopes.max() for slopes in _slopes(library, 12, blurred=0.0, unsharp=unsharp)])

    assert sharpest(1.0) < 0.8 * sharpest(0.0)


def test_foregrounds_are_as_often_flung_as_asked(library):
    def change(flung):
        clips = _alphas(library, 12, frames=3, blurred=0.0, flung=flung)
        return np.mean([np.abs(np.diff(alphas, axis=0)).mean() for alphas in clips])

    assert change(1.0) > 1.5 * change(0.0)
