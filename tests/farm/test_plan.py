from dataclasses import replace

import numpy as np
import pytest

from dvm_core.bridge.errors import OutputError, UsageError
from dvm_core.bridge.frames import parse_range
from dvm_core.farm.plan import MATTE, QC, Chunks, cut, plan, segments
from dvm_core.pipeline import run_job


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 20])
def test_chunks_hold_every_frame_once_and_none_is_too_large(size):
    frames = [*range(1001, 1010), *range(1020, 1025), 1030]
    chunks = [parse_range(chunk) for chunk in cut(frames, size)]
    assert [frame for chunk in chunks for frame in chunk] == frames
    assert all(len(chunk) <= size and chunk[-1] - chunk[0] == len(chunk) - 1 for chunk in chunks)


def test_chunks_of_a_run_are_of_nearly_one_length():
    assert cut(range(1001, 1011), 4) == ["1001-1003", "1004-1006", "1007-1010"]


def test_segments_end_with_keys_and_cover_what_lies_outside():
    assert segments(range(1, 11), [3, 6]) == ["1-3", "4-6", "7-10"]
    assert segments(range(1, 11), [1, 10]) == ["1-10"]
    assert segments(range(4, 6), [1, 3, 8]) == ["4-5"]
    assert segments([1, 2, 8, 9], [1, 5]) == ["1-2", "8-9"]


def test_a_plan_has_a_matte_step_in_chunks_and_a_look_at_the_end(clip):
    made = plan(clip.job(range="1003-1006"))
    assert [step.name for step in made.steps] == [MATTE, QC]
    assert made.step(QC).after == MATTE
    assert made.step(MATTE).tasks == ("1003-1006",)
    assert made.step(MATTE).need.memory == made.pinned.memory.need
    assert made.name == "dvm sh010"


def test_neighbours_are_inputs_and_only_they(clip):
    read = set(plan(clip.job(range="1004")).inputs())
    assert read == {picture(frame) for frame in range(1002, 1007) for picture in (clip.plate, clip.trimap)}


def test_alphas_that_were_put_right_are_inputs_with_what_they_are_compared_with(clip):
    made = plan(clip.job(range="1003", **clip.put_right((1001, 1006, 1009))))
    assert [path.name for path in made.inputs() if path.parent.name == "fixed"] == ["fix.1001.exr", "fix.1006.exr"]
    plates = [path.name for path in made.inputs() if path.parent.name == "plates"]
    assert plates == [f"sh010.{frame}.exr" for frame in range(1001, 1009)]


def test_a_gpu_job_asks_for_a_gpu(clip):
    need = plan(clip.job(settings={"device": "cuda"}), kernels="cuda-sm80").step(MATTE).need
    assert need.gpu_memory == need.memory > 0


def test_frames_that_are_there_stop_a_job_that_neither_resumes_nor_overwrites(clip):
    clip.alpha(1004).parent.mkdir()
    clip.alpha(1004).write_bytes(b"")
    with pytest.raises(OutputError, match=r"1004.*existing"):
        plan(clip.job())
    assert plan(clip.job(settings={"existing": "resume"})).job.settings.existing == "resume"


def test_a_task_goes_on_from_what_an_earlier_try_finished(clip):
    assert plan(clip.job()).job.settings.existing == "resume"
    assert plan(clip.job(settings={"existing": "overwrite"})).job.settings.existing == "overwrite"


def test_a_chunk_without_unknown_pixels_is_done_like_any_other(clip, image_writer):
    """An object that leaves the picture must not fail the chunks at the shot's end."""
    for frame in (1008, 1009):
        image_writer(clip.trimap(frame), np.zeros((40, 56, 1), np.uint8), "uint8")
    job = plan(clip.job()).job
    run_job(replace(job, range="1008-1009"))
    assert list(clip.alphas()) == ["sh010.1008.exr", "sh010.1009.exr"]


@pytest.mark.parametrize("chunks", [{"frames": 0}, {"seconds": -1}])
def test_senseless_chunks_are_refused(chunks):
    with pytest.raises(UsageError, match="chunk"):
        Chunks(**chunks)
