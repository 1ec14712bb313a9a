"""Kept scores, and ratios of them."""

import json

import pytest


def test_kept_scores_hold_for_the_pictures_they_were_measured_on(tmp_path):
    from benchmarks.evaluation.scores import Store

    scores = dict.fromkeys(("sad", "mse", "grad", "conn", "ssda", "dtssd", "messddt"), 0.123456789)
    Store(tmp_path / "peer.json").put("clip", "medium", "abc", scores)
    again = Store(tmp_path / "peer.json")
    assert again.get("clip", "medium", "abc")["sad"] == pytest.approx(0.123457)
    assert again.get("clip", "medium", "other") is None
    assert again.get("clip", "wide", "abc") is None


def test_the_file_is_the_same_whatever_the_order_of_clips(tmp_path):
    from benchmarks.evaluation.scores import NAMES, Store

    scores = dict.fromkeys(NAMES, 1.0)
    for name, order in (("one", "ab"), ("two", "ba")):
        store = Store(tmp_path / f"{name}.json")
        for clip in order:
            store.put(clip, "medium", "f", scores)
    assert (tmp_path / "one.json").read_text() == (tmp_path / "two.json").read_text()
    assert list(json.loads((tmp_path / "one.json").read_text())) == ["a/medium", "b/medium"]


def test_a_ratio_is_the_geometric_mean_over_the_clips_of_both():
    from benchmarks.evaluation.scores import ratio

    first = {"a": {"sad": 2.0}, "b": {"sad": 0.5}, "only": {"sad": 9.0}}
    assert ratio(first, {"a": {"sad": 1.0}, "b": {"sad": 1.0}}, "sad") == pytest.approx(1.0)
    with pytest.raises(ValueError, match="clip in common"):
        ratio(first, {"none": {"sad": 1.0}}, "sad")


def test_the_table_names_the_worst_clip():
    from benchmarks.evaluation.report import ratios
    from benchmarks.evaluation.scores import NAMES

    base = {clip: dict.fromkeys(NAMES, 1.0) for clip in ("good", "bad")}
    ours = {"good": dict.fromkeys(NAMES, 0.5), "bad": dict.fromkeys(NAMES, 2.0)}
    assert ratios({"lite": ours, "closed-form": base}).splitlines()[-1] == (
        "| lite | 2 | " + " | ".join(["1.00"] * len(NAMES)) + " | bad, 2.00 |"
    )
