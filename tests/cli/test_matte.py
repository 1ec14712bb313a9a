"""`dvm matte` on real files, and every promise about frames, trimaps and pixels that ends in an exit code."""

import json
import resource
import shutil
import signal

import numpy as np
import pytest
import torch

from dvm_core import pipeline
from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.settings import Settings


def test_a_shot_is_matted_close_to_the_truth(dvm, shot, image_reader):
    ran = dvm(*shot.arguments)
    assert ran.code == 0, ran.err
    for frame in shot.frames:
        alpha, truth = image_reader(shot.alpha(frame)), image_reader(shot.folder / f"truth.{frame}.exr")
        assert alpha.shape == truth.shape
        assert np.abs(alpha - truth).mean() < 0.05


def test_the_plan_is_said_before_and_the_result_after(dvm, shot):
    ran = dvm(*shot.arguments)
    assert ran.out == ""
    lines = ran.err.splitlines()
    plan = next(index for index, line in enumerate(lines) if "4 frames (1001-1004) with closed-form on" in line)
    done = next(index for index, line in enumerate(lines) if "4 frames in" in line and "alpha.1004.exr" in line)
    assert plan < done
    assert "plate lin_rec709_scene" in lines[plan]


@pytest.mark.parametrize("writing", ["plate.%04d.exr", "plate.@@@@.exr", "plate.$F4.exr", "plate.#.exr"])
def test_any_writing_of_a_pattern_is_understood(dvm, shot, writing):
    ran = dvm("matte", shot.folder / writing, "-t", shot.trimap, "-o", shot.output, "--model", "closed-form", "-q")
    assert ran.code == 0, ran.err
    assert all(shot.alpha(frame).exists() for frame in shot.frames)


def test_a_range_in_the_pattern_and_a_folder_name_a_plate_too(dvm, shot):
    folder = shot.folder / "plates"
    folder.mkdir()
    for frame in shot.frames:
        shutil.move(shot.folder / f"plate.{frame}.exr", folder)
    common = ("-t", shot.trimap, "-o", shot.output, "--model", "closed-form", "--quiet", "--overwrite")
    assert dvm("matte", folder, *common).code == 0
    shot.alpha(1004).unlink()
    assert dvm("matte", folder / "plate.1001-1003#.exr", *common).code == 0
    assert not shot.alpha(1004).exists()


def test_the_range_names_the_frames_that_are_written(dvm, shot):
    assert dvm(*shot.arguments, "--range", "1001-1004x2").code == 0
    assert [frame for frame in shot.frames if shot.alpha(frame).exists()] == [1001, 1003]


def test_relative_paths_may_climb_when_typed(dvm, shot, monkeypatch):
    below = shot.folder / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    ran = dvm(
        "matte", "../plate.#.exr", "-t", "../trimap.#.png", "-o", "../alpha.#.exr", "--model", "closed-form", "-q"
    )
    assert ran.code == 0, ran.err
    assert shot.alpha(1001).exists()


OPTIONS = {
    ("--device", "cpu"): {"device": "cpu"},
    ("--precision", "bf16"): {"precision": "bf16"},
    ("--threads", "3"): {"threads": 3},
    ("--tile", "256"): {"tile": 256},
    ("--tile", "off"): {"tile": "off"},
    ("--reduce", "2"): {"reduce": 2},
    ("--reduce", "auto"): {"reduce": "auto"},
    ("--max-memory", "8G"): {"max_memory": "8G"},
    ("--colorspace", "ACEScg"): {"colorspace": "ACEScg"},
    ("--layer", "beauty"): {"layer": "beauty"},
    ("--view", "left"): {"view": "left"},
    ("--trimap-channel", "B"): {"trimap_channel": "B"},
    ("--channels", "rgba"): {"channels": "rgba"},
    ("--compression", "dwaa:60"): {"compression": "dwaa:60"},
    ("--float",): {"half": False},
    ("--half",): {"half": True},
    ("--resume",): {"existing": "resume"},
    ("--overwrite",): {"existing": "overwrite"},
}
"""For each option the field of the job's settings that it sets."""


@pytest.mark.parametrize(("typed", "expected"), OPTIONS.items())
def test_every_option_reaches_the_job(dvm, shot, monkeypatch, typed, expected):
    seen = []
    monkeypatch.setattr(pipeline, "run_job", lambda job, **_: seen.append(job))
    ran = dvm("matte", shot.plate, "-t", shot.trimap, "-o", shot.output, *typed)
    assert ran.code == 0, ran.err
    assert seen == [MatteJob(shot.plate, shot.trimap, shot.output, settings=Settings(**expected))]


def test_what_is_matted_reaches_the_job(dvm, shot, monkeypatch):
    seen = []
    monkeypatch.setattr(pipeline, "run_job", lambda job, **_: seen.append(job))
    typed = ("--range", "1002", "--shot-range", "1001-1004", "--propagate", "--model", "rn50", "--fg", "/f/fg.#.exr")
    typed += ("--corrected", "/f/fixed.#.exr")
    assert dvm("matte", shot.plate, "-t", shot.trimap, "-o", shot.output, *typed).code == 0
    (job,) = seen
    assert (job.range, job.shot_range, job.trimap_mode, job.model) == ("1002", "1001-1004", "keyframes", "rn50")
    assert (job.settings.fg, job.corrected) == ("/f/fg.#.exr", "/f/fixed.#.exr")


def test_keys_among_propagated_trimaps_reach_the_job(dvm, shot, monkeypatch):
    seen = []
    monkeypatch.setattr(pipeline, "run_job", lambda job, **_: seen.append(job))
    assert dvm("matte", shot.plate, "-t", shot.trimap, "-o", shot.output, "--keys", "1001,1003").code == 0
    assert seen[0].key_frames == (1001, 1003)


def test_foreground_is_written_beside_the_alpha(dvm, shot, image_reader):
    ran = dvm(*shot.arguments, "--fg", shot.folder / "fg.####.exr", "--range", "1002")
    assert ran.code == 0, ran.err
    assert image_reader(shot.folder / "fg.1002.exr").shape == (*shot.size, 4)


# Exit code 2: wrong usage.


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--range", "10-1"), "runs backwards; write 1-10"),
        (("--range", "all"), "'all' is not a frame range"),
        (("--range", "1005", "--shot-range", "1001-1004"), "has not: 1005"),
        (("--tile", "big"), "'tile' must be auto, off or a size"),
        (("--tile", "3"), "'tile' must be"),
        (("--reduce", "half"), "'reduce' must be auto or a whole number"),
        (("--device", "tpu"), "'device' must be auto, cpu, cuda or cuda:N"),
        (("--precision", "fp8"), "'precision' must be one of"),
        (("--threads", "-1"), "'threads' must be a whole number"),
        (("--max-memory", "much"), "'max_memory' must be an amount of memory"),
        (("--channels", "rgb"), "'channels' must be one of alpha, matte, rgba"),
        (("--compression", "gzip"), "'compression' must be an EXR compression"),
        (("--fg", "fg.####.png"), "'fg' must be a pattern that ends in .exr"),
        (("--progress", "loud"), "--progress must be one of"),
        (("--resume", "--overwrite"), "give one of the two"),
        (("--colorspace", "no such space"), "no such space"),
    ],
)
def test_wrong_options_are_code_2_in_one_sentence(dvm, shot, arguments, sentence):
    ran = dvm(*shot.arguments, *arguments)
    assert ran.code == 2
    assert sentence in ran.err.splitlines()[-1]
    assert not shot.alpha(1001).exists()


@pytest.mark.parametrize("arguments", [(), ("--nonsense",), ("-o",)])
def test_missing_and_unknown_options_are_code_2(dvm, shot, arguments):
    assert dvm("matte", shot.plate, *arguments).code == 2


def test_an_output_over_the_plate_is_code_2(dvm, shot):
    ran = dvm("matte", shot.plate, "-t", shot.trimap, "-o", shot.folder / "plate.%04d.exr", "--overwrite")
    assert ran.code == 2
    assert "'plate' and 'output' are both" in ran.err


# Exit code 3: bad input.


def test_a_plate_that_is_not_there_is_code_3(dvm, shot):
    ran = dvm("matte", shot.folder / "plates.####.exr", "-t", shot.trimap, "-o", shot.output, "--model", "closed-form")
    assert ran.code == 3
    assert "plates.%04d.exr" in ran.err


def test_frames_that_the_plate_has_not_are_named(dvm, shot):
    ran = dvm(*shot.arguments, "--range", "1003-1006")
    assert ran.code == 3
    assert "1005, 1006" in ran.err


def test_a_gap_in_the_trimaps_names_its_frames_and_propagate(dvm, shot):
    for frame in (1002, 1003):
        (shot.folder / f"trimap.{frame}.png").unlink()
    ran = dvm(*shot.arguments)
    assert ran.code == 3
    assert "1002, 1003" in ran.err
    assert "--propagate" in ran.err
    assert not shot.alpha(1001).exists()


def test_a_range_without_any_unknown_pixel_is_code_3(dvm, shot):
    for frame in shot.frames:
        shot.write_trimap(frame, np.full(shot.size, 255, np.uint8))
    ran = dvm(*shot.arguments)
    assert ran.code == 3
    assert "unknown" in ran.err.splitlines()[-1]


@pytest.mark.parametrize("value", [0, 128, 255])
def test_one_frame_of_a_single_kind_is_legal(dvm, shot, image_reader, value):
    shot.write_trimap(1002, np.full(shot.size, value, np.uint8))
    ran = dvm(*shot.arguments)
    assert ran.code == 0, ran.err
    if value != 128:
        assert (image_reader(shot.alpha(1002)) == value / 255).all()


def test_a_trimap_channel_that_is_not_there_is_code_3(dvm, shot):
    ran = dvm(*shot.arguments, "--trimap-channel", "Z")
    assert ran.code == 3
    assert "Z" in ran.err


def test_a_display_window_that_changes_within_a_shot_is_code_3(dvm, shot, image_writer):
    larger = np.zeros((shot.size[0], shot.size[1] + 2, 3), np.float32)
    image_writer(shot.folder / "plate.1003.exr", larger, ("R", "G", "B"))
    ran = dvm(*shot.arguments)
    assert ran.code == 3
    assert "1003" in ran.err
    assert "display window" in ran.err


def test_a_data_window_that_changes_within_a_shot_is_legal(dvm, shot, image_writer, image_reader):
    height, width = shot.size
    part = np.full((height - 6, width - 8, 3), 0.5, np.float32)
    image_writer(shot.folder / "plate.1003.exr", part, ("R", "G", "B"), x=4, y=3, full_width=width, full_height=height)
    ran = dvm(*shot.arguments)
    assert ran.code == 0, ran.err


def test_a_trimap_of_another_size_than_its_plate_is_code_3(dvm, shot, image_writer):
    image_writer(shot.folder / "trimap.1002.png", np.full((20, 20, 1), 128, np.uint8), ("Y",), "uint8")
    ran = dvm(*shot.arguments)
    assert ran.code == 3
    assert "1002" in ran.err
    assert "20x20" in ran.err


@pytest.mark.parametrize("role", ["plate.1002.exr", "trimap.1002.png"])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.6])
def test_a_truncated_frame_is_named(dvm, shot, role, share):
    path = shot.folder / role
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    ran = dvm(*shot.arguments)
    assert ran.code == 3
    assert role in ran.err.splitlines()[-1]
    assert len(ran.err.splitlines()[-1]) < 400


# Exit codes 4 and 5: device and model.


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_device_that_is_not_there_is_code_4(dvm, shot):
    ran = dvm(*shot.arguments, "--device", "cuda")
    assert ran.code == 4
    assert "--device cpu" in ran.err


@pytest.mark.parametrize("model", ["nobody", "nothing.safetensors"])
def test_a_model_that_is_not_there_is_code_5(dvm, shot, model):
    ran = dvm("matte", shot.plate, "-t", shot.trimap, "-o", shot.output, "--model", model)
    assert ran.code == 5
    assert model in ran.err


def test_a_model_file_of_garbage_is_code_5(dvm, shot):
    file = shot.folder / "bad.safetensors"
    file.write_bytes(b"\x80\x02garbage" * 50)
    ran = dvm("matte", shot.plate, "-t", shot.trimap, "-o", shot.output, "--model", file)
    assert ran.code == 5
    assert "bad.safetensors" in ran.err


# Exit code 6: output.


def test_alphas_that_are_there_are_kept_and_both_ways_on_are_named(dvm, shot, image_writer):
    image_writer(shot.alpha(1002), np.zeros((*shot.size, 1), np.float32), ("A",))
    before = shot.alpha(1002).read_bytes()
    ran = dvm(*shot.arguments)
    assert ran.code == 6
    assert "alpha.1002.exr" in ran.err
    assert "--resume" in ran.err
    assert "--overwrite" in ran.err
    assert shot.alpha(1002).read_bytes() == before
    assert not shot.alpha(1001).exists()


def test_resume_writes_what_is_missing_and_overwrite_writes_all(dvm, shot):
    assert dvm(*shot.arguments).code == 0
    whole = {frame: shot.alpha(frame).read_bytes() for frame in shot.frames}
    shot.alpha(1003).unlink()
    stamps = {frame: shot.alpha(frame).stat().st_mtime_ns for frame in (1001, 1002, 1004)}
    assert dvm(*shot.arguments, "--resume").code == 0
    assert {frame: shot.alpha(frame).stat().st_mtime_ns for frame in stamps} == stamps
    assert {frame: shot.alpha(frame).read_bytes() for frame in shot.frames} == whole
    assert dvm(*shot.arguments, "--overwrite").code == 0
    assert all(shot.alpha(frame).stat().st_mtime_ns > stamp for frame, stamp in stamps.items())


def test_resuming_a_finished_shot_says_that_nothing_is_left(dvm, shot):
    assert dvm(*shot.arguments).code == 0
    ran = dvm(*shot.arguments, "--resume")
    assert ran.code == 0
    assert "nothing left to do" in ran.err


def test_an_output_folder_that_cannot_be_made_is_code_6(dvm, shot):
    (shot.folder / "file").write_text("in the way")
    target = shot.folder / "file" / "alpha.####.exr"
    ran = dvm("matte", shot.plate, "-t", shot.trimap, "-o", target, "--model", "closed-form")
    assert ran.code == 6
    assert f"'{shot.folder / 'file'}' cannot be written" in ran.err


def test_a_full_disk_is_code_6_and_leaves_no_incomplete_file(start_dvm, make_shot, tmp_path):
    shot = make_shot(tmp_path / "shot", frames=(1,), size=(65, 90))

    def fill():
        # No file may grow beyond 2 kB: writing fails as on a full disk, while small reports still pass.
        resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))

    # Every value differs and none is compressed, so that the alpha is far larger than that.
    process = start_dvm(*shot.arguments, "--float", "--compression", "none", preexec_fn=fill)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 6, err
    assert "Traceback" not in out + err
    assert "alpha.0001.exr" in err.splitlines()[-1]
    assert sorted(path.name for path in shot.folder.iterdir()) == [
        "plate.0001.exr",
        "trimap.0001.png",
        "truth.0001.exr",
    ]


def test_a_log_file_that_cannot_be_written_is_code_6(dvm, shot):
    ran = dvm(*shot.arguments, "--log-file", shot.folder / "no" / "such" / "folder.log")
    assert ran.code == 6
    assert not shot.alpha(1001).exists()


# Exit code 130: cancelled.


def test_ctrl_c_ends_the_job_keeps_finished_frames_and_resume_goes_on(start_dvm, dvm, make_shot, tmp_path):
    shot = make_shot(tmp_path / "shot", frames=tuple(range(1, 41)), size=(90, 120))
    process = start_dvm(*shot.arguments, "--progress", "json")
    for line in process.stdout:
        if json.loads(line)["event"] == "frame":
            process.send_signal(signal.SIGINT)
            break
    out, err = process.communicate(timeout=300)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert json.loads(out.splitlines()[-1]) == {"event": "cancelled"}
    finished = sorted(shot.folder.glob("alpha.*"))
    assert 1 <= len(finished) < 40
    resumed = dvm(*shot.arguments, "--resume", "--range", f"1-{len(finished) + 2}", "--json", "-q")
    assert resumed.code == 0, resumed.err
    assert json.loads(resumed.out)["frames"] == 2


# Exit code 1: our own fault.


def test_a_mistake_of_ours_is_one_sentence_and_a_report_to_send(dvm, shot, monkeypatch, tmp_path):
    def fail(job, **_):
        return {}["planted"]

    monkeypatch.setattr(pipeline, "run_job", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ran = dvm(*shot.arguments)
    assert ran.code == 1
    (report,) = tmp_path.glob("dvm-report-*.txt")
    assert str(report) in ran.err
    text = report.read_text()
    assert "KeyError: 'planted'" in text
    assert "Traceback" in text
    assert shot.plate in text


@pytest.mark.parametrize(("arguments", "code"), [(["--progress", "pie"], 2), (["--log-file", "/"], 6)])
def test_what_keeps_a_job_from_beginning_is_in_the_summary_too(dvm, shot, arguments, code):
    ran = dvm(*shot.arguments, "--json", *arguments)
    assert ran.code == code
    summary = json.loads(ran.out)
    assert (summary["state"], summary["code"]) == ("failed", code)
    assert summary["message"] in ran.err
