import shutil
import threading

import cv2
import numpy as np
import pytest

from dvm_core.bridge.errors import InputError
from dvm_core.io.plate import PlateReader
from dvm_core.io.trimap_file import TrimapReader
from dvm_core.pipeline import run_job
from dvm_core.pipeline.keyframes import KeyframeTrimaps


@pytest.fixture
def keyed(shot):
    """Keys on the first and the last of the shot's eight frames."""
    for frame in (1001, 1008):
        shutil.copy(shot / f"trimap.{frame}.png", shot / f"key.{frame}.png")
    return shot


def source(shot, frames=range(1001, 1009), first=1001, say=lambda sentence, frame: None):
    plates = PlateReader(f"{shot}/plate.####.exr", colorspace="auto", layer="", view="", keep_linear=False)
    keys = TrimapReader(f"{shot}/key.####.png")
    return KeyframeTrimaps(keys, plates, tuple(frames), first, say=say)


class Copying:
    """Somebody who keeps writing a file, wrong as yet, until somebody says that it is read again; then it is whole."""

    def __init__(self, path, broken):
        self.path, self.whole, self.said = path, path.read_bytes(), []
        self._broken, self._noticed = broken, threading.Event()
        self._thread = threading.Thread(target=self._copy)

    def __enter__(self):
        self.path.write_bytes(self._broken)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._noticed.set()
        self._thread.join()

    def say(self, sentence, frame):
        self.said.append((sentence, frame))
        self._noticed.set()

    def _copy(self):
        while not self._noticed.wait(0.02):
            self.path.write_bytes(self._broken)
        self.path.write_bytes(self.whole)


def read_all(trimaps):
    return {frame: trimaps.read(frame) for frame in trimaps.frames}


def test_every_frame_between_keys_has_a_trimap_and_keys_keep_theirs(keyed):
    trimaps = source(keyed)
    found = read_all(trimaps)
    assert list(found) == list(range(1001, 1009))
    for frame in (1001, 1008):
        assert np.array_equal(found[frame], cv2.imread(str(keyed / f"key.{frame}.png"), cv2.IMREAD_GRAYSCALE))
        assert trimaps.confidence[frame] == 1.0
    for frame in range(1002, 1008):
        assert set(np.unique(found[frame])) <= {0, 128, 255}
        assert (found[frame] == 128).any()
        assert 0 <= trimaps.confidence[frame] < 1


def test_frames_may_be_asked_for_in_any_order(keyed):
    expected = read_all(source(keyed))
    trimaps = source(keyed)
    for frame in (1006, 1002, 1007, 1002):
        assert np.array_equal(trimaps.read(frame), expected[frame])


def test_a_key_in_the_middle_changes_nothing_beyond_the_next_keys(keyed):
    shutil.copy(keyed / "trimap.1005.png", keyed / "key.1005.png")
    before = read_all(source(keyed))
    key = cv2.imread(str(keyed / "key.1005.png"), cv2.IMREAD_GRAYSCALE)
    shutil.copy(keyed / "trimap.1003.png", keyed / "key.1003.png")
    after = read_all(source(keyed))
    assert np.array_equal(after[1005], key)
    for frame in (1006, 1007):
        assert np.array_equal(after[frame], before[frame])
    assert any(not np.array_equal(after[frame], before[frame]) for frame in (1002, 1003, 1004))


def test_a_matte_with_keyframes_is_the_matte_of_the_propagated_trimaps_bit_for_bit(keyed, job, write):
    run_job(job("within", trimap=f"{keyed}/key.####.png", trimap_mode="keyframes"))
    for frame, trimap in read_all(source(keyed)).items():
        write(keyed / f"made.{frame}.png", trimap, "uint8")
    run_job(job("beside", trimap=f"{keyed}/made.####.png", keys="1001,1008"))
    run_job(job("part", trimap=f"{keyed}/made.####.png", keys="1001,1008", range="1004-1005"))
    for frame in (1004, 1005):
        assert (keyed / f"part/alpha.{frame}.exr").read_bytes() == (keyed / f"beside/alpha.{frame}.exr").read_bytes()
    for frame in range(1001, 1009):
        within, beside = (
            cv2.imread(str(keyed / out / f"alpha.{frame}.exr"), cv2.IMREAD_UNCHANGED) for out in ("within", "beside")
        )
        if within is None:  # OpenCV comes without EXR as a rule
            pytest.importorskip("OpenImageIO")
            import OpenImageIO as oiio

            within, beside = (
                oiio.ImageBuf(str(keyed / out / f"alpha.{frame}.exr")).get_pixels() for out in ("within", "beside")
            )
        assert np.array_equal(within, beside)


def test_a_part_of_a_range_is_what_the_whole_range_gives(keyed, job):
    keyframes = {"trimap": f"{keyed}/key.####.png", "trimap_mode": "keyframes"}
    run_job(job("whole", **keyframes))
    run_job(job("part", range="1004-1005", **keyframes))
    for frame in (1004, 1005):
        assert (keyed / f"part/alpha.{frame}.exr").read_bytes() == (keyed / f"whole/alpha.{frame}.exr").read_bytes()


def test_keys_that_the_shot_has_not_are_named(keyed, job):
    with pytest.raises(InputError, match=r"every key \(frames 1001,1020-1021\).*otherwise for 1020, 1021"):
        run_job(job("out", keys="1001,1020-1021"))


def test_a_resumed_job_redoes_the_segments_of_a_key_whose_plate_changed(keyed, job, write):
    """The trimaps stay as they are: only what the key's colours tell has changed."""
    resumed = {"keys": "1001,1005,1008", "settings": {"existing": "resume"}}
    run_job(job("out", keys="1001,1005,1008"))
    write(keyed / "plate.1008.exr", np.full((48, 64, 3), 0.5, np.float32))
    assert run_job(job("out", **resumed)).frames == (1005, 1006, 1007, 1008)


@pytest.mark.parametrize("broken", ["key.1001.png", "key.1008.png", "plate.1002.exr", "plate.1007.exr"])
def test_what_propagation_will_read_is_looked_at_before_any_work(keyed, job, broken):
    """Outside of the range and its neighbours, too: of a segment all plates and both keys are read."""
    (keyed / broken).write_bytes((keyed / broken).read_bytes()[:60])
    events = []
    with pytest.raises(InputError, match=broken.replace(".", r"\.")):
        run_job(
            job("out", range="1004-1005", trimap=f"{keyed}/key.####.png", trimap_mode="keyframes"), emit=events.append
        )
    assert events == []


def test_keys_are_their_own_files_and_other_frames_follow_the_key_before_them(keyed):
    shutil.copy(keyed / "trimap.1004.png", keyed / "key.1004.png")
    (keyed / "key.1001.png").unlink()
    trimaps = source(keyed)
    found = [trimaps.path(frame).name for frame in (1001, 1003, 1004, 1005, 1007, 1008)]
    assert found == ["key.1004.png"] * 5 + ["key.1008.png"]
    assert trimaps.needs((1004, 1008)) == {1004, 1008}
    assert trimaps.needs((1002,)) == {1001, 1002, 1003, 1004}
    assert trimaps.needs((1004, 1006)) == set(range(1004, 1009))


def test_keys_on_no_frame_of_the_shot_are_refused(keyed):
    with pytest.raises(InputError, match=r"keyframe trimaps on frames of the shot .*found 1001,1008"):
        source(keyed, frames=range(1002, 1008))


def test_a_damaged_plate_of_the_segment_is_named_and_asked_for_again_when_it_is_whole(keyed):
    whole = (keyed / "plate.1006.exr").read_bytes()
    (keyed / "plate.1006.exr").write_bytes(whole[: len(whole) // 2])
    trimaps = source(keyed)
    with pytest.raises(InputError, match=r"plate\.1006"):
        trimaps.read(1003)
    (keyed / "plate.1006.exr").write_bytes(whole)
    assert np.array_equal(trimaps.read(1003), source(keyed).read(1003))


@pytest.mark.parametrize("name", ["plate.1006.exr", "key.1008.png", "key.1001.png"])
def test_a_file_of_the_segment_that_is_still_being_written_is_waited_for_and_said(keyed, name):
    """The frame that is asked for has a plate of its own, and that one is whole."""
    expected = source(keyed).read(1003)
    whole = (keyed / name).read_bytes()
    with Copying(keyed / name, whole[: len(whole) // 2]) as copying:
        assert np.array_equal(source(keyed, say=copying.say).read(1003), expected)
    sentence, frame = copying.said[0]
    assert frame == int(name[-8:-4])
    assert name in sentence
    assert "Reading it again" in sentence


def test_a_job_waits_for_a_plate_far_from_its_range_that_its_trimaps_are_propagated_through(keyed, job):
    keyframes = {"range": "1002-1003", "trimap": f"{keyed}/key.####.png", "trimap_mode": "keyframes"}
    run_job(job("expected", **keyframes))
    path = keyed / "plate.1007.exr"
    damaged = bytearray(path.read_bytes())
    damaged[600:700] = bytes(100)  # its end is there, so the first look at all headers finds nothing
    warnings = []
    with Copying(path, bytes(damaged)) as copying:

        def emit(event):
            if event["event"] == "warning":
                warnings.append(event)
                copying.say(event["message"], event["frame"])

        run_job(job("out", **keyframes), emit=emit)
    assert {event["frame"] for event in warnings} == {1007}
    for frame in (1002, 1003):
        assert (keyed / f"out/alpha.{frame}.exr").read_bytes() == (keyed / f"expected/alpha.{frame}.exr").read_bytes()


def test_an_empty_key_propagates_to_empty_trimaps(shot, write):
    write(shot / "key.1001.png", np.zeros((48, 64), np.uint8), "uint8")
    assert not any(trimap.any() for trimap in read_all(source(shot)).values())
