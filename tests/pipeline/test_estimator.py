import copy

import numpy as np
import pytest
import torch

from dvm_core.io.trimap_file import UNKNOWN
from dvm_core.model import load
from dvm_core.model.cues import network_input
from dvm_core.model.fold import fold_norms
from dvm_core.pipeline.device import choose
from dvm_core.pipeline.estimator import NetworkEstimator
from dvm_core.pipeline.frame import Frame


def frames_of(plates, trimaps):
    pairs = enumerate(zip(plates, trimaps, strict=True))
    return {index: Frame(index, plate, trimap) for index, (plate, trimap) in pairs}


def solve(network, plates, trimaps, position, tile=0):
    frames = {
        index: Frame(index, plate, trimap) for index, (plate, trimap) in enumerate(zip(plates, trimaps, strict=True))
    }
    return NetworkEstimator(copy.deepcopy(network), choose("cpu"), tile).alpha(position, frames, len(frames))


def plain(network, plates, trimaps):
    """The whole window through the network at once, nothing cached, cropped or tiled."""
    frames = np.stack([network_input(plate, trimap) for plate, trimap in zip(plates, trimaps, strict=True)])
    network = copy.deepcopy(network)
    fold_norms(network)
    with torch.inference_mode():
        alpha = network.forward_window(torch.from_numpy(frames)[None])[0, 0].numpy()
    known = trimaps[network.window.past]
    return np.where(known == UNKNOWN, alpha, known / np.float32(255))


def test_streaming_equals_the_plain_windowed_network(network, scene):
    plates, trimaps = scene(3, 160, 192)
    alpha = solve(network, plates, trimaps, 1)
    np.testing.assert_allclose(alpha, plain(network, plates, trimaps), atol=1e-5)


def test_neighbours_matter(network, scene):
    plates, trimaps = scene(3, 160, 192)
    still = solve(network, plates[[1, 1, 1]], trimaps[[1, 1, 1]], 1)
    assert np.abs(solve(network, plates, trimaps, 1) - still).max() > 1e-3


@pytest.mark.parametrize("tile", [64, 96])
def test_tiles_give_what_the_whole_frame_gives(network, scene, tile):
    plates, trimaps = scene(3, 160, 192)
    np.testing.assert_allclose(solve(network, plates, trimaps, 1, tile), solve(network, plates, trimaps, 1), atol=1e-5)


@pytest.mark.parametrize("size", [(97, 131), (33, 31), (5, 7), (1, 1)])
def test_odd_sizes_are_padded_and_cut_back(network, scene, size):
    plates, trimaps = scene(3, *size)
    alpha = solve(network, plates, trimaps, 1, tile=64)
    assert alpha.shape == size
    assert np.isfinite(alpha).all()


def test_known_pixels_pass_through_exactly(network, scene):
    plates, trimaps = scene(3, 96, 96)
    alpha = solve(network, plates, trimaps, 1)
    assert (alpha[trimaps[1] == 0] == 0).all()
    assert (alpha[trimaps[1] == 255] == 1).all()


def test_a_frame_without_unknown_pixels_costs_no_encoding(network, scene):
    plates, trimaps = scene(3, 96, 96)
    trimaps = np.where(trimaps == UNKNOWN, 0, trimaps).astype(np.uint8)
    frames = {
        index: Frame(index, plate, trimap) for index, (plate, trimap) in enumerate(zip(plates, trimaps, strict=True))
    }
    alpha = NetworkEstimator(copy.deepcopy(network), choose("cpu"), 0).alpha(1, frames, 3)
    assert np.array_equal(alpha, trimaps[1] / 255)
    assert all(frame.encoded is None for frame in frames.values())


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_frame_of_one_kind_only_is_legal(network, scene, value):
    plates, trimaps = scene(3, 64, 64)
    trimaps[1] = value
    alpha = solve(network, plates, trimaps, 1)
    assert np.isfinite(alpha).all()
    if value != UNKNOWN:
        assert (alpha == value / 255).all()


def test_the_shipped_margin_decides_the_alpha_of_a_far_corner(scene):
    """The box around few unknown pixels gives nearly what the whole frame gives, with the weights that users run.

    The deepest level looks further than the margin; what lies there may move an alpha by a step of 8 bits, not by more
    than two. A frame's box follows from its trimaps, so this never shows as a difference between runs.
    """
    plates, trimaps = scene(3, 512, 640)
    trimaps[:] = 0
    trimaps[:, 40:60, 30:70] = UNKNOWN
    trimaps[:, 48:52, 45:55] = 255
    shipped = load("lite")
    assert np.abs(solve(shipped, plates, trimaps, 1) - plain(shipped, plates, trimaps)).max() <= 2 / 255


def test_tiles_of_a_1080p_frame_show_no_seams(scene):
    """With the shipped weights: nowhere off by a step of 8 bits, and on the seams no more than elsewhere."""
    plates, trimaps = scene(1, 1080, 1920)
    shipped, side = load("lite"), 512
    difference = np.abs(solve(shipped, plates, trimaps, 0, side) - solve(shipped, plates, trimaps, 0))
    unknown = trimaps[0] == UNKNOWN
    assert difference[unknown].max() <= 1 / 255
    rows, columns = (np.arange(length) % side for length in unknown.shape)
    seams = np.add.outer((rows <= 1) | (rows == side - 1), (columns <= 1) | (columns == side - 1)) > 0
    assert (seams & unknown).any()
    on, off = (np.percentile(difference[where & unknown], 99.9) for where in (seams, ~seams))
    assert on <= 2 * max(off, 1e-6)  # both are rounding
