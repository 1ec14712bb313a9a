"""Deadline 10 is not to be had here: its files are compared with what they were, and looked at."""

import json

import pytest

from dvm_core.bridge.errors import UsageError
from dvm_core.farm import deadline10 as view
from dvm_core.farm.plan import Chunks


def test_the_files_are_what_they_were(plain_plan, golden, clip):
    for name, text in view.files(plain_plan(Chunks(4)), clip.folder / "submission").items():
        golden(f"deadline10/{name}", text)


def test_the_last_step_waits_for_the_mattes(plain_plan, clip):
    files = view.files(plain_plan(Chunks(4)), clip.folder)
    jobs = json.loads(files[view.SUBMISSION])["Jobs"]
    assert [job["JobDependencies"] for job in jobs] == [[], ["index://0"]]
    assert all(job["JobInfoFilePath"].rpartition("/")[2] in files for job in jobs)


def test_a_path_with_a_blank_stays_one_word(plain_plan, clip):
    files = view.files(plain_plan(Chunks(4), model="closed-form", out="my mattes"), clip.folder)
    assert f"-o <QUOTE>{clip.folder}/my mattes/sh010.####.exr<QUOTE> " in files["matte.plugin"]


def test_chunks_by_time_are_refused(plain_plan, clip):
    with pytest.raises(UsageError, match="--chunk"):
        view.files(plain_plan(Chunks(4, seconds=60)), clip.folder)
