import json

import pytest

from dvm_core.bridge.errors import UsageError
from dvm_core.bridge.job import MatteJob, is_model_file
from dvm_core.bridge.settings import Settings

MINIMAL = {
    "schema": "dvm-job/1",
    "plate": "plates/sh010.####.exr",
    "trimap": "keys/sh010.####.png",
    "output": "mattes/sh010.####.exr",
}


def test_relative_paths_count_from_the_base():
    document = dict(MINIMAL, model="weights/mine.safetensors", settings={"fg": "fg/sh010.####.exr"})
    job = MatteJob.from_dict(document, "/shots/sh010")
    assert job.plate == "/shots/sh010/plates/sh010.####.exr"
    assert job.trimap == "/shots/sh010/keys/sh010.####.png"
    assert job.output == "/shots/sh010/mattes/sh010.####.exr"
    assert job.model == "/shots/sh010/weights/mine.safetensors"
    assert job.settings.fg == "/shots/sh010/fg/sh010.####.exr"


def test_full_paths_and_model_names_stay():
    job = MatteJob.from_dict(dict(MINIMAL, plate="/server/plate.####.exr", model="rn50"), "/shots/sh010")
    assert job.plate == "/server/plate.####.exr"
    assert job.model == "rn50"


def test_a_job_reads_back_what_it_writes_from_anywhere():
    job = MatteJob.from_dict(
        dict(
            MINIMAL,
            range="1001-1010",
            shot_range="1001-1100",
            trimap_mode="keyframes",
            corrected="fixed/sh010.####.exr",
            settings={"tile": 512},
        ),
        "/shots",
    )
    assert job.corrected == "/shots/fixed/sh010.####.exr"
    document = json.loads(json.dumps(job.to_dict()))
    assert MatteJob.from_dict(document, "/somewhere/else") == job


def test_frames_are_those_of_the_ranges_or_none():
    job = MatteJob.from_dict(dict(MINIMAL, range="3-5", shot_range="1-10x1"), "/shots")
    assert job.frames == (3, 4, 5)
    assert job.shot_frames == tuple(range(1, 11))
    assert MatteJob.from_dict(MINIMAL, "/shots").frames is None
    assert MatteJob.from_dict(MINIMAL, "/shots").shot_frames is None


def test_keys_are_frames_among_the_trimaps_of_every_frame():
    job = MatteJob.from_dict(dict(MINIMAL, keys="1,5-7"), "/shots")
    assert job.key_frames == (1, 5, 6, 7)
    assert MatteJob.from_dict(job.to_dict(), "/elsewhere") == job
    assert MatteJob.from_dict(MINIMAL, "/shots").key_frames == ()


@pytest.mark.parametrize(
    ("more", "says"),
    [({"keys": "1", "trimap_mode": "keyframes"}, "all trimaps are keys"), ({"keys": "one"}, "'keys'")],
)
def test_keys_that_mean_nothing_are_refused(more, says):
    with pytest.raises(UsageError, match=says):
        MatteJob.from_dict(dict(MINIMAL, **more), "/shots")


@pytest.mark.parametrize("schema", [None, "dvm-job/2", 1, ["dvm-job/1"]])
def test_an_unknown_schema_is_refused(schema):
    with pytest.raises(UsageError, match=r"'schema' must be 'dvm-job/1'; found"):
        MatteJob.from_dict(dict(MINIMAL, schema=schema), "/shots")


@pytest.mark.parametrize("field", ["plate", "trimap", "output"])
def test_a_missing_field_is_named(field):
    document = {key: value for key, value in MINIMAL.items() if key != field}
    with pytest.raises(UsageError, match=f"no '{field}'"):
        MatteJob.from_dict(document, "/shots")


def test_an_unknown_field_is_refused():
    with pytest.raises(UsageError, match="'job' has no field 'rage'"):
        MatteJob.from_dict(dict(MINIMAL, rage="1-5"), "/shots")


@pytest.mark.parametrize("document", [None, [], "job", 1.5, [MINIMAL]])
def test_a_document_that_is_no_object_is_refused(document):
    with pytest.raises(UsageError, match="'job' must be an object"):
        MatteJob.from_dict(document, "/shots")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("plate", ""),
        ("plate", "  "),
        ("plate", None),
        ("plate", 3),
        ("plate", ["a.exr"]),
        ("plate", "a\x00b.####.exr"),
        ("plate", "a\nb.####.exr"),
        ("plate", "x" * 5000),
        ("plate", "\ud800.####.exr"),
        ("trimap", {}),
        ("output", "/home/user/.bashrc"),
        ("output", "alpha.####.png"),
        ("range", 5),
        ("range", "all"),
        ("range", "0-999999999"),
        ("range", None),
        ("shot_range", [1, 2]),
        ("trimap_mode", "sometimes"),
        ("trimap_mode", True),
        ("model", ""),
        ("model", None),
        ("settings", None),
        ("settings", "fast"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_the_name_of_its_field(field, value):
    with pytest.raises(UsageError, match=f"'{field}'"):
        MatteJob.from_dict(dict(MINIMAL, **{field: value}), "/shots")


@pytest.mark.parametrize("field", ["plate", "trimap", "output"])
@pytest.mark.parametrize("path", ["../other/a.####.exr", "..", "in/../../out.####.exr", "./../a.exr"])
def test_a_relative_path_that_climbs_out_of_the_job_is_refused(field, path):
    with pytest.raises(UsageError, match=f"'{field}'"):
        MatteJob.from_dict(dict(MINIMAL, **{field: path}), "/shots/sh010")


def test_a_foreground_or_model_that_climbs_out_is_refused_as_well():
    with pytest.raises(UsageError, match=r"'fg' is .* climbs out of the job's folder /shots; give the full path"):
        MatteJob.from_dict(dict(MINIMAL, settings={"fg": "../fg.####.exr"}), "/shots")
    with pytest.raises(UsageError, match=r"'model' is .* climbs out"):
        MatteJob.from_dict(dict(MINIMAL, model="../x.safetensors"), "/shots")


def test_a_folder_whose_name_starts_with_dots_is_inside():
    assert MatteJob.from_dict(dict(MINIMAL, plate="..plates/a.####.exr"), "/s").plate == "/s/..plates/a.####.exr"


@pytest.mark.parametrize(
    "output", ["plates/sh010.%04d.exr", "plates/../plates/sh010.#.exr", "plates/sh010.1-5####.exr"]
)
def test_an_output_that_is_the_plate_is_refused_however_it_is_written(output):
    with pytest.raises(UsageError, match="'plate' and 'output' are both"):
        MatteJob.from_dict(dict(MINIMAL, output=output), "/shots")


def test_a_foreground_over_the_alpha_is_refused():
    with pytest.raises(UsageError, match="'output' and 'fg' are both"):
        MatteJob.from_dict(dict(MINIMAL, settings={"fg": MINIMAL["output"]}), "/shots")


def test_one_file_may_serve_as_plate_and_trimap():
    # An EXR may carry its trimap in a channel of its own.
    job = MatteJob.from_dict(dict(MINIMAL, trimap=MINIMAL["plate"], settings={"trimap_channel": "trimap"}), "/shots")
    assert job.trimap == job.plate


def test_frames_outside_the_shot_are_refused_by_number():
    with pytest.raises(UsageError, match=r"'range' has frames that 'shot_range' \(1-10\) has not: 11-12\."):
        MatteJob.from_dict(dict(MINIMAL, range="9-12", shot_range="1-10"), "/shots")


def test_a_job_loads_from_its_file_and_from_its_folder(tmp_path):
    (tmp_path / "job.json").write_text(json.dumps(MINIMAL))
    from_file = MatteJob.load(str(tmp_path / "job.json"))
    assert from_file.plate == str(tmp_path / "plates/sh010.####.exr")
    assert MatteJob.load(str(tmp_path)) == from_file


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is not a JSON document"),
        (b"\xff\xfe{}", "is not a JSON document"),
        (b"[" * 100_000, "is not a JSON document"),
        (b'{"schema": ' + b"9" * 10_000 + b"}", "JSON|schema"),
        (b" " * (1 << 21), "larger than 1 MiB"),
        (b'{"schema": NaN}', "'schema' must be"),
    ],
)
def test_a_hostile_document_is_refused_in_one_sentence(tmp_path, content, message):
    (tmp_path / "job.json").write_bytes(content)
    with pytest.raises(UsageError, match=message) as caught:
        MatteJob.load(str(tmp_path))
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 400


def test_a_job_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"nothing\.json cannot be read: No such file"):
        MatteJob.load(str(tmp_path / "nothing.json"))


def test_settings_come_as_settings():
    with pytest.raises(UsageError, match="'settings' must be Settings"):
        MatteJob("a.#.exr", "t.#.png", "o.#.exr", settings={"device": "cpu"})  # type: ignore[arg-type]
    assert MatteJob("a.#.exr", "t.#.png", "o.#.exr").settings == Settings()


def test_a_model_is_a_file_if_it_looks_like_one():
    assert is_model_file("mine.safetensors")
    assert is_model_file("weights/mine")
    assert not is_model_file("closed-form")


@pytest.mark.parametrize("field", ["plate", "trimap", "output", "model"])
def test_a_job_in_no_file_names_everything_by_its_full_path(field):
    document = {"schema": "dvm-job/1", "plate": "/p.####.exr", "trimap": "/t.####.exr", "output": "/a.####.exr"}
    assert MatteJob.from_dict(document, "").plate == "/p.####.exr"
    with pytest.raises(UsageError, match=f"'{field}' is .* full path"):
        MatteJob.from_dict({**document, field: "folder/x.####.exr"}, "")
