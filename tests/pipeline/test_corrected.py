"""Jobs with alphas that were put right by hand."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

from dvm_core.bridge.errors import Cancelled, InputError, UsageError
from dvm_core.model import weights
from dvm_core.model.correction import Correction, Corrections
from dvm_core.pipeline import run_job
from dvm_core.pipeline.corrected import CorrectedAlphas

FRAMES = range(1001, 1009)
FLOAT = {"half": False, "compression": "zip"}


def read(path):
    return oiio.ImageBuf(str(path)).get_pixels("float")[..., 0]


def alphas(folder, frames=FRAMES):
    return {frame: read(folder / f"alpha.{frame}.exr") for frame in frames}


def files(folder):
    return {path.name: path.read_bytes() for path in Path(folder).glob("*.exr")}


@pytest.fixture
def put_right(shot, write):
    """Write a corrected alpha: the matte of a frame, less transparent than it came out."""

    def put(frame, by=0.2, folder="fixed"):
        (shot / folder).mkdir(exist_ok=True)
        pixels = np.clip(read(shot / "plain" / f"alpha.{frame}.exr") + by, 0, 1)
        write(shot / folder / f"fix.{frame}.exr", pixels.astype(np.float32), "float")
        return pixels

    return put


@pytest.fixture
def corrected(job, shot, put_right):
    """The shot matted as it comes, three of its frames put right, and jobs that are told of these."""
    run_job(job("plain", settings=FLOAT))
    for frame in (1001, 1004, 1008):
        put_right(frame)

    def make(out="out", **changes):
        changes["settings"] = {**FLOAT, **changes.pop("settings", {})}
        return job(out, corrected=f"{shot}/fixed/fix.####.exr", **changes)

    return make


def by_hand(shot, frames=(1001, 1004, 1008)):
    """What frames should be: the model's own alphas, corrected from the given ones."""
    plain = alphas(shot / "plain")
    given = Corrections(Correction(frame, plain[frame], read(shot / "fixed" / f"fix.{frame}.exr")) for frame in frames)
    unknown = {frame: read(shot / f"trimap.{frame}.png") == np.float32(128 / 255) for frame in FRAMES}
    return {frame: given.applied(frame, plain[frame], unknown[frame]) for frame in FRAMES}


def test_frames_that_were_put_right_stay_so_and_correct_the_others(corrected, shot):
    run_job(corrected())
    found, plain = alphas(shot / "out"), alphas(shot / "plain")
    for frame, expected in by_hand(shot).items():
        np.testing.assert_allclose(found[frame], expected, atol=1e-6)
        assert found[frame].mean() > plain[frame].mean() + 0.005


def test_any_model_is_corrected(corrected, job, shot):
    run_job(job("plain", model="closed-form", settings={**FLOAT, "existing": "overwrite"}))
    run_job(corrected(model="closed-form"))
    found = alphas(shot / "out")
    for frame, expected in by_hand(shot).items():
        np.testing.assert_allclose(found[frame], expected, atol=1e-6)


def test_a_part_of_the_shot_comes_out_as_in_the_whole(corrected, shot):
    run_job(corrected("whole"))
    run_job(corrected("parts", range="1002-1003"))
    run_job(corrected("parts", range="1006", shot_range="1001-1008"))
    whole = files(shot / "whole")
    for name, content in files(shot / "parts").items():
        assert content == whole[name]


def test_keyframe_trimaps_go_with_them(corrected, job, shot):
    for frame in (1001, 1008):
        os.link(shot / f"trimap.{frame}.png", shot / f"key.{frame}.png")
    keyed = {"trimap": f"{shot}/key.####.png", "trimap_mode": "keyframes"}
    run_job(corrected("whole", **keyed))
    run_job(corrected("part", range="1002", **keyed))
    run_job(job("alone", settings=FLOAT, **keyed))
    assert files(shot / "part")["alpha.1002.exr"] == files(shot / "whole")["alpha.1002.exr"]
    assert alphas(shot / "whole")[1002].mean() > alphas(shot / "alone")[1002].mean() + 0.005


def test_resuming_redoes_what_a_corrected_alpha_of_a_held_frame_reaches_from_farther_away(corrected, shot):
    for frame in FRAMES[1:]:
        for name in ("plate.{}.exr", "trimap.{}.png"):
            (shot / name.format(frame)).unlink()
            os.link(shot / name.format(FRAMES[0]), shot / name.format(frame))
    (shot / "fixed" / "fix.1008.exr").unlink()
    run_job(corrected())
    (shot / "fixed" / "fix.1004.exr").rename(shot / "fixed" / "fix.1006.exr")
    assert set(run_job(corrected(settings={"existing": "resume"})).frames) >= {1002, 1003}
    run_job(corrected("new"))
    assert files(shot / "out") == files(shot / "new")


def test_they_stand_in_place_of_what_the_model_knows_of_other_frames(corrected, shot):
    given = weights.load(corrected().model)
    given.corrections = Corrections([Correction(1002, np.zeros((48, 64)), np.ones((48, 64)))])
    run_job(corrected("told"), load=lambda name: given)
    run_job(corrected())
    assert files(shot / "told") == files(shot / "out")
    assert given.corrections.frames == (1002,)  # a worker keeps the model for its next job


def test_resuming_redoes_what_a_corrected_alpha_reaches(corrected, put_right, shot):
    run_job(corrected())
    resume = {"existing": "resume"}
    assert run_job(corrected(settings=resume)).frames == ()
    put_right(1008, by=0.3)
    assert run_job(corrected(settings=resume)).frames == (1005, 1006, 1007, 1008)
    run_job(corrected("new"))
    assert files(shot / "out") == files(shot / "new")


def test_resuming_redoes_what_was_corrected_from_a_frame_that_changed(corrected, write, shot):
    run_job(corrected())
    plate = oiio.ImageBuf(str(shot / "plate.1004.exr")).get_pixels("float")
    write(shot / "plate.1004.exr", plate * 0.9)
    resumed = run_job(corrected(settings={"existing": "resume"}))
    assert resumed.frames == (1002, 1003, 1004, 1005, 1006, 1007)
    run_job(corrected("new"))
    assert files(shot / "out") == files(shot / "new")


def test_a_further_one_is_nothing_to_frames_beyond_the_next(corrected, put_right, shot):
    run_job(corrected())
    put_right(1006)
    assert run_job(corrected(settings={"existing": "resume"})).frames == (1005, 1006, 1007)


def test_a_job_without_them_makes_what_it_always_made(corrected, job, shot):
    run_job(corrected())
    resumed = run_job(job("plain", settings={**FLOAT, "existing": "resume"}))
    assert resumed.frames == ()


def test_cancelling_while_they_are_looked_at_writes_nothing(corrected, shot):
    answers = iter([False, True, True, True])
    with pytest.raises(Cancelled):
        run_job(corrected(), cancelled=lambda: next(answers, True))
    assert not files(shot / "out")


def test_alphas_of_frames_that_the_shot_has_not_are_told_of(corrected, put_right, shot):
    os.rename(shot / "fixed" / "fix.1008.exr", shot / "fixed" / "fix.1020.exr")
    result = run_job(corrected(range="1001"))
    assert result.warnings == ("Corrected alphas of frames 1020 are left out: the shot has no such frames.",)


def test_a_still_needs_no_frame_number(job, shot, write):
    alone = {
        "plate": f"{shot}/still.exr",
        "trimap": f"{shot}/trimap.png",
        "output": f"{shot}/out.exr",
        "corrected": f"{shot}/fixed.exr",
    }
    os.link(shot / "plate.1001.exr", shot / "still.exr")
    os.link(shot / "trimap.1001.png", shot / "trimap.png")
    write(shot / "fixed.exr", np.full((48, 64), 0.25, np.float32))
    run_job(replace(job(), **alone))
    found, unknown = read(shot / "out.exr"), read(shot / "trimap.1001.png") == np.float32(128 / 255)
    np.testing.assert_allclose(found[unknown], 0.25, atol=1e-3)


def damage(path):
    path.write_bytes(path.read_bytes()[:-30])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda shot, write: (shot / "trimap.1004.png").unlink(), "trimap.####.png has no file for frame 1004"),
        (lambda shot, write: (shot / "plate.1004.exr").unlink(), "plate.####.exr has no file for frame 1004"),
        (
            lambda shot, write: write(shot / "fixed/fix.1004.exr", np.zeros((24, 64), np.float32)),
            "The alpha of frame 1004 is 64x24, but its plate 64x48",
        ),
        (
            lambda shot, write: write(shot / "fixed/fix.1004.exr", np.full((48, 64), np.nan, np.float32)),
            "The alpha of frame 1004 holds NaN",
        ),
        (lambda shot, write: damage(shot / "fixed/fix.1004.exr"), "fix.1004.exr"),
    ],
    ids=["no trimap", "no plate", "other size", "NaN", "cut short"],
)
def test_what_is_wrong_with_one_is_said_before_anything_is_written(corrected, shot, write, spoil, said):
    spoil(shot, write)
    with pytest.raises(InputError, match="1004") as refused:
        run_job(corrected(range="1002", shot_range="1001-1008"))
    assert said in refused.value.message
    assert refused.value.frame == 1004
    assert not files(shot / "out")


def test_alphas_that_are_all_of_other_frames_are_refused(shot, write):
    write(shot / "fix.0001.exr", np.zeros((48, 64), np.float32))
    with pytest.raises(InputError, match=r"shot \(1001-1008\), found .*fix.####.exr on 1; number them like the plate"):
        CorrectedAlphas(f"{shot}/fix.####.exr", tuple(FRAMES))


def test_alphas_without_frame_numbers_are_refused(shot, write):
    write(shot / "fix.exr", np.zeros((48, 64), np.float32))
    with pytest.raises(UsageError, match=r"no frame numbers; name them like alpha.####.exr"):
        CorrectedAlphas(f"{shot}/fix.exr", tuple(FRAMES))


def test_alphas_are_not_written_over_what_was_put_right(corrected, job, shot):
    with pytest.raises(UsageError, match="'corrected' and 'output' are both"):
        job("fixed", corrected=f"{shot}/fixed/alpha.%04d.exr")
    os.symlink(shot / "fixed", shot / "link")
    for path in (shot / "fixed").iterdir():
        os.rename(path, path.with_name(path.name.replace("fix", "alpha")))
    with pytest.raises(UsageError, match="is read by this job"):
        run_job(job("link", corrected=f"{shot}/fixed/alpha.####.exr", settings={"existing": "overwrite"}))
