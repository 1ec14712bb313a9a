"""The scripts of Resolve's menu, run as Resolve runs them, against a small fake of it; once with the real engine."""

import runpy
import sys
from pathlib import Path

import fake_resolve as fake
import numpy as np
import pytest
from fusion_stage import SIZE, read_image, write_image, write_shot

MATTE, LOADER, NOTHING = 0, 1, 2
START = 86450


@pytest.fixture
def footage(tmp_path):
    write_shot(tmp_path / "footage", frames=range(1001, 1011))
    return tmp_path / "footage"


def make(footage, file="plate.[1001-1010].exr", codec="EXR", answers=(), **cut):
    """Resolve with a clip of the footage under its playhead, and a title above it."""
    media = fake.MediaPoolItem("sh010", **{
        "File Path": str(footage / file) if file else "", "Video Codec": codec, "FPS": "24.0", "Resolution": "32x24"
    })  # fmt: skip
    item = fake.TimelineItem(media, START, **{"duration": 3, "left": 2, "right": 5, **cut})
    title = fake.TimelineItem(None, START, 3)
    timeline = fake.Timeline([[item], [title]], timecode="01:00:02:03")
    composition = fake.Composition(answers=answers)
    resolve = fake.Resolve(fake.Project(timeline), fake.FusionPage(composition))
    return resolve, item, composition


def form(trimap, **changes):
    """What the artist fills in, as Fusion's dialog gives it."""
    answers = {"trimap": str(trimap), "keyframes": 0.0, "corrected": "", "model": 0.0, "own_model": "", "handles": 0.0}
    rest = {"full_size": 0.0, "plate": 0.0, "colorspace": "auto", "result": float(MATTE), "root": "", "python": ""}
    return {**answers, **rest, **changes}


@pytest.fixture
def engine(adapter, monkeypatch):
    """A fake engine that writes an alpha for each frame; gives the jobs that it was handed."""
    scripts = adapter("scripts")
    protocol, frames = adapter("bridge.protocol"), adapter("bridge.frames")
    workers = []

    def answer(job):
        outputs = [frames.normalise_pattern(job.output).path(frame) for frame in job.frames]
        for path in outputs:
            write_image(Path(path), np.full((*SIZE, 3), 0.5, dtype=np.float32), ("R", "G", "B"), "half")
        yield protocol.done(len(outputs), 0.0, outputs)

    def worker(python):
        workers.append(adapter("bridge.fake").FakeWorker(python, answer=answer))
        return workers[-1]

    monkeypatch.setattr(scripts, "Worker", worker)
    return lambda: [job for each in workers for job in each.jobs]


@pytest.fixture
def run(user_folder, adapter):
    """Run a script of the menu as Resolve does; gives what it tells at the end."""

    def start(name, resolve, composition):
        script = user_folder / "Scripts" / "Utility" / f"{name}.py"
        runpy.run_path(str(script), init_globals={"resolve": resolve})
        title, fields = composition.asked[-1]
        assert title == "DVM"
        return fields[1]["Default"]

    return start


def test_a_clip_is_matted_and_comes_back_as_a_clip_matte(run, engine, footage, home):
    resolve, item, composition = make(footage, answers=[form(footage / "trimap.1003.png")])
    said = run("DVM Matte Clip", resolve, composition)
    (job,) = engine()
    assert (job.plate, job.trimap) == (str(footage / "plate.%04d.exr"), str(footage / "trimap.%04d.png"))
    assert job.range == "1003-1005"
    assert (job.settings.channels, job.settings.reduce) == ("matte", "auto")
    first = home / "DVM" / "Film_ reel 1" / "sh010" / "alpha" / "alpha.1003.exr"
    assert item.media.mattes == [str(first)]
    assert first.exists()
    assert "3 frames are attached" in said
    assert "2 frames into the source" in said


def test_marks_and_handles_reach_the_job(run, engine, footage):
    resolve, _, composition = make(
        footage, duration=6, right=2, answers=[form(footage / "trimap.1003.png", handles=1.0)]
    )
    resolve.project.timeline.marks = {"video": {"in": 52, "out": 53}}
    run("DVM Matte Clip", resolve, composition)
    assert engine()[0].range == "1004-1007"


def test_a_movie_counts_from_one(run, engine, footage):
    resolve, _, composition = make(
        footage, "clip.mov", "Apple ProRes 422", answers=[form("/keys/k.%04d.png", keyframes=1.0, full_size=1.0)]
    )
    run("DVM Matte Clip", resolve, composition)
    assert engine()[0].plate.endswith("clip.mov")
    assert engine()[0].range == "3-5"
    assert engine()[0].trimap_mode == "keyframes"
    assert engine()[0].settings.reduce == 1


def test_a_loader_shows_each_alpha_on_its_own_frame(run, engine, footage):
    resolve, item, composition = make(
        footage, answers=[form(footage / "trimap.1003.png", result=float(LOADER), handles=1.0)]
    )
    said = run("DVM Matte Clip", resolve, composition)
    (own,) = item.compositions
    (loader,) = own.tools
    assert (loader.kind, loader.Name) == ("Loader", "DVM_Alpha")
    # One frame of handle on each side of composition frames 0 to 2.
    assert (loader.inputs["GlobalIn"], loader.inputs["GlobalOut"]) == (-1, 3)
    assert loader.inputs["Clip"].endswith("alpha.1002.exr")
    assert own.locked == 0
    assert own.undone == ["DVM alpha", True]
    assert "frames -1 to 3" in said


def test_a_second_time_the_same_loader_is_brought_up_to_date(run, engine, footage):
    resolve, item, composition = make(
        footage, answers=[form(footage / "trimap.1003.png"), {"result": 1.0}, {"result": 1.0}]
    )
    run("DVM Matte Clip", resolve, composition)
    composition.asked.clear()
    composition._answers[:] = [{"result": 1.0}]
    run("DVM Bring Matte Back", resolve, composition)
    composition._answers[:] = [{"result": 1.0}]
    run("DVM Bring Matte Back", resolve, composition)
    assert [tool.Name for tool in item.compositions[0].tools] == ["DVM_Alpha"]


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ({"file": "clip.braw", "codec": "Blackmagic RAW"}, 3),
        ({"source_frames": 6}, 1),
    ],
    ids=["camera raw", "retimed"],
)
def test_what_the_engine_cannot_read_is_rendered_by_resolve_first(run, engine, footage, home, source, number):
    resolve, item, composition = make(
        footage, **source, answers=[form(footage / "trimap.1003.png", result=float(LOADER))]
    )
    own = resolve.project.timeline
    run("DVM Matte Clip", resolve, composition)
    (job,) = engine()
    folder = home / "DVM" / "Film_ reel 1" / "sh010" / "plate"
    assert job.plate == str(folder / "plate.%04d.exr")
    assert job.settings.colorspace == "srgb_rec709_scene"
    numbers = range(number, number + 3)
    assert sorted(path.name for path in folder.iterdir()) == [f"plate.{n:04d}.exr" for n in numbers]
    # Frame for frame in the right order: the fake's pixels are the timeline frame's number.
    for index, frame in enumerate(numbers):
        assert read_image(folder / f"plate.{frame:04d}.exr")[1].max() == (START + index) % 1000
    (delivered,) = resolve.project.rendered
    (alone,) = delivered["items"]
    assert alone is not item
    assert alone.media is item.media
    assert not alone.graded
    assert item.graded
    assert (delivered["settings"]["FormatWidth"], delivered["settings"]["FormatHeight"]) == (32, 24)
    # Nothing of it is left in the project.
    assert resolve.project.timeline is own
    assert len(resolve.project.pool.deleted) == 1
    assert resolve.project.jobs == {}
    assert resolve.project.render_format == {"format": "mov", "codec": "H264"}
    assert resolve.project.render_mode == 0


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"loses_frames": 1}, "2 frames into"),
        ({"fails": True}, "GPU memory full"),
    ],
)
def test_a_render_that_went_wrong_is_said_and_leaves_the_project_as_it_was(run, engine, footage, fault, says):
    resolve, _, composition = make(footage, "clip.braw", answers=[form(footage / "trimap.1003.png")])
    vars(resolve.project).update(fault)
    own = resolve.project.timeline
    assert says in run("DVM Matte Clip", resolve, composition)
    assert resolve.project.timeline is own
    assert resolve.project.jobs == {}
    assert engine() == []


def test_a_clip_matte_of_a_retimed_clip_is_refused(run, engine, footage):
    resolve, item, composition = make(footage, source_frames=6, answers=[form(footage / "trimap.1003.png")])
    assert "is retimed and a clip matte runs with its source" in run("DVM Matte Clip", resolve, composition)
    assert item.media.mattes == []


def test_a_gap_in_the_alphas_is_said_before_it_shifts_a_matte(run, engine, footage, home):
    resolve, item, composition = make(footage, answers=[form(footage / "trimap.1003.png")])
    run("DVM Matte Clip", resolve, composition)
    (home / "DVM" / "Film_ reel 1" / "sh010" / "alpha" / "alpha.1004.exr").unlink()
    item.media.mattes.clear()
    composition._answers[:] = [{"result": float(MATTE)}]
    assert "Alpha 1004" in run("DVM Bring Matte Back", resolve, composition)
    assert item.media.mattes == []


def test_what_the_viewer_shows_becomes_a_trimap_key_of_its_frame(run, engine, footage, home):
    resolve, _, composition = make(footage)
    said = run("DVM Trimap Key From Still", resolve, composition)
    key = home / "DVM" / "Film_ reel 1" / "sh010" / "key" / "key.1004.png"
    assert key.exists()
    assert str(key) in said
    composition._answers[:] = [None]
    run("DVM Matte Clip", resolve, composition)
    _, fields = composition.asked[-2]
    assert fields[1]["Default"] == str(key).replace("1004", "%04d")
    assert fields[2]["Default"] == 1


def test_a_still_of_another_size_than_the_clip_is_refused(run, footage):
    resolve, _, composition = make(footage)
    resolve.project.timeline.settings["timelineResolutionWidth"] = "1920"
    assert "A still has the timeline's size, 1920 x 24" in run("DVM Trimap Key From Still", resolve, composition)


def test_a_playhead_beside_the_clip_is_said(run, footage):
    resolve, _, composition = make(footage)
    resolve.project.timeline.timecode = "01:00:10:00"
    assert "The playhead is not on 'sh010'" in run("DVM Trimap Key From Still", resolve, composition)


def test_the_trimap_tool_of_the_composition_is_rendered_frame_for_frame(run, footage, home):
    resolve, item, composition = make(footage)
    own = item.AddFusionComp()
    own.AddTool("Merge", 0, 0).SetAttrs({"TOOLS_Name": "DVM_Trimap"})
    run("DVM Trimap From Fusion", resolve, composition)
    folder = home / "DVM" / "Film_ reel 1" / "sh010" / "trimap"
    assert sorted(path.name for path in folder.iterdir()) == [f"trimap.{n}.exr" for n in (1003, 1004, 1005)]
    assert [tool.Name for tool in own.tools] == ["DVM_Trimap"]


def test_without_a_trimap_tool_the_artist_is_told_what_to_rename(run, footage):
    resolve, item, composition = make(footage)
    item.AddFusionComp()
    assert "Rename the tool that shows the trimap to DVM_Trimap" in run("DVM Trimap From Fusion", resolve, composition)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda resolve: setattr(resolve, "project", None), "No project is open"),
        (lambda resolve: setattr(resolve.project, "timeline", None), "No timeline is open"),
        (lambda resolve: setattr(resolve.project.timeline, "current", None), "no clip under the playhead"),
        (lambda resolve: setattr(resolve.project.timeline.current, "media", None), "title or generator"),
    ],
)
def test_what_the_playhead_does_not_stand_on_is_said(run, footage, spoil, says):
    resolve, _, composition = make(footage)
    spoil(resolve)
    assert says in run("DVM Matte Clip", resolve, composition)


def test_a_closed_dialog_does_nothing(run, engine, footage, home):
    resolve, _, composition = make(footage, answers=[None])
    assert run("DVM Matte Clip", resolve, composition).startswith("Cancelled")
    assert engine() == []
    assert not (home / "DVM").exists()


def test_an_answer_is_remembered_for_the_next_clip(run, engine, footage):
    resolve, _, composition = make(
        footage, answers=[form(footage / "trimap.1003.png", model=2.0, handles=8.0), None, None]
    )
    run("DVM Matte Clip", resolve, composition)
    run("DVM Matte Clip", resolve, composition)
    _, fields = composition.asked[-2]
    defaults = {field[1]: field["Default"] for field in fields.values()}
    assert (defaults["model"], defaults["handles"], defaults["trimap"]) == (2, 8, "")


def test_a_model_of_the_shot_goes_before_the_chosen_one_and_is_not_remembered(run, engine, footage, home):
    own = str(home / "sh010.safetensors")
    resolve, _, composition = make(footage, answers=[form(footage / "trimap.1003.png", own_model=own), None, None])
    run("DVM Matte Clip", resolve, composition)
    assert engine()[0].model == own
    run("DVM Matte Clip", resolve, composition)
    _, fields = composition.asked[-2]
    assert {field[1]: field["Default"] for field in fields.values()}["own_model"] == ""


def test_corrected_alphas_are_asked_for_and_one_of_them_stands_for_all(run, engine, footage, home):
    one = home / "fixed" / "fixed.1004.exr"
    resolve, _, composition = make(footage, answers=[form(footage / "trimap.1003.png", corrected=str(one))])
    run("DVM Matte Clip", resolve, composition)
    assert engine()[0].corrected == str(one.with_name("fixed.%04d.exr"))
    _, fields = composition.asked[0]
    asked = {field[1]: field for field in fields.values()}["corrected"]
    assert (asked["Name"], asked["Default"], asked[2]) == ("Corrected alphas", "", "FileBrowse")


def test_corrected_alphas_that_would_be_written_over_are_refused_in_a_sentence(run, engine, footage, home):
    alphas = home / "DVM" / "Film_ reel 1" / "sh010" / "alpha"
    answers = form(footage / "trimap.1003.png", corrected=str(alphas / "alpha.1004.exr"))
    resolve, _, composition = make(footage, answers=[answers])
    assert "'corrected' and 'output' are both" in run("DVM Matte Clip", resolve, composition)
    assert engine() == []


def test_mattes_go_where_the_artist_wants_them_from_then_on(run, engine, footage, tmp_path):
    answers = form(footage / "trimap.1003.png", root=str(tmp_path / "disk"))
    resolve, _, composition = make(footage, answers=[answers, None, {"result": float(MATTE)}])
    run("DVM Matte Clip", resolve, composition)
    folder = tmp_path / "disk" / "Film_ reel 1" / "sh010" / "alpha"
    assert engine()[0].output == str(folder / "alpha.%04d.exr")
    assert "3 frames are attached" in run("DVM Bring Matte Back", resolve, composition)


def test_our_own_fault_is_said_without_a_traceback_on_the_screen(run, engine, footage, monkeypatch, adapter, capsys):
    resolve, _, composition = make(footage, answers=[form(footage / "trimap.1003.png")])
    monkeypatch.setattr(adapter("matte"), "make_job", lambda *_: 1 / 0)
    assert "our own fault" in run("DVM Matte Clip", resolve, composition)
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_every_word_of_the_engine_reaches_the_console_however_fast_they_come(
    run, footage, monkeypatch, adapter, capsys
):
    scripts, protocol = adapter("scripts"), adapter("bridge.protocol")

    def answer(job):
        yield protocol.warning("The plate has a gap.", frame=1003)
        yield protocol.frame(1003, 0.1, job.output, index=1, total=1)
        yield protocol.done(1, 0.1, [])

    monkeypatch.setattr(scripts, "Worker", lambda python: adapter("bridge.fake").FakeWorker(python, answer=answer))
    resolve, _, composition = make(footage, answers=[form(footage / "trimap.1003.png", result=float(NOTHING))])
    shown = run("DVM Matte Clip", resolve, composition)
    said = capsys.readouterr().out
    assert "DVM: The plate has a gap.\nDVM: Frame 1003: 1 of 1.\n" in said
    assert shown.endswith(" Warning: The plate has a gap."), "it is said once more, at the end"


@pytest.mark.slow
def test_the_real_engine_mattes_a_clip_as_the_shell_does(run, footage, home, run_dvm, monkeypatch, capsys):
    monkeypatch.setenv("DVM_PYTHON", sys.executable)
    answers = [form(footage / "trimap.1003.png")]
    resolve, item, composition = make(footage, answers=answers)
    assert "3 frames are attached" in run("DVM Matte Clip", resolve, composition)
    said = capsys.readouterr().out
    assert all(f"DVM: Frame {frame}: {index} of 3." in said for index, frame in enumerate((1003, 1004, 1005), 1))
    shell = footage / "shell.%04d.exr"
    plate, trimap = footage / "plate.####.exr", footage / "trimap.####.png"
    run_dvm("matte", plate, "--trimap", trimap, "-o", shell, "--range", "1003-1005", "--channels", "matte")
    for frame in (1003, 1004, 1005):
        names, expected = read_image(str(shell) % frame)
        ours = read_image(Path(item.media.mattes[0]).with_name(f"alpha.{frame}.exr"))
        assert ours[0] == names
        np.testing.assert_array_equal(ours[1].view(np.uint32), expected.view(np.uint32))
