"""What happens around a matte: copies, undo, saving half-way, cancelling, several nodes, farms, and what goes wrong."""

import runpy
import threading
from pathlib import Path

import numpy as np
import pytest
from nuke_stage import GREY, Comp, answer, read_image, write_image


@pytest.fixture
def matted(worker, comp):
    """A comp whose matte is made."""
    comp.press("matte")
    assert comp.status() == "6 of 6 frames are matted."
    return comp


def test_a_new_node_passes_the_plate_through(comp, shot):
    picture = comp.picture(1002)
    np.testing.assert_array_equal(picture.pixels[..., :3], read_image(shot.plate % 1002))


@pytest.mark.parametrize("show", ["premultiplied", "unpremultiplied", "alpha only", "over checker"])
def test_the_alphas_are_shown_as_asked(matted, shot, show):
    matted.node["show"].setValue(show)
    shown = matted.picture(1003).pixels
    plate = read_image(shot.plate % 1003)
    if show == "alpha only":
        np.testing.assert_array_equal(shown, np.full_like(shown, GREY))
    elif show == "over checker":
        y, x = np.mgrid[: plate.shape[0], : plate.shape[1]]
        odd = (x // 32 + (plate.shape[0] - 1 - y) // 32) % 2
        checker = np.where(odd, 0.36, 0.18)[..., None]
        np.testing.assert_allclose(shown[..., :3], plate * GREY + checker * (1 - GREY), atol=1e-6)
    else:
        np.testing.assert_allclose(shown[..., :3], plate * (GREY if show == "premultiplied" else 1), rtol=1e-6)
        np.testing.assert_array_equal(shown[..., 3], np.full(plate.shape[:2], GREY))


def test_a_frame_without_an_alpha_is_an_error_unless_the_artist_says_otherwise(matted):
    Path(matted.output % 1003).unlink()
    with pytest.raises(RuntimeError, match="1003"):
        matted.picture(1003)
    assert matted.node["on_error"].value() == "error"


def test_the_job_says_what_the_knobs_say(worker, comp, shot):
    values = {
        "device": "cuda:1",
        "precision": "bf16",
        "full_size": True,
        "model": "rn50",
        "trimap_channel": "alpha",
        "keep_finished": True,
        "corrected": "/show/fixed/fix.1010.exr",
    }
    for knob, value in values.items():
        comp.node[knob].setValue(value)
    comp.node["write_foreground"].setValue(True)
    comp.press("matte")
    job = worker.jobs[0]
    assert (job.model, job.plate, job.trimap, job.range) == ("rn50", shot.plate, shot.trimap, "1001-1006")
    assert job.settings.colorspace == "lin_rec709_scene"
    assert job.corrected == "/show/fixed/fix.%04d.exr"
    assert (job.settings.device, job.settings.precision, job.settings.trimap_channel) == ("cuda:1", "bf16", "A")
    assert job.settings.reduce == 1
    assert (job.settings.existing, job.settings.fg) == (
        "resume",
        comp.output.replace("DVM_Matte1.%", "fg/DVM_Matte1.%"),
    )


def test_a_node_from_before_alphas_could_be_corrected_still_mattes(worker, comp):
    comp.node["corrected"].setValue("/show/fixed/fix.%04d.exr")
    del comp.node._knobs["corrected"]
    comp.press("matte")
    assert comp.status() == "6 of 6 frames are matted."
    assert worker.jobs[0].corrected == ""


def test_a_rendered_plate_is_in_the_working_space_unless_the_artist_names_another(worker, comp, nuke):
    root = nuke.root()
    root["colorManagement"].setValue("OCIO")
    root["OCIO_config"].setValue("fn-nuke_cg-config-v1.0.0_aces-v1.3_ocio-v2.1")
    root["workingSpaceLUT"].setValue("scene_linear (ACES - ACEScg)")
    comp.render_inputs()
    comp.press("matte_frame")
    comp.node["colorspace"].setValue("ARRI LogC4")
    comp.press("matte_frame")
    assert [job.settings.colorspace for job in worker.jobs] == ["ACES - ACEScg", "ARRI LogC4"]


def test_a_custom_colour_configuration_goes_to_an_engine_of_its_own(nuke, dvm_nuke, stage):
    nuke.root()["colorManagement"].setValue("OCIO")
    nuke.root()["OCIO_config"].setValue("custom")
    nuke.root()["customOCIOConfigPath"].setValue("/show/config.ocio")
    config = dvm_nuke("host").management().config
    assert dvm_nuke("engine").worker(config)._environment == {"OCIO": "/show/config.ocio"}
    assert dvm_nuke("engine").worker(config) is not dvm_nuke("engine").worker("")


def test_keyframes_are_rendered_and_nothing_else_of_the_trimap(worker, comp):
    for frame in (1002, 1005):
        comp.stage.frame = frame
        comp.press("add_key")
    comp.press("matte")
    assert comp.node["keyframes"].value() == "1002, 1005"
    assert worker.jobs[0].trimap_mode == "keyframes"
    assert comp.stage.rendered == [("DVM_Matte1.WriteTrimap", frame, "main") for frame in (1002, 1005)]


def test_buttons_walk_along_the_keyframes(comp):
    comp.node["keyframes"].setValue("1002, 1005")
    walked = []
    comp.stage.frame = 1001
    for button in ("next_key", "next_key", "next_key", "previous_key"):
        comp.press(button)
        walked.append(comp.stage.frame)
    assert walked == [1002, 1005, 1005, 1002]
    comp.press("remove_key")
    assert comp.node["keyframes"].value() == "1005"
    comp.press("remove_key")
    assert comp.stage.messages == ["DVM_Matte1: Frame 1002 is no trimap keyframe; they are 1005."]


def test_the_writes_inside_render_only_while_an_input_is_dumped(worker, comp, nuke):
    comp.render_inputs()
    comp.press("matte")
    assert {name for name, _, _ in comp.stage.rendered} == {"DVM_Matte1.WritePlate", "DVM_Matte1.WriteTrimap"}
    comp.stage.rendered.clear()
    for write in nuke.allNodes("Write", nuke.root(), recurseGroups=True):  # what `nuke -x` does
        nuke.execute(write, nuke.FrameRanges([1001, 1002]))
    assert comp.stage.rendered == []


def test_a_farm_render_shows_the_alphas_and_never_asks_the_engine(matted, worker, nuke, tmp_path, monkeypatch):
    write = nuke.createNode("Write", "channels rgba create_directories true")
    write["file"].setValue(f"{tmp_path.as_posix()}/farm/comp.%04d.exr")
    write.setInput(0, matted.node)
    nuke.scriptSaveAs(f"{tmp_path.as_posix()}/comp.nk")
    expected = matted.picture(1004).pixels
    monkeypatch.setattr(nuke, "GUI", False)
    asked = len(worker.jobs)
    matted.stage.on_create.clear()  # a farm's Nuke without the plug-in
    nuke.scriptOpen(f"{tmp_path.as_posix()}/comp.nk")
    nuke.execute(nuke.toNode("Write1"), nuke.FrameRanges([1004]))
    np.testing.assert_array_equal(read_image(tmp_path / "farm" / "comp.1004.exr"), expected)
    assert len(worker.jobs) == asked


def test_a_pasted_copy_shows_the_same_and_writes_elsewhere(matted, nuke, tmp_path):
    matted.node.setSelected(True)
    nuke.nodeCopy(str(tmp_path / "clipboard.nk"))
    copy = nuke.nodePaste(str(tmp_path / "clipboard.nk"))
    copy.setInput(0, matted.plate)
    first = matted.output
    assert copy.name() == "DVM_Matte2"
    np.testing.assert_array_equal(copy.picture(1002, "main").pixels, matted.picture(1002).pixels)
    original, matted.node = matted.node, copy
    assert matted.output != first
    copy.setInput(1, matted.trimap)
    original["name"].setValue("Hero")
    matted.press("matte")
    assert Path(matted.output % 1001).exists()


def test_a_script_saved_half_way_opens_at_rest_and_reload_shows_what_was_finished(worker, comp, nuke, tmp_path):
    output = comp.output
    comp.node["dumping"].setValue(1)
    nuke.scriptSaveAs(f"{tmp_path.as_posix()}/comp.nk")
    write_image(Path(output % 1002), np.full((36, 52, 1), GREY), ["A"])
    nuke.scriptOpen(f"{tmp_path.as_posix()}/comp.nk")
    comp.node = nuke.toNode("DVM_Matte1")
    assert comp.output == output
    assert comp.node["dumping"].value() == 0
    assert comp.status() == "1 of 6 frames are matted."
    assert comp.node["matted"].value() is False
    comp.press("reload")
    assert comp.picture(1002).pixels[0, 0, 3] == GREY
    with pytest.raises(RuntimeError):
        comp.picture(1003)


def test_undo_takes_back_what_the_artist_did_and_not_what_the_plugin_did(matted, nuke):
    matted.press("add_key")
    nuke.Undo.undo()
    assert (matted.node["keyframes"].value(), matted.node["propagate"].value()) == ("", False)
    before = len(matted.stage.undo_steps)
    matted.render_inputs()
    steps = len(matted.stage.undo_steps)
    matted.press("matte")
    assert len(matted.stage.undo_steps) == steps >= before
    assert matted.node["matted"].value() is True


def test_several_nodes_run_at_once_and_each_gets_its_own(worker, nuke, stage, shot):
    comps = [Comp(nuke, stage, shot) for _ in range(3)]
    for comp in comps:
        comp.node.setSelected(True)
    exec(stage.menu["DVM"].commands["Matte selected nodes"], {"nuke": nuke})
    comps[0].settle()
    assert [comp.status() for comp in comps] == ["6 of 6 frames are matted."] * 3
    assert len({comp.output for comp in comps}) == 3
    assert [(bar.values[-1], bar.open) for bar in stage.progress] == [(100, False)] * 3


def test_pressing_matte_twice_starts_once(worker, comp):
    comp.node["matte"].execute()
    comp.node["matte"].execute()
    comp.settle()
    assert len(worker.jobs) == 1
    assert "running already" in comp.stage.messages[0]


def endless(job):
    """An engine that finishes two frames and then never another."""
    from dvm_nuke.bridge import protocol

    seen = 0
    for event in answer(job):
        yield event
        seen += event["event"] == "frame"
        if seen == 2:
            break
    while True:
        yield protocol.log("still at work")


@pytest.mark.parametrize("how", ["button", "progress bar"])
def test_a_cancelled_run_keeps_what_is_finished(worker, comp, how):
    worker._answer = endless
    comp.node["matte"].execute()
    comp.stage.pump(lambda: Path(comp.output % 1002).exists())
    if how == "button":
        comp.node["cancel"].execute()
    else:
        comp.stage.progress[-1].cancelled = True
    comp.settle()
    assert comp.status() == "Cancelled. 2 of 6 frames are matted."
    assert not comp.stage.messages
    assert not any(bar.open for bar in comp.stage.progress)


def test_a_node_deleted_while_it_runs_leaves_its_files_and_no_trace(worker, comp, nuke):
    output = comp.output
    comp.node["matte"].execute()
    nuke.delete(comp.node)
    comp.settle()
    assert Path(output % 1006).exists()
    assert comp.stage.messages == []


def test_proxy_mode_is_off_while_inputs_are_rendered_and_on_again_after(worker, comp, nuke, monkeypatch, dvm_nuke):
    nuke.root()["proxy"].setValue(True)
    comp.render_inputs()
    monkeypatch.setattr(dvm_nuke("prepare"), "clean_up", lambda jobs: None)
    comp.press("matte")
    assert read_image(Path(worker.jobs[0].plate % 1003)).shape == (36, 52, 3)
    assert nuke.root()["proxy"].value() is True
    assert comp.picture(1003).pixels.shape == (18, 26, 4), "the alphas follow the proxy"


def test_without_a_window_the_button_waits_for_the_end(worker, comp, nuke, monkeypatch):
    monkeypatch.setattr(nuke, "GUI", False)
    comp.node["matte"].execute()
    assert comp.status() == "6 of 6 frames are matted."
    comp.node.setInput(0, None)
    comp.node["matte"].execute()
    assert comp.stage.printed == ["DVM_Matte1: DVM_Matte1 has no plate; plug one into its plate input."]
    assert comp.stage.messages == []


def test_nuke_starts_even_if_the_menu_is_broken(nuke, plugin, monkeypatch, capsys):
    monkeypatch.delattr(nuke, "menu")
    runpy.run_path(str(plugin / "menu.py"))
    assert "AttributeError" in capsys.readouterr().err


@pytest.mark.parametrize("touch", ["message", "knob", "create"])
def test_the_fake_refuses_what_nuke_would_crash_on(comp, nuke, touch):
    calls = {
        "message": lambda: nuke.message("no"),
        "knob": lambda: comp.node["first"].setValue(1),
        "create": lambda: nuke.createNode("Dot"),
    }
    caught = []

    def run():
        try:
            calls[touch]()
        except RuntimeError as error:
            caught.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert "outside of Nuke's main thread" in caught[0]
