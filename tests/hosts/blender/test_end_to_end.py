"""DVM Matte in real Blenders: from plate to composited EXR, and what an artist is told when something is missing."""

import numpy as np
import pytest

from dvm_core.io.colour import built_in_config, has_space

pytestmark = pytest.mark.host
FRAMES = (1001, 1002, 1003)
CORRECTED = (1001, 1024)
ALPHAS = [f"alpha.{frame}.exr" for frame in FRAMES]
GREY = np.array([0.25, 0.5, 0.75], np.float32)


def over_grey(plate, alpha):
    """What compositing the plate by its alpha over the scenarios' backdrop gives."""
    return plate * alpha + GREY * (1 - alpha)


def test_alphas_are_those_of_the_shell_to_the_bit(blender, shell):
    assert blender["sequence"]["error"] == ""
    for frame in FRAMES:
        np.testing.assert_array_equal(blender.read("sequence", f"alpha.{frame}.exr"), shell["plate", frame])


def test_a_comp_is_the_plate_over_grey_by_those_alphas(blender, shell):
    for frame in FRAMES:
        comp = blender.read("sequence", f"comp.{frame}.exr")
        wanted = over_grey(blender.read(f"plate.{frame}.exr"), shell["plate", frame])
        np.testing.assert_allclose(comp[..., :3], wanted, rtol=0, atol=1e-6)
        np.testing.assert_array_equal(comp[..., 3], 1)


def test_the_alpha_socket_gives_every_bit(blender, shell):
    for frame in FRAMES:
        np.testing.assert_array_equal(blender.read("sequence", f"shown.{frame}.exr")[..., :1], shell["plate", frame])


def test_nothing_but_alphas_is_left_in_the_output_folder(blender):
    assert blender["sequence"]["folder"] == ALPHAS


def test_the_current_frame_is_the_artists_own_again(blender):
    assert blender["any_socket"]["same settings"]
    assert blender["sequence"]["frame"] == blender["sequence"]["frame before"]


def test_a_sequence_shown_at_other_frames_of_the_scene_keeps_its_files_numbers(blender, shell):
    assert blender["shifted_sequence"] == {"error": "", "plate range": "1-3"}
    assert blender.files("shifted_sequence", "alpha") == ["alpha.1002.exr"]
    np.testing.assert_array_equal(blender.read("shifted_sequence", "alpha.1002.exr"), shell["plate", 1002])
    comp = blender.read("shifted_sequence", "comp.0002.exr")[..., :3]
    wanted = over_grey(blender.read("plate.1002.exr"), shell["plate", 1002])
    np.testing.assert_allclose(comp, wanted, rtol=0, atol=1e-6)


def test_a_movie_clip_is_read_from_its_files(blender, shell):
    assert blender["movie_clip"]["error"] == ""
    for frame in FRAMES:
        np.testing.assert_array_equal(blender.read("movie_clip", f"alpha.{frame}.exr"), shell["plate", frame])
        comp = blender.read("movie_clip", f"comp.{frame - 990:04d}.exr")[..., :3]
        wanted = over_grey(blender.read(f"plate.{frame}.exr"), shell["plate", frame])
        np.testing.assert_allclose(comp, wanted, rtol=0, atol=1e-6)


def test_a_movie_is_read_by_the_engine_and_shown_where_it_lies_in_the_scene(blender, shell):
    assert blender["movie"] == {"error": "", "range": "101-103"}
    for frame in (1, 2, 3):
        alpha = blender.read("movie", f"alpha.{frame:04d}.exr")
        np.testing.assert_array_equal(alpha, shell["movie", frame])
        np.testing.assert_array_equal(blender.read("movie", f"shown.{frame + 100:04d}.exr")[..., :1], alpha)


def test_colour_spaces_are_named_as_the_engine_knows_them(blender):
    assert all(has_space(built_in_config(), name) for name in blender["colour_spaces"]["known"].values())
    error, space, plate = blender["colour_spaces"]["ACEScg"]
    assert (error, space) == ("", "lin_ap1_scene")
    assert plate == str(blender.folder / "plate.%04d.exr")


def test_a_plate_in_a_space_that_only_blender_knows_is_rendered_to_linear_light(blender):
    error, space, plate = blender["colour_spaces"]["Filmic Log"]
    assert (error, space) == ("", "auto")
    assert plate != str(blender.folder / "plate.%04d.exr")
    rendered = blender.read("colour_spaces", "plate.1001.exr")[..., :3]
    stops = 16.5 * blender.read("plate.1001.exr").astype(np.float64) - 12.473931  # what Filmic Log is the logarithm of
    np.testing.assert_allclose(np.log2(rendered), stops, rtol=0, atol=0.02)


def test_any_other_socket_is_rendered_and_matted_as_the_artist_sees_it(blender, shell):
    assert blender["any_socket"]["error"] == ""
    assert blender["any_socket"]["folder"] == ALPHAS
    for frame in FRAMES:
        alpha = blender.read("any_socket", f"alpha.{frame}.exr")
        np.testing.assert_array_equal(alpha, shell["bright", frame])
        comp = blender.read("any_socket", f"comp.{frame}.exr")[..., :3]
        wanted = over_grey(blender.read(f"bright.{frame}.exr"), alpha)
        np.testing.assert_allclose(comp, wanted, rtol=0, atol=2e-6)


def test_rendering_a_socket_leaves_nodes_links_and_the_artists_own_outputs_alone(blender):
    assert blender["any_socket"]["same graph"]
    assert not blender["any_socket"]["theirs"], "a File Output that the plate does not need was written"


def test_resuming_keeps_frames_of_a_plate_that_was_rendered_anew(blender):
    assert blender["resumed"] == {"errors": ["", ""], "count": len(FRAMES), "kept": True}


def test_a_trimap_from_a_socket_gives_the_same_alphas(blender, shell):
    assert blender["trimap_socket"]["error"] == ""
    for frame in FRAMES:
        np.testing.assert_array_equal(blender.read("trimap_socket", f"alpha.{frame}.exr"), shell["plate", frame])


def rectangle(left, right, pixels=0):
    """Where a mask of that width is, widened by some pixels: mask units count from the picture's longer side."""
    y, x = np.mgrid[:64, :96] + 0.5
    bottom, top = 0.3 * 96 - 16, 0.7 * 96 - 16
    dx = np.maximum(left * 96 - x, x - right * 96)
    dy = np.maximum(bottom - y, y - top)
    outside = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0))
    return np.where(outside > 0, outside, np.maximum(dx, dy)) < pixels


def is_edge(*regions):
    """Pixels that touch the border of one of some regions, where rounding decides."""
    found = np.zeros(regions[0].shape, bool)
    for region in regions:
        for axis in (0, 1):
            for step in (-1, 1):
                found |= region != np.roll(region, step, axis)
    return found


def test_inner_and_outer_mask_make_a_trimap(blender):
    assert blender["masks"]["error"] == ""
    trimap = blender.read("masks", "trimap.1001.exr")
    outer, inner = rectangle(0.2, 0.8), rectangle(0.4, 0.6)
    wanted = 0.5 * outer + 0.5 * inner
    sure = ~is_edge(outer, inner)
    assert trimap.shape == (64, 96, 1)
    np.testing.assert_allclose(trimap[..., 0][sure], wanted[sure], atol=1e-6)


def test_one_mask_gets_a_band_of_unknown_pixels_to_both_sides(blender):
    assert blender["one_mask"]["error"] == ""
    trimap = blender.read("one_mask", "trimap.1001.exr")[..., 0]
    wider, narrower = rectangle(0.2, 0.8, 6), rectangle(0.2, 0.8, -6)
    sure = ~is_edge(wider, narrower) & ~is_edge(is_edge(wider, narrower))
    np.testing.assert_allclose(trimap[sure], (0.5 * wider + 0.5 * narrower)[sure], atol=1e-6)


def test_masks_are_drawn_for_the_neighbours_too(blender):
    assert blender["masks"]["jobs"][0]["range"] == "1001"
    assert blender.files("masks", "trimap") == [f"trimap.{frame}.exr" for frame in FRAMES]


def test_painted_images_are_keyframes(blender):
    painted = blender["painted"]
    assert painted["error"] == ""
    assert painted["keys"] == [1001, 1003]
    assert painted["jobs"][0]["trimap_mode"] == "keyframes"
    assert blender.files("painted", "trimap") == ["trimap.1001.exr", "trimap.1003.exr"]
    np.testing.assert_allclose(blender.read("painted", "trimap.1001.exr")[..., 0], 0.5, atol=1e-6)
    np.testing.assert_allclose(blender.read("painted", "trimap.1003.exr")[..., 0], 1.0, atol=1e-6)


@pytest.mark.parametrize(
    ("scenario", "of_shell", "last", "preview"),
    [("propagated", "keyed", 1012, 1005), ("corrected", "fixed", 1024, 1012)],
)
def test_keyframes_and_corrections_of_a_rendered_plate_are_those_of_the_shell_for_one_frame_as_for_all(
    blender, shell, scenario, of_shell, last, preview
):
    assert blender[scenario] == {"alone": "", "whole": ""}
    for frame in range(1001, last + 1):
        np.testing.assert_array_equal(blender.read(scenario, f"whole.{frame}.exr"), shell[of_shell, frame])
    assert blender.files(scenario, "alone") == [f"alone.{preview}.exr"]
    np.testing.assert_array_equal(blender.read(scenario, f"alone.{preview}.exr"), shell[of_shell, preview])


def test_an_alpha_that_was_put_right_comes_out_as_it_was_given(blender, shell):
    for frame in CORRECTED:
        unknown = np.abs(blender.read(f"long.{frame}.png") - 0.5) < 0.01
        given, found = (blender.read(*path) for path in ([f"fixed.{frame}.exr"], ["corrected", f"whole.{frame}.exr"]))
        np.testing.assert_allclose(found[unknown], given[unknown], rtol=0, atol=1e-5)  # kept with 16 bits on the way
        assert np.abs(found - shell["plate", FRAMES[(frame - 1001) % 3]]).max() > 0.01


def test_trimaps_are_rendered_for_what_a_frame_is_corrected_from_by_the_numbers_of_files(blender):
    corrected = blender["corrected_at_other_frames"]
    (job,) = corrected["jobs"]
    assert corrected["error"] == ""
    assert (job["range"], job["corrected"]) == ("1002", str(blender.folder / "fixed.%04d.exr"))
    around = [*range(1001, 1007), *range(1020, 1029)]
    assert blender.files("corrected_at_other_frames", "trimap") == [f"trimap.{frame}.exr" for frame in around]


def test_keyframes_are_added_once_in_order_jumped_to_and_removed(blender):
    assert blender["keyframes"] == {
        "added": [1001, 1002, 1003],
        "next": 1003,
        "previous": 1002,
        "left": [1001, 1003],
    }


def test_a_preview_is_the_same_job_on_one_frame(blender):
    (job,) = blender["current_frame"]["jobs"]
    (whole,) = blender["saved_and_reopened"]["jobs"]
    assert job["range"] == "1002"
    assert {key for key in job if job[key] != whole[key]} == {"range", "output"}


def test_warnings_of_the_engine_are_reported_when_it_is_done(blender):
    assert blender["warned"]["error"] == ""
    assert "Warning: The plate has a gap. (and 1 more)" in blender.log


def test_a_result_frame_that_is_not_there_is_named(blender):
    assert "alpha.1003.exr' is not there" in blender["missing_result"]["error"]
    assert blender["missing_result"]["missing"] == [1002]
    assert "Alphas of frames 1002 are missing" in blender.log


def test_a_plate_frame_that_blender_cannot_render_is_named_and_nothing_is_left(blender):
    missing = blender["missing_plate"]
    assert "nothing for frame 1002" in missing["error"]
    assert missing["jobs"] == []
    assert missing["same graph"]
    assert missing["folder"] == []


def test_a_cancelled_job_keeps_its_finished_frames_and_leaves_no_other_file(blender):
    cancelled = blender["cancel"]
    assert cancelled["error"] == "Cancelled; finished frames stay."
    assert 1 <= len(cancelled["folder"]) < 100
    assert all(name.startswith("alpha.") for name in cancelled["folder"])


def test_the_engines_sentence_reaches_the_artist(blender):
    assert "No frame of the trimap" in blender["engine_fault"]["error"]


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("no node", "have no DVM Matte; add one"),
        ("no plate", "has no plate; connect a picture"),
        ("unsaved", "is beside the .blend file; save that first"),
        ("no number", "has no frame number; name it like alpha.####.exr"),
        ("corrected is output", "'corrected' and 'output' are both"),
        ("no corrected", "No corrected alpha"),
        ("MASK", "No outer mask is chosen"),
        ("PAINTED", "There is no trimap keyframe"),
        ("SOCKET", "has no trimap; connect one"),
        ("range", "runs backwards; write 1-3"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(blender, case, sentence):
    said = blender["what_is_missing_is_said"][case]
    assert sentence in said
    assert "Traceback" not in said


def test_a_saved_scene_shows_its_alphas_when_it_is_opened_again(blender):
    saved = blender["saved_and_reopened"]
    assert saved["error"] == ""
    assert saved["image"] == "//mattes/DVM_Matte.1001.exr"
    for frame in FRAMES:
        comp = blender.read("saved_and_reopened", f"comp.{frame}.exr")[..., :3]
        wanted = over_grey(blender.read(f"plate.{frame}.exr"), blender.read(f"truth.{frame}.exr"))
        np.testing.assert_allclose(comp, wanted, rtol=0, atol=1e-6)


def test_a_copied_node_group_writes_to_files_of_its_own(blender):
    first, second = blender["saved_and_reopened"]["outputs"]
    assert first.endswith("mattes/DVM_Matte.%04d.exr")
    assert second.endswith("mattes/DVM_Matte_001.%04d.exr")


def test_the_test_button_says_what_answers_or_why_nothing_does(blender):
    button = blender["engine_button"]
    assert button["error"] == ""
    assert button["answer"].startswith("Engine ")
    assert "no-python" in button["wrong"]


def test_switching_off_ends_the_engine_and_leaves_nothing_behind(blender):
    assert blender["on_and_off"] == {"ran": True, "runs on": False, "left behind": [], "back": True}


def test_blender_loads_no_module_of_the_engine_itself(blender):
    assert blender.report["modules"] == []


def test_no_file_of_the_add_on_raises_or_warns(blender):
    assert "Traceback" not in blender.log
    assert "Warning: Alphas" in blender.log
    assert not [line for line in blender.log.splitlines() if "dvm_matte" in line and "Warning" in line]
