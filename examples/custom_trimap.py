"""From rough mattes (a roto, a key, a mask) to trimaps with a band of your own choice, and on to alphas.

python examples/custom_trimap.py plate.####.exr roto.####.png out
"""

import sys

import dvm_core as dvm
from dvm_core.io.matte_file import read_channel
from dvm_core.io.plate import PlateReader
from dvm_core.io.sequence import find_sequence
from dvm_core.io.trimap_file import TrimapWriter
from dvm_core.trimap.create import make_trimap


def main(plate: str, matte: str, folder: str, model: str = "lite") -> None:
    """Make the trimaps, then matte with them."""
    plates, mattes = PlateReader(plate), find_sequence(matte, "matte")
    trimaps = TrimapWriter(f"{folder}/trimap.####.png")
    for frame in mattes.frames:
        # Hair needs room outwards; inwards the roto is trusted to a few pixels.
        trimap = make_trimap(read_channel(mattes.path(frame), frame=frame), erode=4, dilate=12)
        trimaps.write(frame, trimap, plates.header(frame))
    dvm.matte(plate, trimap=f"{folder}/trimap.####.png", output=f"{folder}/alpha.####.exr", model=model)


if __name__ == "__main__":
    main(*sys.argv[1:])
