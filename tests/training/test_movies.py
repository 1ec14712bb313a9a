from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from dvm_core.bridge.errors import InputError
from dvm_core.training.camera import to_linear
from dvm_core.training.material import MoviePair, find_movies
from dvm_core.training.movies import Cut, movie_take
from dvm_core.training.variety import WILD

av = pytest.importorskip("av")

FRAMES, HEIGHT, WIDTH = 7, 96, 128
EVEN = replace(WILD, radius=5)


def write_movie(path, pictures):
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(24), options={"qscale": "2"})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def data_set(tmp_path_factory):
    """A red disc that goes right by four pixels a frame; a green scene that grows brighter."""
    root = tmp_path_factory.mktemp("data")
    alphas = []
    for frame in range(FRAMES):
        disc = cv2.circle(np.zeros((HEIGHT, WIDTH), np.uint8), (40 + 4 * frame, 48), 22, 255, -1)
        alphas.append(np.repeat(cv2.GaussianBlur(disc, (0, 0), 2.5)[..., None], 3, axis=2))
    red = np.full((HEIGHT, WIDTH, 3), (200, 30, 30), np.uint8)
    write_movie(root / "fg/video/train/0000/f.mp4", [red] * FRAMES)
    write_movie(root / "fg/video/train/0000/a.mp4", alphas)
    scenes = [np.full((HEIGHT, WIDTH, 3), (20, 90 + 10 * frame, 20), np.uint8) for frame in range(FRAMES)]
    write_movie(root / "bg/train/0000.mp4", scenes)
    return root


def test_a_take_holds_consecutive_frames_of_both_movies(data_set, library, rng):
    take = movie_take(library, rng, Cut(96, 3, EVEN), *find_movies(data_set))
    assert take.plates.shape == (3, 96, 96, 3)
    columns = [np.average(np.arange(96), weights=alpha.sum(axis=0)) for alpha in take.alphas]
    np.testing.assert_allclose(np.diff(columns), 4, atol=1.0)
    solid, empty = take.alphas > 0.99, take.alphas < 0.01
    assert take.plates[solid][:, 0].mean() > 2 * take.plates[solid][:, 1].mean()
    greens = [plate[free][:, 1].mean() for plate, free in zip(take.plates, empty, strict=True)]
    assert greens[0] < greens[1] < greens[2]


def test_known_pixels_of_the_trimap_are_known_in_alpha(data_set, library, rng):
    take = movie_take(library, rng, Cut(64, 3, WILD), *find_movies(data_set))
    assert (take.alphas[take.trimaps == 255] == 1).all()
    assert (take.alphas[take.trimaps == 0] == 0).all()


def test_a_take_composites_what_it_says(data_set, library):
    """Over grain and compression: away from them the plate is the compositing equation of its own parts."""
    for seed in range(40):
        take = movie_take(library, np.random.default_rng(seed), Cut(64, 1, EVEN), *find_movies(data_set))
        solid = take.alphas == 1
        if solid.any():
            difference = to_linear(take.plates)[solid] - np.clip(take.foregrounds[solid], 0, 1)
            assert np.abs(difference.mean(axis=0)).max() < 0.02


def test_equal_randomness_gives_equal_takes(data_set, library):
    first, second = (
        movie_take(library, np.random.default_rng(5), Cut(64, 3, WILD), *find_movies(data_set)) for _ in range(2)
    )
    np.testing.assert_array_equal(first.plates, second.plates)
    np.testing.assert_array_equal(first.trimaps, second.trimaps)


@pytest.mark.parametrize("missing", ["foregrounds", "backgrounds"])
def test_a_still_stands_for_movies_that_are_not_there(data_set, library, rng, missing):
    pairs, scenes = find_movies(data_set)
    kept = ([], scenes) if missing == "foregrounds" else (pairs, [])
    take = movie_take(library, rng, Cut(64, 3, EVEN), *kept)
    assert take.alphas.shape == (3, 64, 64)


def test_a_movie_that_is_too_short_is_named(data_set, library, rng):
    pairs, scenes = find_movies(data_set)
    with pytest.raises(InputError, match=r"f\.mp4' has 7 frames, and clips of 9 are asked for"):
        movie_take(library, rng, Cut(64, 9, EVEN), pairs, scenes)


def test_a_movie_smaller_than_the_clip_is_enlarged(data_set, library, rng):
    assert movie_take(library, rng, Cut(160, 1, EVEN), *find_movies(data_set)).plates.shape == (1, 160, 160, 3)


def test_an_alpha_without_a_mixed_pixel_is_composed_all_the_same(tmp_path, library, rng):
    white = [np.full((64, 64, 3), 255, np.uint8)] * 3
    pair = MoviePair(write_movie(tmp_path / "f.mp4", white), write_movie(tmp_path / "a.mp4", white))
    assert (movie_take(library, rng, Cut(32, 3, EVEN), [pair], []).alphas == 1).all()
