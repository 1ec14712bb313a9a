"""`dvm finetune` from files to files; how well it learns is tested where learning is."""

import json

import numpy as np
import pytest

from dvm_core.io.plate import PlateReader
from dvm_core.io.trimap_file import TrimapReader
from dvm_core.model import weights
from dvm_core.model.colour_model import KnownColours
from dvm_core.model.correction import NO_CORRECTIONS
from dvm_core.model.lite import Lite
from dvm_core.pipeline.session import MattingSession
from dvm_core.training import shot_model
from dvm_core.training.examples import Files, read_examples
from dvm_core.training.finetune import finetune

QUICK = ("--steps", "2", "--threads", "1", "--device", "cpu")


@pytest.fixture
def wide(make_shot, tmp_path):
    """A shot with room for crops."""
    return make_shot(tmp_path / "wide", size=(96, 128))


@pytest.fixture
def command(wide):
    """`dvm finetune` on the truth of two frames."""
    truth = wide.folder / "truth.####.exr"
    out = wide.folder / "models" / "sh010.safetensors"
    return [
        "finetune",
        wide.plate,
        "--trimap",
        wide.trimap,
        "--alpha",
        truth,
        "--range",
        "1001,1004",
        "-o",
        out,
        *QUICK,
    ]


def test_a_few_alphas_give_a_model_that_mattes_the_shot_and_is_named_in_its_headers(dvm, wide, command):
    ran = dvm(*command, "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    out = wide.folder / "models" / "sh010.safetensors"
    assert out.stat().st_size < 3_500_000
    record = weights.info(out)
    assert found["sha256"] == record.sha256
    assert found["frames"] == record.training["frames"] == "1001,1004"
    assert record.training["shot"] == "plate.####.exr"
    assert record.base["name"] == "lite"
    assert record.base["sha256"] == weights.info("lite").sha256
    told = dvm("models", "info", out).out
    assert "the user's" in told
    assert "name lite" in told
    matted = dvm("matte", wide.plate, "-t", wide.trimap, "-o", wide.output, "--model", out, "--range", "1002")
    assert matted.code == 0, matted.err
    assert f"lite {record.sha256[:16]}".encode() in wide.alpha(1002).read_bytes()[:4000]


def test_finished_frames_come_out_as_they_were_given(dvm, wide, command, image_reader):
    out = wide.folder / "models" / "sh010.safetensors"
    for option, stays in (("--corrections", True), ("--no-corrections", False)):
        assert dvm(*command, option, "--overwrite").code == 0
        assert weights.load(out).corrections.frames == ((1001, 1004) if stays else ())
        matted = dvm("matte", wide.plate, "-t", wide.trimap, "-o", wide.output, "--model", out, "--overwrite")
        assert matted.code == 0, matted.err
        for frame in (1001, 1004):
            truth, found = (
                image_reader(path)[..., 0] for path in (wide.folder / f"truth.{frame}.exr", wide.alpha(frame))
            )
            assert (np.abs(truth - found).max() < 1e-3) == stays


def test_the_end_says_how_well_the_finished_frames_correct_each_other(dvm, command):
    ran = dvm(*command, "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert found["corrections"] == "1001,1004"
    assert 0 < found["corrected by each other"] < 2


def test_threads_that_cannot_be_are_code_2_in_one_sentence(dvm, command):
    ran = dvm(*command, "--threads", "-1")
    assert ran.code == 2
    assert ran.err.startswith("dvm: 'threads' must be a whole number")


def test_the_end_says_how_to_use_it(dvm, wide, command):
    ran = dvm(*command)
    out = wide.folder / "models" / "sh010.safetensors"
    assert "held out error" in ran.err  # progress
    assert ran.out.startswith(f"{out}: ")
    assert (
        ran.out.endswith(f"after 3 steps in 0.{ran.out[-len(str(out)) - 37 :].split('0.', 1)[-1]}")
        or str(out) in ran.out
    )
    assert f"to matte: --model {out}\n" in ran.out


def test_a_model_that_is_there_stays_unless_overwritten(dvm, wide, command):
    out = wide.folder / "models" / "sh010.safetensors"
    out.parent.mkdir()
    out.write_bytes(b"precious")
    ran = dvm(*command)
    assert ran.code == 6
    assert out.read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"--range": "1001,1009"}, 3, "has no file for frame 1009"),
        ({"--alpha": "nowhere.####.exr"}, 3, "nowhere"),
        ({"-o": "model.pth"}, 2, "has another ending"),
        ({"--model": "closed-form"}, 2, "Only models of the lite family can be finetuned"),
        ({"--model": "nothing"}, 5, "found 'nothing'"),
        ({"--device": "cuda:9"}, 4, "cuda:9"),
    ],
)
def test_what_cannot_work_is_told_in_a_sentence(dvm, command, change, code, said):
    arguments = list(command)
    for option, value in change.items():
        if option in arguments:
            arguments[arguments.index(option) + 1] = value
        else:
            arguments += [option, value]
    ran = dvm(*arguments)
    assert ran.code == code, ran.err
    assert said in ran.err
    assert "\n" not in ran.err.strip()


def test_an_alpha_of_another_size_is_refused(dvm, wide, command, image_writer):
    image_writer(wide.folder / "truth.1004.exr", np.zeros((48, 64, 1), np.float32), ("A",))
    ran = dvm(*command)
    assert ran.code == 3
    assert "The alpha of frame 1004 is 64x48, but its plate 128x96" in ran.err


def test_frames_come_with_their_neighbours_and_the_ends_repeat(wide, image_reader):
    files = Files(wide.plate, wide.trimap, str(wide.folder / "truth.####.exr"), range="1001,1003")
    first, third = read_examples(files, weights.load("lite"))
    assert (first.frame, third.frame) == (1001, 1003)
    assert first.plates[0] is first.plates[1]
    assert third.plates[0] is first.plates[2]
    np.testing.assert_array_equal(third.alpha, image_reader(wide.folder / "truth.1003.exr")[..., 0])


@pytest.mark.parametrize("side", [640, 64])  # of the shot as it is, and of half of it
def test_keys_tell_what_they_tell_a_matte(wide, monkeypatch, side):
    """Frame 1002 between keys on 1001 and 1004, against what a session is told of the same plates and trimaps."""
    monkeypatch.setattr(Lite, "side", side)
    network = weights.load("lite")
    files = Files(wide.plate, wide.trimap, str(wide.folder / "truth.####.exr"), range="1002", keys="1001,1004")
    (example,) = read_examples(files, network)
    plate, trimap = PlateReader(wide.plate, keep_linear=False), TrimapReader(wide.trimap)
    with MattingSession(network) as session:
        known = {key: session.known_colours(plate.read(key).display, trimap.read(key)) for key in (1001, 1004)}
    assert example.keys[0] is None  # a key of its own
    for frame, found in ((1002, example.keys[1]), (1003, example.keys[2])):
        share = (frame - 1001) / 3
        expected = KnownColours.mixed([(known[1001], 1 - share), (known[1004], share)])
        np.testing.assert_allclose(found.densities, expected.densities, rtol=1e-6)


def test_corrections_are_of_what_the_keys_made_of_the_frame(dvm, wide, command):
    """What the model drew of a finished frame stands beside it as a matte with the same keys draws it."""
    ran = dvm(*command, "--range", "1002", "--keys", "1001,1004")
    assert ran.code == 0, ran.err
    model = weights.load(wide.folder / "models" / "sh010.safetensors")
    drawn, model.corrections = model.corrections[1002].drawn, NO_CORRECTIONS
    files = Files(wide.plate, wide.trimap, str(wide.folder / "truth.####.exr"), range="1002", keys="1001,1004")
    (example,) = read_examples(files, model)
    mattes = []
    with MattingSession(model) as session:
        for number, frame in enumerate(zip(example.plates, example.trimaps, example.keys, strict=True)):
            mattes += session.push(*frame[:2], frame=number, wanted=number == 1, keys=frame[2])
        mattes += session.finish()
    np.testing.assert_allclose(drawn, mattes[0].alpha, atol=2 / 255)


@pytest.mark.parametrize(
    ("learnt", "matted", "said"),
    [
        ("1001,1004", "1001,1004", ""),
        ("", "", ""),
        (
            "",
            "1001,1004",
            "without keys, but trimaps here were propagated from frames 1001,1004; finetune it with --keys 1001,1004",
        ),
        ("1001,1004", "", "with keys on frames 1001,1004, but this job has none; give it --keys 1001,1004"),
    ],
)
def test_a_matte_says_where_its_model_was_finetuned_with_other_keys(dvm, wide, command, learnt, matted, said):
    assert dvm(*command, "--keys", learnt).code == 0
    model = wide.folder / "models" / "sh010.safetensors"
    job = ("matte", wide.plate, "-t", wide.trimap, "-o", wide.output, "--model", model, "--dry-run", "--keys", matted)
    ran = dvm(*job)
    assert ran.code == 0, ran.err
    assert ("sh010.safetensors was finetuned" in ran.err) == bool(said)
    assert said in " ".join(ran.err.split())
    fixed = dvm(*job, "--corrected", wide.folder / "truth.####.exr")
    assert "was finetuned" not in fixed.err  # what it carries is not used


def test_a_key_without_a_trimap_is_refused(dvm, wide, command):
    ran = dvm(*command, "--keys", "1001,1040")
    assert ran.code == 3
    assert "has no file for frame 1040; leave them out of --keys" in ran.err


def test_a_large_shot_is_learnt_at_the_size_that_it_is_matted_at(dvm, command, monkeypatch):
    learnt = []

    def watched(network, examples, how):
        learnt.extend(examples)
        return finetune(network, examples, how)

    monkeypatch.setattr(shot_model, "finetune", watched)
    monkeypatch.setattr(Lite, "side", 64)  # half of the shot's
    ran = dvm(*command)
    assert ran.code == 0, ran.err
    assert {example.alpha.shape for example in learnt} == {(48, 64)}
    assert {plate.shape for example in learnt for plate in example.plates} == {(48, 64, 3)}
    assert {trimap.shape for example in learnt for trimap in example.trimaps} == {(48, 64)}
