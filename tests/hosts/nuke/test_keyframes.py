"""The list of keyframes in one line of text."""

import pytest


@pytest.fixture
def keyframes(dvm_nuke):
    return dvm_nuke("keyframes")


@pytest.mark.parametrize("text", ["1001, 1024,1100", "1100 1001 1024 1024", " 1001,1024 , 1100 "])
def test_a_list_is_read_however_it_is_typed(keyframes, text):
    assert keyframes.read(text) == (1001, 1024, 1100)


def test_an_empty_list_is_no_frame(keyframes):
    assert keyframes.read(" ") == ()


def test_what_is_written_is_read_back(keyframes):
    frames = (-3, 0, 7, 1001)
    assert keyframes.read(keyframes.write(frames)) == frames


def test_a_list_of_something_else_is_refused(keyframes):
    with pytest.raises(Exception, match=r"Trimap keyframes: 'first"):
        keyframes.read("first")


def test_the_nearest_keyframe_is_found_on_either_side(keyframes):
    assert keyframes.previous((10, 20, 30), 20) == 10
    assert keyframes.following((10, 20, 30), 20) == 30
    assert keyframes.previous((10,), 10) is None
    assert keyframes.following((), 10) is None
