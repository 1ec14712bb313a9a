import numpy as np

from dvm_core.io.matte_file import read_channel
from dvm_core.io.plate import PlateReader
from dvm_core.io.rgba_file import read_rgba
from dvm_core.io.trimap_file import TrimapReader
from dvm_core.training.clip_files import write_clip
from dvm_core.training.synthetic import make_take


def test_the_engine_reads_a_clip_as_it_was_composed(tmp_path, library, rng):
    take = make_take(library, rng, 64, frames=3)
    write_clip(tmp_path, take)
    plates, trimaps = PlateReader(tmp_path / "plate.####.exr"), TrimapReader(tmp_path / "trimap.####.png")
    assert plates.frames == trimaps.frames == (1, 2, 3)
    for at, frame in enumerate(plates.frames):
        bright = take.plates[at] < 0.9  # below the roll-off of what the network sees
        assert np.abs(plates.read(frame).display - take.plates[at])[bright].max() < 2e-3
        np.testing.assert_array_equal(trimaps.read(frame), take.trimaps[at])
        np.testing.assert_array_equal(read_channel(tmp_path / f"alpha.{frame:04d}.exr"), take.alphas[at])
        foreground = read_rgba(tmp_path / f"foreground.{frame:04d}.exr")
        np.testing.assert_allclose(foreground.rgb, take.foregrounds[at], rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(foreground.alpha, take.alphas[at], atol=5e-4)
