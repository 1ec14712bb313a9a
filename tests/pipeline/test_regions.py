import numpy as np
import pytest

from dvm_core.pipeline.regions import Box, mask_box, tiles, union

FRAME = Box(0, 0, 100, 200)


def test_a_mask_box_holds_every_true_pixel_and_no_more():
    mask = np.zeros((20, 30), dtype=bool)
    mask[3, 7] = mask[11, 4] = True
    assert mask_box(mask) == Box(3, 4, 12, 8)


def test_an_empty_mask_has_no_box():
    assert mask_box(np.zeros((4, 5), dtype=bool)) is None


def test_growing_stops_at_the_bounds():
    assert Box(5, 190, 20, 198).grown(10, FRAME) == Box(0, 180, 30, 200)


def test_snapping_goes_outwards_on_the_grid_and_stops_at_the_bounds():
    assert Box(33, 65, 97, 190).snapped(32, FRAME) == Box(32, 64, 100, 192)


def test_a_union_holds_all_boxes():
    assert union([Box(1, 9, 4, 12), Box(3, 2, 8, 10)]) == Box(1, 2, 8, 12)


@pytest.mark.parametrize("side", [7, 64, 300])
def test_tiles_cover_a_region_once(side):
    region = Box(10, 20, 93, 181)
    count = np.zeros((100, 200), dtype=int)
    for tile in tiles(region, side):
        count[tile.slices] += 1
        assert tile.height <= side
        assert tile.width <= side
    expected = np.zeros_like(count)
    expected[region.slices] = 1
    assert np.array_equal(count, expected)


def test_a_place_in_a_map_counts_in_cells():
    assert Box(32, 64, 64, 128).inside(Box(16, 32, 80, 160), scale=16) == (slice(1, 3), slice(2, 6))
