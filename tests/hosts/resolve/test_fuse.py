"""The DVMatte tool in a small fake of Fusion, under both of the Luas that it may meet."""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from fusion_stage import FRAMES, SIZE, read_image, write_image
from lupa import luajit21

from dvm_core.bridge import protocol
from dvm_core.bridge.jobdir import JobDirectory

PLATE = np.random.default_rng(2).random((*SIZE, 4), dtype=np.float32)
MATTE = np.random.default_rng(3).random((*SIZE, 1), dtype=np.float32)


@pytest.fixture
def tool(fusion, shot):
    """A tool that is set up for the shot; its composition counts from 0."""
    added = fusion.add_tool(folder=shot)
    added.set(PlateFiles=str(shot / "plate.####.exr"), TrimapFiles=str(shot / "trimap.####.png"), FrameOffset=1001)
    added.set(AlphaFiles=str(shot / "alpha.####.exr"))
    return added


def runs(home):
    return sorted(path.parent for path in home.glob(".cache/dvm/jobs/*/*/job.json"))


def test_start_up_registers_the_tool_and_loads_nothing(fusion):
    before = set(fusion.lua.globals().package.loaded)
    registered = fusion.scan()
    assert registered.name == "DVMatte"
    assert registered["class"] == fusion.lua.globals().CT_Tool
    # Frames appear on disk while the composition is open: nothing may be cached.
    assert registered.attributes.REG_Unpredictable
    assert registered.attributes.REG_TimeVariant
    assert set(fusion.lua.globals().package.loaded) == before


def test_the_tool_has_its_controls_with_names_that_stay(fusion):
    tool = fusion.add_tool()
    assert list(tool.controls) == [
        "Plate", "PlateFiles", "TrimapFiles", "Keyframes", "CorrectedFiles", "Range", "FrameOffset", "FromPlate",
        "FromRenderRange", "AlphaFiles", "Overwrite", "Show", "Matte", "Cancel", "Refresh", "Status", "Pulse",
        "Model", "ModelFile", "Device", "FullSize", "ColourSpace", "Python",
    ]  # fmt: skip
    assert tool.page("Python") == "Engine"


def test_tools_know_nothing_of_each_other(fusion, tool):
    other = fusion.add_tool(name="DVMatte2")
    other.set(Range="7")
    assert tool.value("Range") is None
    assert other.value("PlateFiles") is None


def test_a_frame_without_alpha_passes_the_plate_through_and_says_so(fusion, tool):
    np.testing.assert_array_equal(tool.render(1, fusion.plate(PLATE)), PLATE)
    assert tool.status == "No alpha for frame 1002 yet. Not matted yet: press Matte."


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        (0, np.concatenate([PLATE[..., :3] * MATTE, MATTE], axis=2)),
        (1, np.concatenate([PLATE[..., :3], MATTE], axis=2)),
        (2, np.repeat(MATTE, 4, axis=2)),
    ],
    ids=["premultiplied", "straight", "alpha"],
)
def test_a_finished_frame_is_shown(fusion, tool, shot, show, expected):
    write_image(shot / "alpha.1002.exr", MATTE, ("A",), "float")
    tool.set(Show=show)
    np.testing.assert_allclose(tool.render(1, fusion.plate(PLATE)), expected, rtol=1e-6)
    assert tool.status == ""


def test_an_alpha_written_as_a_luminance_matte_is_shown_too(fusion, tool, shot):
    write_image(shot / "alpha.1001.exr", np.repeat(MATTE, 3, axis=2), ("R", "G", "B"), "float")
    np.testing.assert_array_equal(tool.render(0, fusion.plate(PLATE))[..., 3:], MATTE)


def test_a_proxy_of_the_plate_gets_a_proxy_of_the_matte(fusion, tool, shot):
    write_image(shot / "alpha.1001.exr", MATTE, ("A",), "float")
    proxy = fusion.plate(PLATE[::2, ::2])
    proxy.ProxyScale = 2
    np.testing.assert_array_equal(tool.render(0, proxy)[..., 3:], MATTE[::2, ::2])


def test_another_plate_than_the_matted_one_is_said_and_not_stretched(fusion, tool, shot):
    write_image(shot / "alpha.1001.exr", MATTE, ("A",), "float")
    other = PLATE[:-2]
    np.testing.assert_array_equal(tool.render(0, fusion.plate(other)), other)
    assert "32 x 24 pixels and the plate here 32 x 22" in tool.status


def test_a_damaged_alpha_passes_the_plate_through_and_says_so(fusion, tool, shot):
    (shot / "alpha.1001.exr").write_bytes(b"no picture")
    np.testing.assert_array_equal(tool.render(0, fusion.plate(PLATE)), PLATE)
    assert "alpha.1001.exr cannot be read" in tool.status


def test_the_form_of_a_frame_is_answered_without_looking_at_files(fusion, tool, shot):
    write_image(shot / "alpha.1001.exr", MATTE, ("A",), "float")
    np.testing.assert_array_equal(tool.render(0, fusion.plate(PLATE), precalc=True), PLATE)


@pytest.mark.parametrize("frame", range(-2, 5))
def test_rendering_starts_no_job_and_writes_nothing(fusion, tool, home, frame):
    # The fake itself fails a Process that runs, writes or sets anything.
    tool.render(frame, fusion.plate(PLATE))
    assert runs(home) == []


def test_turning_controls_starts_no_job(tool, home):
    tool.set(Range="1001", Keyframes=1, Overwrite=1, Show=1, Model=2, Device=1, ColourSpace="ACEScg")
    assert runs(home) == []


def test_the_plates_own_file_fills_in_pattern_and_offset(fusion, tool):
    tool.render(5, fusion.plate(PLATE, "/plates/it's/sh010.01106.exr"))
    assert tool.press("FromPlate") == "Plate: /plates/it's/sh010.%05d.exr"
    assert tool.value("PlateFiles") == "/plates/it's/sh010.%05d.exr"
    assert tool.value("FrameOffset") == 1101


def test_a_movies_first_frame_is_one_where_fusion_counts_from_zero(fusion, tool):
    tool.render(5, fusion.plate(PLATE, "/plates/A001.mov"))
    assert tool.press("FromPlate") == "Plate: /plates/A001.mov"
    assert tool.value("FrameOffset") == 1


def test_a_plate_without_a_file_is_said(fusion, tool):
    tool.render(5, fusion.plate(PLATE))
    assert "browse to Plate Files" in tool.press("FromPlate")


def test_the_render_range_counts_as_the_files_do(tool):
    assert tool.press("FromRenderRange") == "Range: 1001-1003"
    assert tool.value("Range") == "1001-1003"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"PlateFiles": ""}, "Plate Files is empty"),
        ({"AlphaFiles": "/m/a.####.jpg"}, "must end in .exr"),
        ({}, "dvm install"),
        ({"Python": "/not/there"}, "There is no Python at /not/there"),
    ],
)
def test_what_keeps_a_job_from_starting_stands_in_the_status(tool, home, values, says):
    tool.set(**values)
    assert says in tool.press("Matte")
    assert runs(home) == []


def write_program(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def busy_python(tmp_path):
    """A Python that is at work for as long as the test is."""
    stop = tmp_path / "stop"
    yield write_program(tmp_path / "python", f"while [ ! -e '{stop}' ]; do sleep 0.05; done")
    stop.touch()


def wait_for(condition):
    deadline = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_button_writes_a_job_and_starts_the_engine_on_it(tool, home, shot, tmp_path):
    tool.set(
        Python=write_program(tmp_path / "python", f"printf '%s\\n' \"$@\" >'{tmp_path}/arguments'"), Range="1001-1002"
    )
    assert tool.press("Matte").startswith("The engine is starting")
    (run,) = runs(home)
    wait_for((tmp_path / "arguments").exists)
    wait_for(lambda: (run / "exit").exists())
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert arguments == ["-I", "-m", "dvm_core.cli", "run", str(run), "--progress", "none"]
    job = JobDirectory(run).job()
    assert (job.plate, job.range) == (str(shot / "plate.####.exr"), "1001-1002")


def test_one_frame_in_the_file_browser_means_the_sequence(tool, home, shot, tmp_path):
    tool.set(PlateFiles=f"{shot}/plate.1002.exr", TrimapFiles=f"{shot}/trimap.1001.png")
    tool.set(CorrectedFiles="Comp:/fixed/fixed.1003.exr")
    tool.set(Python=write_program(tmp_path / "python", "exit 0"), AlphaFiles="{folder}/{plate}_a.####.exr")
    tool.press("Matte")
    job = JobDirectory(runs(home)[0]).job()
    assert (job.plate, job.trimap) == (f"{shot}/plate.%04d.exr", f"{shot}/trimap.%04d.png")
    assert job.corrected == f"{shot}/fixed/fixed.%04d.exr"
    assert job.output == f"{shot}/plate_a.####.exr"


def test_a_second_job_waits_until_the_first_is_cancelled(tool, home, busy_python):
    tool.set(Python=busy_python)
    tool.press("Matte")
    assert "Press Cancel first" in tool.press("Matte")
    assert len(runs(home)) == 1
    assert tool.press("Cancel").startswith("Cancelling")
    assert (runs(home)[0] / "cancel").exists()
    assert tool.press("Matte").startswith("The engine is starting")
    assert len(runs(home)) == 2


def test_there_is_nothing_to_cancel_before_a_job(tool):
    assert tool.press("Cancel").startswith("Nothing to cancel")


def test_refresh_tells_how_far_the_engine_is_and_asks_for_the_frame_again(fusion, tool, home, busy_python):
    tool.set(Python=busy_python)
    tool.press("Matte")
    engine = JobDirectory(runs(home)[0])
    engine.start()
    engine.record(protocol.plan([1001, 1002, 1003], **dict.fromkeys(protocol.PLAN_FIELDS, "x")))
    engine.record(protocol.frame(1001, 0.1, "a", index=1, total=3))
    before = tool.value("Pulse")
    assert tool.press("Refresh") == "Matting: 1 of 3 frames."
    assert tool.value("Pulse") == before + 1
    tool.render(1, fusion.plate(PLATE))
    assert tool.status == "No alpha for frame 1002 yet. Matting: 1 of 3 frames."


def test_a_pasted_copy_writes_to_files_of_its_own(fusion, shot, home, tmp_path):
    python = write_program(tmp_path / "python", "exit 0")
    for name in ("DVMatte1", "DVMatte1_1"):
        tool = fusion.add_tool(name=name, folder=shot)
        tool.set(PlateFiles="Comp:/plate.####.exr", TrimapFiles="Comp:/trimap.####.png", Python=python)
        tool.press("Matte")
    outputs = {json.loads((run / "job.json").read_text())["output"] for run in runs(home)}
    assert outputs == {f"{shot}/plate_{name}/plate_alpha.####.exr" for name in ("DVMatte1", "DVMatte1_1")}


def settle(tool):
    """Press Refresh until the engine has ended, as an artist would."""
    wait_for(lambda: not tool.press("Refresh").startswith(("The engine is starting", "Matting")))
    return tool.value("Status")


in_fusions_own_lua = pytest.mark.parametrize("fusion", [luajit21], indirect=True, ids=["luajit"])


@pytest.mark.slow  # tests/hosts/test_four_doors.py compares the alphas every day
@in_fusions_own_lua
def test_the_lua_door_gives_the_alphas_of_the_shell(fusion, tool, shot, home, run_dvm, monkeypatch):
    monkeypatch.setenv("DVM_PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONHOME", "/fusion/has/its/own")
    tool.press("Matte")
    monkeypatch.delenv("PYTHONHOME")
    assert settle(tool) == "Done: 3 frames."
    run_dvm("matte", shot / "plate.####.exr", "--trimap", shot / "trimap.####.png", "-o", shot / "shell.####.exr")
    for index, frame in enumerate(FRAMES):
        names, shell = read_image(shot / f"shell.{frame}.exr")
        ours = read_image(shot / f"alpha.{frame}.exr")
        assert ours[0] == names == ["A"]
        assert 0 < shell.mean() < 1
        np.testing.assert_array_equal(ours[1].view(np.uint32), shell.view(np.uint32))
        np.testing.assert_array_equal(tool.render(index, fusion.plate(PLATE))[..., 3:], shell)


@in_fusions_own_lua
@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"Range": "2001-2002"}, "no file for frames 2001, 2002"),
        ({"CorrectedFiles": "Comp:/alpha.1002.exr"}, "'corrected' and 'output' are both"),
    ],
    ids=["frames that are not there", "corrected alphas that would be written over"],
)
def test_what_the_engine_refuses_reaches_the_artist_in_its_own_words(tool, monkeypatch, values, says):
    monkeypatch.setenv("DVM_PYTHON", sys.executable)
    tool.set(**values)
    tool.press("Matte")
    sentence = settle(tool)
    assert says in sentence
    assert "stopped" not in sentence


@in_fusions_own_lua
def test_an_alpha_that_was_put_right_comes_out_as_it_was_given(fusion, tool, shot, monkeypatch):
    monkeypatch.setenv("DVM_PYTHON", sys.executable)
    write_image(shot / "fixed" / "fixed.1002.exr", MATTE, ("A",), "half")
    tool.set(CorrectedFiles="Comp:/fixed/fixed.1002.exr", Range="1002", Model=2)
    tool.press("Matte")
    assert settle(tool) == "Done: 1 frames."
    unknown = read_image(shot / "trimap.1002.png")[1] == np.float32(128 / 255)
    given = read_image(shot / "fixed" / "fixed.1002.exr")[1]
    # The engine keeps what it was given in 16 bits.
    np.testing.assert_allclose(tool.render(1, fusion.plate(PLATE))[..., 3:][unknown], given[unknown], atol=1e-5)


OTHER_FUSE = os.environ.get("DVM_TEST_FUSE", "")


@in_fusions_own_lua
@pytest.mark.skipif(not OTHER_FUSE, reason="DVM_TEST_FUSE names no Fuse; Psyop's cryptomatte.fuse is a good one")
def test_the_fake_takes_a_well_known_fuse_as_it_is(fusion):
    """A Fuse of others, with its own modules beside it, is registered and adds its controls unchanged."""
    modules = [folder / "Modules" / "Lua" for folder in Path(OTHER_FUSE).parents]
    fusion.lua.globals().package.path += "".join(f";{folder}/?.lua" for folder in modules)
    fusion.lua.execute('package.preload["dkjson"] = function() return {} end')
    assert fusion.scan(OTHER_FUSE)["class"] == fusion.lua.globals().CT_Tool
    tool = fusion.add_tool(OTHER_FUSE, name="Other1")
    assert tool.controls
