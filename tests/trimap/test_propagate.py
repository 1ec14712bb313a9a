"""Propagation of keys on shots whose truth is known."""

import numpy as np
import pytest

from dvm_core.bridge.errors import InputError
from dvm_core.trimap.propagate import propagate, segments


def carried(shot, keys, **more):
    keys = {frame: shot.trimaps[frame] for frame in keys}
    found = propagate(range(len(shot.plates)), keys, lambda frame: shot.plates[frame], **more)
    return {one.frame: one for one in found}


def mixed_inside(shot, found):
    alpha = shot.alphas[found.frame]
    return (found.trimap[(alpha > 0.02) & (alpha < 0.98)] == 128).mean()


def area(shot, found):
    return (found.trimap == 128).sum() / (shot.trimaps[found.frame] == 128).sum()


@pytest.mark.parametrize(
    ("keys", "most"),
    [((0, 5), 2.0), ((0,), 2.5), ((5,), 2.5), ((2,), 2.5)],
    ids=["both ends", "first", "last", "middle"],
)
def test_the_truth_stays_inside_a_band_that_stays_narrow(shot, keys, most):
    for frame, found in carried(shot, keys).items():
        assert mixed_inside(shot, found) >= 0.97, frame
        assert area(shot, found) <= most, frame
        known = found.trimap != 128
        assert np.abs(found.trimap[known] / 255 - shot.alphas[frame][known]).mean() < 0.002


def test_an_object_that_jumps_further_than_any_window_is_still_inside(make):
    shot = make(frames=3, shape=(96, 224), step=(70.0, 0.0), radius=14.0)
    found = carried(shot, (0, 2))[1]
    assert mixed_inside(shot, found) >= 0.9


def test_keys_stay_as_they_are_and_are_certain(shot):
    found = carried(shot, (1, 4))
    assert list(found) == list(range(6))
    for frame in (1, 4):
        assert found[frame].confidence == 1.0
        assert np.array_equal(found[frame].trimap, shot.trimaps[frame])
    assert all(0 < found[frame].confidence < 1 for frame in (0, 2, 3, 5))


def test_confidence_falls_where_the_picture_is_another_one(make):
    shot = make(frames=6)
    shot.plates[4:] = np.random.default_rng(7).random(shot.plates[4:].shape, dtype=np.float32)
    track = [found.confidence for found in carried(shot, (0,)).values()]
    assert min(track[:4]) > 0.8
    assert max(track[4:]) < 0.4


def test_a_key_in_the_middle_changes_nothing_beyond_the_next_keys(make):
    shot = make(frames=8)
    before, after = carried(shot, (0, 4)), carried(shot, (0, 2, 4))
    assert any(not np.array_equal(before[frame].trimap, after[frame].trimap) for frame in (1, 2, 3))
    for frame in (4, 5, 6, 7):
        assert np.array_equal(before[frame].trimap, after[frame].trimap)


def test_a_range_gives_what_the_whole_shot_gives(shot):
    whole, part = carried(shot, (0, 5)), carried(shot, (0, 5), wanted=[2, 3])
    assert list(part) == [2, 3]
    assert all(np.array_equal(part[frame].trimap, whole[frame].trimap) for frame in part)


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (255, 255), (128, 128)])
def test_a_key_of_one_label_gives_that_label_everywhere(shot, value, expected):
    keys = {0: np.full(shot.trimaps[0].shape, value, np.uint8)}
    for found in propagate(range(3), keys, lambda frame: shot.plates[frame]):
        assert set(np.unique(found.trimap)) == {expected}


def test_only_segments_that_are_wanted_are_read(shot):
    read = []
    keys = {frame: shot.trimaps[frame] for frame in (0, 2, 5)}
    list(propagate(range(6), keys, lambda frame: read.append(frame) or shot.plates[frame], wanted=[1]))
    assert set(read) == {0, 1, 2}


def test_a_segment_is_cut_at_every_key():
    cut = segments(range(1, 10), (3, 7))
    assert [(segment.frames[0], segment.frames[-1], segment.keys) for segment in cut] == [
        (1, 3, (3,)),
        (3, 7, (3, 7)),
        (7, 9, (7,)),
    ]
    assert [segment.keys for segment in segments((5,), (5,))] == [(5,)]


@pytest.mark.parametrize("keys", [(), (7,)])
def test_keys_outside_the_shot_are_one_sentence(keys):
    with pytest.raises(InputError, match="keyframe trimaps on frames of the shot"):
        segments(range(6), keys)


def test_a_plate_of_another_size_names_its_frame(shot):
    keys = {0: shot.trimaps[0]}
    with pytest.raises(InputError, match="128x96 like its key's trimap, found 60x50") as caught:
        list(
            propagate(
                range(3), keys, lambda frame: shot.plates[frame][: 50 if frame else None, : 60 if frame else None]
            )
        )
    assert caught.value.frame == 1
