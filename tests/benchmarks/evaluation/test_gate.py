"""The gate's judgement on scores made up for it."""

import pytest


def _scores(sad, dtssd=10.0):
    return {"sad": sad, "dtssd": dtssd}


def test_a_checkpoint_as_good_as_both_passes():
    from benchmarks.evaluation.gate import objections

    same = {"a": _scores(1.0), "b": _scores(2.0)}
    assert objections(same, same, same) == []


def test_one_bad_clip_is_enough_to_object_and_is_named():
    from benchmarks.evaluation.gate import objections

    told = objections({"a": _scores(0.1), "b": _scores(2.3)}, {"a": _scores(1.0), "b": _scores(2.0)}, {})
    assert len(told) == 1
    assert "b: SAD is 1.15x" in told[0]


@pytest.mark.parametrize(("worst", "count"), [(1.1, 1), (1.2, 0)])
def test_the_bound_on_a_clip_can_be_stated(worst, count):
    from benchmarks.evaluation.gate import objections

    assert len(objections({"b": _scores(2.3)}, {"b": _scores(2.0)}, {}, worst)) == count


def test_a_step_back_behind_the_last_weights_is_an_objection_though_closed_form_is_beaten():
    from benchmarks.evaluation.gate import objections

    told = objections(
        {"a": _scores(0.53, 10.0), "b": _scores(0.5, 11.0)}, {"a": _scores(1), "b": _scores(1)},
        {"a": _scores(0.5), "b": _scores(0.5)},
    )  # fmt: skip
    assert [line.split()[0] for line in told] == ["sad", "dtssd"]


def test_a_step_back_on_one_clip_may_be_made_good_on_another():
    from benchmarks.evaluation.gate import objections

    found = {"a": _scores(0.55), "b": _scores(0.45)}
    assert objections(found, {"a": _scores(1), "b": _scores(1)}, {"a": _scores(0.5), "b": _scores(0.5)}) == []


def test_a_clip_without_a_score_of_closed_form_does_not_pass_unseen():
    from benchmarks.evaluation.gate import objections

    assert "closed-form has no score" in objections({"a": _scores(0.1)}, {}, {})[0]
