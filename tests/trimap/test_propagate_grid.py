import numpy as np
import pytest

from dvm_core.trimap.propagate_grid import LONGEST, MARGIN, OBJECT, Grid, distance, edge


def key(size, box):
    trimap = np.zeros(size, np.uint8)
    trimap[box] = 255
    return trimap


@pytest.mark.parametrize("size", [(1080, 1920), (2160, 4096), (61, 83)])
def test_the_object_and_the_frame_fit_the_grid(size):
    box = np.s_[size[0] // 10 : size[0] * 9 // 10, size[1] // 4 : size[1] * 3 // 4]
    grid = Grid.around([key(size, box)])
    assert max(grid.shape) <= LONGEST
    assert grid.reduce((key(size, box) > 0).astype(np.float32)).sum() <= OBJECT * 1.02
    assert grid.shape[0] / grid.shape[1] == pytest.approx(size[0] / size[1], rel=0.02)


def test_the_largest_key_decides():
    small, large = key((400, 600), np.s_[:20, :20]), key((400, 600), np.s_[:, :])
    assert Grid.around([small, large]) == Grid.around([large, small]) == Grid.around([large])


def test_reducing_keeps_the_mean_and_enlarging_the_constant():
    grid = Grid((120, 160), (30, 40))
    picture = np.random.default_rng(0).random((120, 160), dtype=np.float32)
    np.testing.assert_allclose(grid.reduce(picture), picture.reshape(30, 4, 40, 4).mean(axis=(1, 3)), atol=1e-6)
    np.testing.assert_allclose(grid.enlarge(np.full((30, 40), 0.3, np.float32)), 0.3, atol=1e-6)


def test_a_box_is_the_region_and_its_surroundings_inside_the_frame():
    grid = Grid((200, 300), (200, 300))
    region = np.zeros((200, 300), bool)
    region[5:20, 100:140] = True
    box = grid.box(region)
    assert (box.top, box.left, box.bottom, box.right) == (0, 100 - MARGIN, 20 + MARGIN, 140 + MARGIN)
    columns, rows = box.positions()
    assert (rows[0, 0], columns[0, 0]) == (box.top, box.left)
    assert (rows[-1, -1], columns[-1, -1]) == (box.bottom - 1, box.right - 1)
    assert grid.box(np.zeros((200, 300), bool)) is None


def test_distances_are_those_of_a_search_over_all_pixels():
    region = np.random.default_rng(1).random((13, 17)) > 0.95
    rows, columns = np.nonzero(region)
    y, x = np.mgrid[:13, :17]
    expected = np.sqrt((y[..., None] - rows) ** 2 + (x[..., None] - columns) ** 2).min(axis=-1)
    np.testing.assert_allclose(distance(region), expected, atol=1e-5)
    assert distance(np.zeros((13, 17), bool)).min() > 1000


def test_an_edge_has_both_its_sides():
    alpha = np.zeros((3, 8), np.float32)
    alpha[:, 5:] = 1
    assert np.array_equal(np.flatnonzero(edge(alpha)[1]), [4, 5])
