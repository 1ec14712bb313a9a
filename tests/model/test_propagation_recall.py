"""Global attention over keys, against the ridge regression of a textbook and against counting."""

import cv2
import numpy as np
import pytest

from dvm_core.model.propagation_recall import Recall


@pytest.fixture
def keys():
    noise = np.random.default_rng(4)
    labels = np.zeros((40, 50), bool)
    labels[10:30, 15:25] = True
    features = noise.standard_normal((40, 50, 6)).astype(np.float32)
    features[..., 2] += 3 * labels
    return features, labels


def expected_answers(features, labels):
    """Weighted ridge regression in double precision, solved as stacked least squares."""
    flat, truth = features.reshape(-1, features.shape[-1]).astype(np.float64), labels.ravel()
    values = np.column_stack([(flat - flat.mean(0)) / (flat.std(0) + 1e-3), np.ones(len(flat))])
    root = np.sqrt(np.where(truth, 0.5 / truth.mean(), 0.5 / (1 - truth.mean())))[:, None]
    ridge = np.sqrt(1e-4 * len(flat)) * np.eye(values.shape[1])
    target = np.concatenate([root[:, 0] * np.where(truth, 1.0, -1.0), np.zeros(values.shape[1])])
    weights = np.linalg.lstsq(np.vstack([values * root, ridge]), target, rcond=None)[0]
    return cv2.GaussianBlur((values @ weights).reshape(labels.shape), (0, 0), 1.5)


def test_answers_are_those_of_a_ridge_regression(keys):
    features, labels = keys
    recall = Recall([features], [labels])
    np.testing.assert_allclose(recall._answer(features), expected_answers(features, labels), atol=1e-3)


def test_odds_are_how_much_more_often_the_object_gave_that_answer(keys):
    features, labels = keys
    recall = Recall([features], [labels])
    answers, odds = expected_answers(features, labels), recall.odds(features)
    for low in np.linspace(-1, 0.8, 10):  # as wide as two of its own bins
        there = (answers >= low) & (answers < low + 0.2)
        inside, outside = (there & labels).sum(), (there & ~labels).sum()
        if min(inside, outside) > 15:
            expected = np.log(inside / labels.sum()) - np.log(outside / (~labels).sum())
            assert odds[there].mean() == pytest.approx(expected, abs=0.7)
    assert odds[labels].mean() > 1 > -1 > odds[~labels].mean()


def test_odds_never_fall_as_the_answer_rises(keys):
    recall = Recall([keys[0]], [keys[1]])
    order = np.argsort(recall._answer(keys[0]).ravel())
    assert (np.diff(recall.odds(keys[0]).ravel()[order]) >= 0).all()


def test_the_scale_and_the_offset_of_a_feature_do_not_matter(keys):
    features, labels = keys
    scaled = features * np.float32((100, 1, 20, 1, 1, 5)) + np.float32(7)
    one, other = Recall([features], [labels]).odds(features), Recall([scaled], [labels]).odds(scaled)
    assert np.abs(one - other).mean() < 0.02


def test_the_prior_is_the_objects_share(keys):
    assert Recall([keys[0]], [keys[1]]).prior == pytest.approx(np.log(0.1 / 0.9))


def test_several_keys_count_together(keys):
    features, labels = keys
    halves = Recall([features[:20], features[20:]], [labels[:20], labels[20:]])
    np.testing.assert_allclose(halves._answer(features), Recall([features], [labels])._answer(features), atol=1e-4)


@pytest.mark.parametrize("value", [False, True])
def test_keys_that_show_one_thing_only_teach_nothing(value):
    features = np.random.default_rng(0).random((8, 9, 3), dtype=np.float32)
    assert not Recall([features], [np.full((8, 9), value)]).knows


def test_features_that_tell_nothing_are_not_believed(keys):
    noise = np.random.default_rng(9).standard_normal((40, 50, 6)).astype(np.float32)
    assert not Recall([noise], [keys[1]]).knows
    assert Recall([keys[0]], [keys[1]]).knows
