import numpy as np
import OpenImageIO as oiio
import pytest

CARD = np.array([0.045, 0.40, 0.085], np.float32)


@pytest.fixture
def footage(shot):
    """The shot's disc, grey, before a green card."""
    for frame in shot.frames:
        truth = oiio.ImageBuf(str(shot.folder / f"truth.{frame}.exr")).get_pixels(oiio.FLOAT)
        noise = 0.003 * np.random.default_rng(frame).standard_normal((*shot.size, 3))
        shot.write_plate(frame, truth * 0.3 + (1 - truth) * CARD + noise)
    return shot


def _arguments(footage, *more, name="fg.####.exr"):
    return ["dataset", "key", footage.plate, "-o", footage.folder / name, *more]


def test_colour_and_alpha_of_every_frame_are_written(dvm, footage, image_reader):
    ran = dvm(*_arguments(footage, "--alpha", footage.folder / "key.####.exr"))
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[0].startswith("Screen: 0.0")
    for frame in footage.frames:
        written = image_reader(footage.folder / f"fg.{frame}.exr")
        truth = image_reader(footage.folder / f"truth.{frame}.exr")[..., 0]
        assert np.abs(written[..., 3] - truth).mean() < 0.02
        np.testing.assert_allclose(written[truth > 0.5][:, :3], 0.3, atol=0.06)
        np.testing.assert_allclose(
            image_reader(footage.folder / f"key.{frame}.exr")[..., 0], written[..., 3], atol=1e-3
        )


def test_colour_can_be_premultiplied(dvm, footage, image_reader):
    assert dvm(*_arguments(footage, "--range", "1001")).code == 0
    assert dvm(*_arguments(footage, "--range", "1001", "--premultiplied", name="pre.####.exr")).code == 0
    straight, multiplied = (image_reader(footage.folder / f"{name}.1001.exr") for name in ("fg", "pre"))
    np.testing.assert_allclose(multiplied[..., :3], straight[..., :3] * straight[..., 3:], atol=1e-3)


def test_core_and_garbage_mattes_are_heeded(dvm, footage, image_writer, image_reader):
    mask = np.zeros((*footage.size, 1), np.uint8)
    mask[:4, :4] = 255
    image_writer(footage.folder / "core.png", mask, ("Y",), "uint8")
    image_writer(footage.folder / "garbage.png", mask[::-1, ::-1].copy(), ("Y",), "uint8")
    mattes = ("--core", footage.folder / "core.png", "--garbage", footage.folder / "garbage.png")
    ran = dvm(*_arguments(footage, *mattes, "--range", "1001"))
    assert ran.code == 0, ran.err
    alpha = image_reader(footage.folder / "fg.1001.exr")[..., 3]
    assert (alpha[:4, :4] == 1).all()
    assert (alpha[-4:, -4:] == 0).all()


def test_a_matte_of_another_size_is_named(dvm, footage, image_writer):
    image_writer(footage.folder / "core.png", np.zeros((5, 6, 1), np.uint8), ("Y",), "uint8")
    ran = dvm(*_arguments(footage, "--core", footage.folder / "core.png"))
    assert ran.code == 3
    assert "Expected a matte of the clip's 46 x 33 pixels, found 6 x 5." in ran.err
    assert "core.png" in ran.err


def test_footage_without_a_screen_is_code_3(dvm, shot):
    ran = dvm("dataset", "key", shot.plate, "-o", shot.folder / "fg.####.exr")
    assert ran.code == 3
    assert "Expected a green or blue screen" in ran.err
    assert "plate.1001.exr" in ran.err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--screen", "red"), "auto, green or blue"),
        (("--screen-colour", "1,2"), "R,G,B"),
        (("--screen-colour", "0.5,0.1,0.1"), "R,G,B"),
        (("--range", "x"), "x"),
    ],
)
def test_wrong_options_are_code_2(dvm, footage, more, message):
    ran = dvm(*_arguments(footage, *more))
    assert ran.code == 2
    assert message in ran.err


def test_a_png_cannot_be_premultiplied(dvm, footage):
    ran = dvm(*_arguments(footage, "--premultiplied", name="fg.####.png"))
    assert ran.code == 2
    assert not list(footage.folder.glob("fg.*"))


def test_files_that_are_there_are_kept(dvm, footage):
    kept = footage.folder / "fg.1002.exr"
    kept.write_bytes(b"painted by hand")
    assert dvm(*_arguments(footage)).code == 6
    assert kept.read_bytes() == b"painted by hand"
    assert not (footage.folder / "fg.1001.exr").exists()
