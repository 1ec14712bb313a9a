"""From the plate to alphas in the comp, with the real engine: what comes out is what the shell makes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
from nuke_stage import Comp, Shot, read_image, write_image


def shell(shot, output, *options):
    """The same matte by the command line."""
    command = [sys.executable, "-m", "dvm_core.cli", "matte", shot.plate, "--trimap", shot.trimap, "-o", str(output)]
    subprocess.run([*command, "--quiet", *options], check=True, timeout=300)


def test_alphas_of_files_are_bit_equal_to_those_of_the_shell(comp, shot, tmp_path):
    comp.press("matte")
    assert comp.status() == "6 of 6 frames are matted."
    shell(shot, tmp_path / "shell.%04d.exr", "--model", "closed-form")
    for frame in shot.frames:
        np.testing.assert_array_equal(comp.alpha(frame), read_image(tmp_path / f"shell.{frame}.exr"))
    assert not comp.stage.rendered, "files that the engine can read need no rendering"
    assert not comp.stage.messages


def test_alphas_of_rendered_inputs_and_of_one_frame_are_bit_equal_to_those_of_the_shell(nuke, stage, tmp_path):
    """The network looks at frames before and after; they are rendered too, though fewer than the shot has."""
    shot = Shot(tmp_path / "shot", range(1001, 1021))
    comp = Comp(nuke, stage, shot, "lite")
    comp.render_inputs()
    comp.node["first"].setValue(1012)
    comp.node["last"].setValue(1013)
    stage.frame = 1013
    comp.press("matte_frame")
    preview = comp.alpha(1013)
    comp.press("matte")
    assert comp.status() == "2 of 2 frames are matted.", stage.messages
    shell(shot, tmp_path / "shell.%04d.exr", "--range", "1012-1013")
    for frame in (1012, 1013):
        np.testing.assert_array_equal(comp.alpha(frame), read_image(tmp_path / f"shell.{frame}.exr"))
    np.testing.assert_array_equal(preview, comp.alpha(1013))
    rendered = {frame for _, frame, _ in stage.rendered}
    assert rendered == set(range(1008, 1018)), "four neighbours on each side, and not the whole shot"
    assert not list(tmp_path.rglob("dvm_input")), "what was rendered for the engine is taken away"


def test_a_preview_is_corrected_by_frames_far_away_as_the_shell_does_it(nuke, stage, tmp_path):
    """Frames that were put right need plate and trimap, too: what lies between is rendered for one frame's preview."""
    shot = Shot(tmp_path / "shot", range(1001, 1021))
    fixed = tmp_path / "fixed" / "fix.%04d.exr"
    fixed.parent.mkdir()
    for frame in (1005, 1016):
        size = read_image(shot.trimap % frame).shape[:2]
        write_image(Path(str(fixed) % frame), np.full((*size, 1), 0.75, np.float32), ["A"])
    comp = Comp(nuke, stage, shot, "lite")
    comp.render_inputs()
    comp.node["corrected"].setValue(str(fixed))
    stage.frame = 1012
    comp.press("matte_frame")
    assert not stage.messages
    shell(shot, tmp_path / "shell.%04d.exr", "--corrected", str(fixed), "--range", "1012")
    np.testing.assert_array_equal(comp.alpha(1012), read_image(tmp_path / "shell.1012.exr"))
    assert {frame for _, frame, _ in stage.rendered} == set(range(1001, 1021))


def test_propagated_keyframes_of_a_rendered_plate_are_those_of_the_shell_for_one_frame_as_for_all(
    nuke, stage, tmp_path
):
    """A key in DVM Matte is what the trimap input shows on that frame; the plates between keys are rendered, too."""
    shot = Shot(tmp_path / "shot", range(1001, 1013))
    comp = Comp(nuke, stage, shot)
    comp.render_inputs()
    for stage.frame in (1002, 1010):
        comp.press("add_key")
    stage.frame = 1005
    comp.press("matte_frame")
    alone = comp.alpha(1005)
    assert {frame for name, frame, _ in stage.rendered if name.endswith("WritePlate")} == set(range(1001, 1011))
    comp.press("matte")
    assert comp.status() == "12 of 12 frames are matted.", stage.messages
    for key in (1002, 1010):
        shutil.copy(shot.trimap % key, tmp_path / f"key.{key}.exr")
    shot.trimap = f"{tmp_path.as_posix()}/key.%04d.exr"
    shell(shot, tmp_path / "shell.%04d.exr", "--model", "closed-form", "--propagate")
    for frame in shot.frames:
        np.testing.assert_array_equal(comp.alpha(frame), read_image(tmp_path / f"shell.{frame}.exr"))
    np.testing.assert_array_equal(alone, comp.alpha(1005))


def test_pixel_aspect_and_picture_beyond_the_format_come_through(nuke, stage, tmp_path):
    windows = {"x": -4, "y": -6, "full_x": 0, "full_y": 0, "full_width": 40, "full_height": 24, "PixelAspectRatio": 2.0}
    shot = Shot(tmp_path / "shot", range(1001, 1003), **windows)
    from_files, rendered = Comp(nuke, stage, shot), Comp(nuke, stage, shot)
    rendered.render_inputs()
    for comp in (from_files, rendered):
        comp.press("matte")
        spec = oiio.ImageBuf(comp.output % 1001).spec()
        assert (spec.full_width, spec.full_height) == (40, 24)
        assert spec.getattribute("PixelAspectRatio") == 2.0
        picture = comp.picture(1001)
        assert (picture.box, picture.size, picture.aspect) == ((-4, -6), (40, 24), 2.0), "the plate's, overscan and all"
    np.testing.assert_array_equal(from_files.alpha(1002), rendered.alpha(1002))


def test_each_stereo_view_has_its_own_alphas(nuke, stage, tmp_path):
    left, right = (Shot(tmp_path / "shot" / view, range(1001, 1003)) for view in ("left", "right"))
    stage.views[:] = ["left", "right"]
    comp = Comp(nuke, stage, left)
    comp.plate["file"].setValue(left.plate.replace("left", "%V"))
    comp.trimap["file"].setValue(left.trimap.replace("left", "%V"))
    comp.press("matte")
    assert comp.status() == "2 of 2 frames are matted.", stage.messages
    for view in ("left", "right"):
        np.testing.assert_array_equal(
            comp.picture(1002, view).pixels[..., 3:], read_image(comp.output.replace("%V", view) % 1002)
        )
    comp.render_inputs()
    stage.rendered.clear()
    comp.press("matte")
    assert {view for _, _, view in stage.rendered} == {"left", "right"}
    assert right.frames == left.frames


def test_written_foreground_is_shown_in_place_of_the_plate(comp, shot):
    comp.node["write_foreground"].setValue(True)
    comp.node["last"].setValue(1001)
    comp.press("matte")
    comp.node["use_foreground"].setValue(True)
    comp.node["show"].setValue("unpremultiplied")
    colour = read_image(Path(comp.output % 1001).parent / "fg" / Path(comp.output % 1001).name)
    np.testing.assert_array_equal(comp.picture(1001).pixels[..., :3], colour[..., :3])


def test_submitting_leaves_a_bundle_that_reads_what_was_rendered(comp):
    comp.render_inputs()
    (Path(comp.output).parent / "dvm_farm" / "1").mkdir(parents=True)  # a farm may still read what is there
    comp.press("submit")
    comp.stage.pump(lambda: comp.status() != "Making the farm bundle.")
    assert comp.status().startswith("Farm bundle: "), comp.status()
    bundle = Path(comp.status().partition(": ")[2])
    assert bundle.parts[-4:] == ("dvm_farm", "2", "main", "bundle")
    assert any(bundle.iterdir())
    job = json.loads((bundle.parent / "job.json").read_text())
    assert job["range"] == "1001-1006"
    assert Path(job["plate"] % 1003).exists()
    assert Path(job["trimap"] % 1003).exists()
