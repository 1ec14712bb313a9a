"""What a contact sheet shows, read back from its pixels."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from dvm_core.bridge.errors import UsageError
from dvm_core.review.comp import GREY, SATURATED, display_bytes
from dvm_core.review.contact_sheet import ReviewFrame, contact_sheet, error_picture


@pytest.fixture
def frame(truths, trimaps, predictions):
    plate = np.random.default_rng(0).random((45, 63, 3), np.float32)
    return ReviewFrame(1001, plate, trimaps[1001], predictions[1001], plate, truths[1001])


def cells(sheet, columns):
    """The pictures of a one-row sheet at full size: captions of 26 lines and gaps of 6 are taken off."""
    return [sheet[6 + 26 : 6 + 26 + 45, 6 + 69 * column : 6 + 69 * column + 63] for column in range(columns)]


def test_each_column_shows_its_picture(frame):
    plate, trimap, alpha, grey, blue, error = cells(contact_sheet([frame], cell_width=63), 6)
    assert np.array_equal(plate, display_bytes(frame.plate))
    assert np.array_equal(trimap[..., 1], frame.trimap)
    assert np.array_equal(alpha[..., 0], np.rint(255 * frame.alpha))
    empty = frame.alpha == 0
    assert np.all(grey[empty] == display_bytes(np.full((1, 1, 3), GREY, np.float32)))
    assert np.all(blue[empty] == display_bytes(np.full((1, 1, 3), SATURATED, np.float32)))
    assert np.array_equal(grey[frame.alpha == 1], plate[frame.alpha == 1])
    assert np.array_equal(error, error_picture(frame.alpha, frame.truth))


def test_captions_are_drawn(frame):
    sheet = contact_sheet([frame], cell_width=120)
    captions = sheet[6:32]
    assert all(captions[:, 6 + 126 * column : 126 + 126 * column].max() > 150 for column in range(6))


def test_without_truth_there_is_no_error_column(frame):
    with_truth = contact_sheet([frame], cell_width=63)
    without = contact_sheet([replace(frame, truth=None)], cell_width=63)
    assert np.array_equal(without, with_truth[:, : 6 + 5 * 69])


def test_every_frame_is_a_row_below_the_title(frame):
    one = contact_sheet([frame], cell_width=63).shape
    two = contact_sheet([frame, replace(frame, truth=None)], cell_width=63).shape
    titled = contact_sheet([frame], title="lite", cell_width=63).shape
    assert two == (one[0] + 77, one[1], 3)
    assert titled == (one[0] + 26, one[1], 3)


def test_pictures_are_fitted_to_the_cells(frame):
    sheet = contact_sheet([frame], cell_width=21)
    fitted = cv2.resize(display_bytes(frame.plate), (21, 15), interpolation=cv2.INTER_AREA)
    assert np.array_equal(sheet[32:47, 6:27], fitted)


def test_no_error_is_black_and_a_large_one_bright():
    picture = error_picture(np.array([[0.0, 0.3]], np.float32), np.zeros((1, 2), np.float32))
    assert picture[0, 0].max() < 10
    assert picture[0, 1].min() > 150


def test_a_sheet_needs_a_frame():
    with pytest.raises(UsageError, match="at least one frame"):
        contact_sheet([])
