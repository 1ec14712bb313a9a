import json

import pytest
import yaml

from dvm_core.bridge.errors import InputError, OutputError, UsageError
from dvm_core.farm import batch
from dvm_core.model import weights


@pytest.fixture
def file(clip):
    def write(shots, **others):
        path = clip.folder / "shots.yaml"
        path.write_text(yaml.safe_dump({"schema": "dvm-batch/1", "shots": shots, **others}))
        return path

    return write


def entry(name, **changes):
    paths = {
        "plate": "plates/sh010.####.exr",
        "trimap": "trimaps/sh010.####.png",
        "output": f"{name}/sh010.####.exr",
    }
    return {"name": name, **paths, **changes}


def test_shots_are_jobs_with_names_or_job_files(clip, file):
    job = clip.job_file("sh030.json", out="third")
    settings = {"defaults": {"model": "closed-form", "settings": {"channels": "matte", "half": False}}}
    shots = batch.read(file([entry("one", settings={"half": True}), job.name], **settings))
    assert [shot.name for shot in shots] == ["one", "sh030"]
    assert shots[0].job.plate == f"{clip.folder}/plates/sh010.####.exr"
    assert (shots[0].job.model, shots[0].job.settings.channels, shots[0].job.settings.half) == (
        "closed-form",
        "matte",
        True,
    )
    assert shots[1].job == clip.job("third")


@pytest.mark.parametrize(
    ("shots", "message"),
    [
        ([], "at least one shot"),
        ([entry("a"), entry("a", output="b/x.####.exr")], "both called 'a'"),
        ([entry("a"), entry("b", output="a/sh010.####.exr")], "both write"),
        ([entry("a"), {"plate": "x"}], "Shot 2 of the batch"),
        ([entry("a", modell="lite")], "Shot 1 of the batch: .*modell"),
        (["gone.json"], "Shot 1 of the batch"),
        ([7], "a job, or the path"),
        ([entry("a", settings=[1])], "Shot 1 of the batch: 'settings' must be an object"),
    ],
)
def test_a_wrong_shot_is_named_before_anything_is_done(file, shots, message):
    with pytest.raises(UsageError, match=message):
        batch.read(file(shots))


def test_defaults_that_do_not_fit_are_refused(file):
    with pytest.raises(UsageError, match="'settings' must be an object with named values; found 3"):
        batch.read(file([entry("a")], defaults={"settings": 3}))


@pytest.mark.parametrize("text", ["[", "a: b: c", "- 1", "schema: dvm-batch/2", "\x00"])
def test_what_is_no_batch_is_refused_in_a_sentence(clip, text):
    path = clip.folder / "shots.yaml"
    path.write_text(text)
    with pytest.raises(UsageError):
        batch.read(path)


def test_yaml_makes_no_objects(clip):
    path = clip.folder / "shots.yaml"
    path.write_text("schema: !!python/object/apply:os.system ['touch pwned']\n")
    with pytest.raises(UsageError, match="not YAML"):
        batch.read(path)


def test_shots_that_cannot_be_planned_are_told_and_do_not_stop_the_others(clip, file):
    clip.alpha(1001, "there").parent.mkdir()
    clip.alpha(1001, "there").write_bytes(b"")
    shots = batch.read(file([entry("gone", plate="no.####.exr"), entry("there"), entry("good")]))
    told = []
    outcomes = batch.run(
        shots, 1, load=weights.load, tell=lambda name, event: told.append((name, event["event"])), dry_run=True
    )
    assert [type(outcome.fault) for outcome in outcomes] == [InputError, OutputError, type(None)]
    assert told == [("gone", "error"), ("there", "error"), ("good", "plan")]


@pytest.mark.slow
def test_shots_come_out_as_each_of_them_alone_would(shared_clip, clip, file):
    shots = batch.read(file([entry("one", range="1001-1003"), entry("two")], defaults={"settings": dict(SETTINGS)}))
    outcomes = batch.run(shots, 2, load=weights.load)
    assert [(outcome.name, outcome.fault, outcome.made) for outcome in outcomes] == [("one", None, 3), ("two", None, 9)]
    assert clip.alphas("two") == shared_clip.alphas("whole")
    assert clip.alphas("one").items() <= shared_clip.alphas("whole").items()


SETTINGS = {"device": "cpu", "threads": 1, "tile": 64}


def test_a_batch_is_read_from_json_as_well(clip):
    path = clip.folder / "shots.json"
    path.write_text(json.dumps({"schema": "dvm-batch/1", "shots": [entry("one")]}))
    assert batch.read(path)[0].name == "one"
