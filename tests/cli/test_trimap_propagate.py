import json
import shutil

import numpy as np
import pytest

from dvm_core.bridge.frames import format_range


@pytest.fixture
def keyed(shot):
    pattern = str(shot.trimap)
    first = shot.frames[0]
    shutil.copy(pattern.replace("####", str(first)), shot.folder / f"key.{first}.png")
    return shot


def arguments(shot, *more):
    plate = (
        shot.arguments[shot.arguments.index("matte") + 1]
        if "matte" in shot.arguments
        else shot.folder / "plate.####.exr"
    )
    return [
        "trimap",
        "propagate",
        plate,
        "--keys",
        shot.folder / "key.####.png",
        "-o",
        shot.folder / "made.####.png",
        *more,
    ]


def test_a_key_reaches_every_frame_and_its_confidence_is_written(dvm, keyed, image_reader):
    ran = dvm(*arguments(keyed, "--confidence", keyed.folder / "confidence.json"))
    assert ran.code == 0, ran.err
    first = keyed.frames[0]
    key, made = (image_reader(keyed.folder / f"{name}.{first}.png") for name in ("key", "made"))
    np.testing.assert_array_equal(np.rint(made[..., 0] * 255), np.rint(key[..., 0] * 255))
    track = json.loads((keyed.folder / "confidence.json").read_text())
    assert track["keys"] == [first]
    assert list(track["confidence"]) == [str(frame) for frame in keyed.frames]
    assert track["confidence"][str(first)] == 1.0
    assert f"--keys {first}:" in ran.out


def test_a_range_writes_that_range_alone(dvm, keyed):
    last = keyed.frames[-1]
    assert dvm(*arguments(keyed, "--range", str(last))).code == 0
    assert [path.name for path in keyed.folder.glob("made.*")] == [f"made.{last}.png"]


def test_no_key_in_the_shot_is_one_sentence(dvm, keyed):
    beyond = format_range([keyed.frames[-1]])
    ran = dvm(*arguments(keyed, "--shot-range", beyond))
    assert ran.code == 3
    assert "keyframe trimaps on frames of the shot" in ran.err


def test_keys_are_never_written_over(dvm, keyed):
    words = [str(word).replace("made.", "key.") for word in arguments(keyed, "--overwrite")]
    ran = dvm(*words)
    assert ran.code == 2
    assert "read by this command" in ran.err


def test_a_farm_hears_how_far_it_is_and_why_it_failed(dvm, keyed):
    good = dvm(*arguments(keyed, "--progress", "openjd"))
    assert good.code == 0, good.err
    count = len(keyed.frames)
    assert f"openjd_status: frame {keyed.frames[-1]} ({count}/{count})" in good.out
    bad = dvm(*arguments(keyed, "--progress", "openjd"))
    assert bad.code == 6
    assert bad.out.startswith("openjd_fail: ")
    assert "is there already" in bad.out
