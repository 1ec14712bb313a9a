"""A composed clip as files that `dvm matte`, `dvm eval` and `dvm finetune` take."""

from __future__ import annotations

from pathlib import Path

from dvm_core.io.alpha_file import AlphaWriter
from dvm_core.io.colour import LINEAR
from dvm_core.io.header import ImageHeader
from dvm_core.io.output import spec_of, write_image
from dvm_core.io.rgba_file import Rgba, write_rgba
from dvm_core.io.trimap_file import TrimapWriter
from dvm_core.training.camera import to_linear
from dvm_core.training.noise import Array
from dvm_core.training.synthetic import Take

NAMES = {
    "plate": "plate.####.exr",
    "alpha": "alpha.####.exr",
    "trimap": "trimap.####.png",
    "foreground": "foreground.####.exr",
}
"""Files of a clip's folder: scene-linear plate, exact alpha in full floats, trimap, straight foreground with alpha."""


def clip_folder(out: Path, number: int) -> Path:
    """Folder of one clip."""
    return out / f"{number:04d}"


def write_clip(folder: Path, take: Take) -> None:
    """Write a take, frames counted from 1.

    Args:
        folder: Made if it is not there.
        take: To write.

    Raises:
        OutputError: A file cannot be written.
    """
    alphas = AlphaWriter(folder / NAMES["alpha"], half=False)
    trimaps = TrimapWriter(folder / NAMES["trimap"])
    for at, alpha in enumerate(take.alphas):
        frame, name = at + 1, f"{at + 1:04d}"
        header = ImageHeader.plain(alpha.shape[1], alpha.shape[0])
        write_plate(folder / NAMES["plate"].replace("####", name), take.plates[at], header)
        alphas.write(frame, alpha, header)
        trimaps.write(frame, take.trimaps[at], header)
        foreground = Rgba(take.foregrounds[at], alpha, header)
        write_rgba(folder / NAMES["foreground"].replace("####", name), foreground)


def write_plate(path: Path, plate: Array, header: ImageHeader) -> None:
    """Write a plate as scene-linear half floats, and say so in the file.

    Args:
        path: File to write; its folder is made.
        plate: (H, W, 3) float32, display-referred sRGB in [0, 1].
        header: Of its size.

    Raises:
        OutputError: The file cannot be written.
    """
    spec = spec_of(header, header.display, ("R", "G", "B"), "half")
    spec.attribute("oiio:ColorSpace", LINEAR)
    write_image(path, spec, to_linear(plate))
