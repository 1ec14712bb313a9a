"""Every example runs as it is printed in the documentation, on a tiny clip."""

import contextlib
import io

import cv2
import numpy as np
import pytest

from dvm_core.io.matte_file import read_channel


@pytest.mark.parametrize("model", ["lite", "closed-form"])
def test_simple(clip, tmp_path, capsys, model):
    import simple

    simple.main(clip.plate, clip.trimap, str(tmp_path), model)
    assert "2 alphas" in capsys.readouterr().out
    truth = read_channel(clip.truth.replace("####", "1002"))
    alpha = read_channel(tmp_path / "alpha.1002.exr")
    trimap = read_channel(clip.trimap.replace("####", "1002"))
    unknown = (trimap > 0.1) & (trimap < 0.9)
    assert np.abs(alpha - truth)[unknown].mean() < np.abs(trimap - truth)[unknown].mean()
    assert (tmp_path / "foreground.1001.exr").is_file()


@pytest.mark.parametrize("model", ["lite", "closed-form"])
def test_streaming(capsys, model):
    import streaming

    streaming.main(model)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"frame {n}" for n in range(5)]
    disc = np.pi * 40**2 / (128 * 192)
    for line in lines:
        assert float(line.split()[2].rstrip("%")) / 100 == pytest.approx(disc, rel=0.1)


def test_custom_trimap(clip, tmp_path):
    import custom_trimap

    custom_trimap.main(clip.plate, clip.truth, str(tmp_path), "closed-form")
    trimap = read_channel(tmp_path / "trimap.1001.png")
    given = read_channel(clip.trimap.replace("####", "1001"))
    assert set(np.rint(255 * np.unique(trimap))) == {0, 128, 255}
    assert np.all((trimap == 0) <= (given == 0))
    assert read_channel(tmp_path / "alpha.1002.exr").shape == (108, 192)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A small demo's folder, and what it said."""
    import run

    folder, said = tmp_path_factory.mktemp("demo"), io.StringIO()
    with contextlib.redirect_stdout(said):
        run.main(folder, ["closed-form"], 2, 5)
    return folder, said.getvalue()


def test_the_demo_leaves_what_it_names(demo):
    folder, said = demo
    assert "trimap alone" in said
    for name in ("alpha.1001.exr", "alpha.1002.exr", "foreground.1002.exr", "contact_sheet.png"):
        assert (folder / "closed-form" / name).is_file()
    assert list((folder / "closed-form").glob("comp.*"))


def test_the_picture_of_a_demo_shows_plate_trimap_alpha_and_comp(demo, tmp_path):
    import picture

    picture.main(demo[0], tmp_path / "docs" / "demo.png", "closed-form")
    strip = cv2.imread(str(tmp_path / "docs" / "demo.png"))
    plate, trimap, alpha, comp = (strip[:, start : start + 360] for start in (0, 368, 736, 1104))
    assert plate.shape == comp.shape == (270, 360, 3)
    assert (alpha[trimap == 255] >= 254).all()
    assert (alpha[trimap == 0] <= 1).all()
    sure = trimap.min(axis=2) == 255
    assert np.abs(plate.astype(int) - comp)[sure].mean() < np.abs(plate.astype(int) - comp)[~sure].mean() / 4
