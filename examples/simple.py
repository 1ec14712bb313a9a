"""The whole job in one call: plates and trimaps on disk in, EXR alphas and clean foregrounds out.

python examples/simple.py demo/clip/plate/plate.####.exr demo/clip/trimap/trimap.####.png demo/simple
"""

import sys

import dvm_core as dvm


def main(plate: str, trimap: str, folder: str, model: str = "lite") -> None:
    """Matte every frame of a shot."""
    result = dvm.matte(
        plate, trimap=trimap, output=f"{folder}/alpha.####.exr", fg=f"{folder}/foreground.####.exr", model=model
    )
    print(f"{len(result.frames)} alphas in {result.seconds:.1f} s, the last of them {result.outputs[-1]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
