"""The demo's clip is what it says: deterministic, linear, with exact coverage, and never outside its own set."""

import cv2
import numpy as np
import pytest

from dvm_core.io.matte_file import read_channel
from dvm_core.io.plate import PlateReader
from dvm_core.io.sequence import find_sequence
from dvm_core.io.trimap_file import TrimapReader

SIZE = (108, 192)


@pytest.fixture(scope="module")
def scene():
    from background import Wood
    from creature import Creature

    return Creature(np.random.default_rng(3)), Wood(np.random.default_rng(4), (540, 960))


def test_every_frame_has_plate_trimap_and_truth_of_one_size(clip):
    plates, trimaps = PlateReader(clip.plate, keep_linear=True), TrimapReader(clip.trimap)
    truths = find_sequence(clip.truth)
    assert plates.frames == trimaps.frames == truths.frames == clip.frames == (1001, 1002)
    assert plates.colorspace.name == "lin_rec709_scene"
    for frame in clip.frames:
        truth = read_channel(truths.path(frame))
        assert plates.read(frame).linear.shape == (*SIZE, 3)
        trimap = trimaps.read(frame)
        assert truth.shape == trimap.shape == SIZE
        assert np.all(truth[trimap == 255] > 0.94)
        assert np.all(truth[trimap == 0] < 0.06)


def test_the_same_clip_comes_out_every_time(clip, tmp_path):
    from make_clip import make_clip

    again = make_clip(tmp_path, 1, 5)
    for pattern, other in ((clip.plate, again.plate), (clip.truth, again.truth), (clip.trimap, again.trimap)):
        first, second = (find_sequence(name).path(1001).read_bytes() for name in (pattern, other))
        assert first == second


def test_strands_lie_where_they_should_and_are_thinner_than_a_pixel():
    """Against the same line drawn sixteen times finer; OpenCV softens its lines, so only their place can be equal."""
    from strands import paint

    points = np.array([[[4.0, 3.0], [30.0, 11.0], [36.0, 27.0]]])
    canvas = np.zeros((40 * 3, 40 * 3, 4), np.uint8)
    paint(canvas, points, np.ones((1, 3)), scale=3, tone=(1.0,))
    alpha = cv2.resize(canvas.astype(np.float32), (40, 40), interpolation=cv2.INTER_AREA)[..., 3] / 255
    fine = np.zeros((40 * 48, 40 * 48), np.uint8)
    cv2.polylines(fine, [np.rint(points[0] * 48).astype(np.int32)], False, 255, 16)
    expected = cv2.resize(fine.astype(np.float32), (40, 40), interpolation=cv2.INTER_AREA) / 255
    grid = np.mgrid[:40, :40].reshape(2, -1)
    centre, true_centre = (grid @ image.ravel() / image.sum() for image in (alpha, expected))
    np.testing.assert_allclose(centre, true_centre, atol=0.1)
    length = np.linalg.norm(np.diff(points[0], axis=0), axis=1).sum()
    assert 0.2 < alpha.sum() / length < 1


def test_colour_is_premultiplied_and_never_exceeds_its_coverage(scene):
    creature, _ = scene
    canvas = creature.draw(11.3, (540, 960)).astype(int)
    assert canvas[..., 3].max() == 255
    assert np.all(canvas[..., :3] <= canvas[..., 3:] + 2)
    assert canvas[0, 0].tolist() == [0, 0, 0, 0]


def test_the_creature_moves_and_its_hair_follows_later(scene):
    creature, _ = scene
    strands = creature._front
    from motion import Pose, head

    def rigid(time):
        """The head's pose, the same along the whole strand."""
        return head(np.full_like(time, 13.0))

    lagging, stiff = strands.at(13.0, head), strands.at(13.0, rigid)
    assert isinstance(rigid(np.zeros(1)), Pose)
    np.testing.assert_allclose(lagging[:, 0], stiff[:, 0], atol=1e-6)
    assert np.linalg.norm(lagging[:, -1] - stiff[:, -1], axis=1).mean() > 5


def test_the_camera_never_looks_past_the_set(scene):
    _, wood = scene
    views = [wood.draw(time) for time in np.linspace(-0.5, 24, 8)]
    assert all(view.min() > 0 for view in views)
    assert max(view.max() for view in views) > 1.5
    assert np.abs(views[0] - views[-1]).mean() > 0.02
