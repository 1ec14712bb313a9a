"""How plates are composed, on tiny clips that are written as the suite's own are."""

import numpy as np
import OpenImageIO as oiio
import pytest

SIZE = (18, 32)


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A clip of two frames in folders of its own."""
    from benchmarks.evaluation import clips, pictures

    rng = np.random.default_rng(3)
    for frame in range(2):
        picture = rng.integers(0, 256, (*SIZE, 4), np.uint8)
        pictures.write_foreground(tmp_path / "fg" / "tiny", frame, picture)
        pictures.write_colour(tmp_path / "bg" / "wall" / f"{frame:02d}.webp", np.full((*SIZE, 3), 90, np.uint8))
    monkeypatch.setattr(clips, "FOREGROUNDS", tmp_path / "fg")
    monkeypatch.setattr(clips, "BACKGROUNDS", tmp_path / "bg")
    monkeypatch.setitem(clips.CLIPS, "tiny", clips.Clip("tiny", "wall", grain=0.0))
    return picture


def test_the_truth_is_the_alpha_that_the_plate_was_composed_with(tiny):
    from benchmarks.evaluation import clips, pictures

    take = clips.make_take("tiny", "medium", frames=2)
    assert (take.alphas[1] == tiny[..., 3] / np.float32(255)).all()  # kept without loss
    colour, alpha = pictures.read_foreground(clips.FOREGROUNDS / "tiny", 1)
    behind = pictures.linear(pictures.read_colour(clips.BACKGROUNDS / "wall" / "01.webp"))
    expected = alpha[..., None].astype(np.float64) * colour + (1 - alpha[..., None].astype(np.float64)) * behind
    assert np.abs(pictures.linear(take.plates[1]) - expected).max() < 1e-5


def test_light_is_linearised_as_openimageio_does():
    from benchmarks.evaluation.pictures import display, linear

    ramp = np.linspace(0, 1, 96, dtype=np.float32).reshape(4, 8, 3)
    theirs = oiio.ImageBufAlgo.colorconvert(oiio.ImageBuf(ramp.copy()), "srgb_rec709_scene", "lin_rec709_scene")
    assert np.abs(linear(ramp) - theirs.get_pixels(oiio.FLOAT)).max() < 1e-4
    assert np.abs(display(linear(ramp)) - ramp).max() < 1e-5


def test_grain_grows_with_the_light_and_has_no_bias():
    from benchmarks.evaluation.clips import grainy

    dark, bright = (np.full((200, 200, 3), level, np.float32) for level in (0.02, 0.8))
    noisy = [grainy(level, 1.0, np.random.default_rng(1)) - level for level in (dark, bright)]
    assert noisy[1].std() > 3 * noisy[0].std() > 0
    assert abs(noisy[1].mean()) < 1e-4


def test_the_same_clip_has_the_same_bits_and_the_same_fingerprint(tiny):
    from benchmarks.evaluation import clips

    first, second = (clips.make_take("tiny", "medium", frames=2) for _ in range(2))
    assert (first.plates == second.plates).all()
    assert clips.fingerprint("tiny", "medium", 2) == clips.fingerprint("tiny", "medium", 2)


def test_the_fingerprint_tells_trimaps_and_pictures_apart(tiny):
    from benchmarks.evaluation import clips, pictures

    before = clips.fingerprint("tiny", "medium", 2)
    assert clips.fingerprint("tiny", "wide", 2) != before
    pictures.write_colour(clips.BACKGROUNDS / "wall" / "01.webp", np.full((*SIZE, 3), 91, np.uint8))
    assert clips.fingerprint("tiny", "medium", 2) != before


def test_every_clip_is_in_the_repository_whole_and_in_its_size():
    from benchmarks.evaluation import clips, pictures

    for clip in clips.CLIPS.values():
        for frame in range(clips.FRAMES):
            colour, alpha = pictures.read_foreground(clips.FOREGROUNDS / clip.foreground, frame)
            wanted = (1080, 1920) if clip.foreground.endswith("_hd") else (360, 640)
            assert colour.shape[:2] == alpha.shape == wanted
            assert alpha.max() == 1.0
            assert alpha.min() == 0.0
            assert (clips.BACKGROUNDS / clip.background / f"{frame:02d}.webp").is_file()
