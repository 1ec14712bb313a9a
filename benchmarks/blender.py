"""What Blender adds to a matte: `python benchmarks/blender.py`, the Matte button against `dvm matte` on the same files.

Both are whole processes from start to last alpha, run by turns; the shot is the plate and trimap files of
`benchmarks/pipeline.py`. Blender reads no pixel of a plate that is files, so what it adds is its own start and the talk
with the engine. The bar is for 50 frames of 1080p. Time of the clock is what an artist waits for; processor time, of
each process and its children, is what can be compared on a machine that has other work as well.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from pipeline import DVM, HD, make_shot

from dvm_core.install import lay_out

ROOT = Path(__file__).resolve().parents[1]
BAR = 0.03

IN_BLENDER = """
import sys, time
import bpy
shot, first, last, model = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
bpy.ops.preferences.addon_enable(module="dvm_matte")
from dvm_matte import compat
scene = bpy.context.scene
scene.frame_start, scene.frame_end = first, last
tree = compat.compositing_tree(scene, create=True)
tree.nodes.clear()
plate = tree.nodes.new("CompositorNodeImage")
plate.image = bpy.data.images.load(f"{shot}/plate.{first}.exr")
plate.image.source = "SEQUENCE"
plate.frame_start, plate.frame_offset, plate.frame_duration = first, first - 1, last - first + 1
tree.nodes.active = plate
bpy.ops.dvm.add()
settings = tree.nodes.active.node_tree.dvm
settings.trimap_source, settings.trimap_files = "FILES", f"{shot}/trimap.{first}.png"
settings.output, settings.model = f"{shot}/blender.####.exr", model
bpy.ops.dvm.matte()
"""


class Taken(NamedTuple):
    """Seconds of a process: of the clock, and of processors, its children's included."""

    clock: float
    processors: float


def taken(command: list[str], environment: dict[str, str]) -> Taken:
    """What a process takes."""
    before, started = _processors_of_children(), time.perf_counter()
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(f"{command[0]} failed: {ran.stderr[-800:]}")
    return Taken(time.perf_counter() - started, _processors_of_children() - before)


def _processors_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blender", default="5.0", help="version")
    parser.add_argument("--frames", type=int, default=50)
    parser.add_argument("--size", default="{}x{}".format(*HD[::-1]), help="WIDTHxHEIGHT")
    parser.add_argument("--model", default="lite", help="name")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each; the quickest count")
    options = parser.parse_args()
    python = ROOT / f".venv-blender-{options.blender}" / "bin" / "python"
    if not python.exists():
        print(f"Blender {options.blender} is not installed here; `make hosts` does that. Nothing was measured.")
        return
    width, height = map(int, options.size.split("x"))
    with tempfile.TemporaryDirectory(prefix="dvm-bench-") as name:
        folder = Path(name)
        shot = make_shot(folder / "shot", (height, width), options.frames, 0.05)
        lay_out("blender", folder / "scripts" / "addons" / "dvm_matte")
        environment = {**os.environ, "BLENDER_USER_SCRIPTS": str(folder / "scripts"), "DVM_PYTHON": sys.executable}
        ends = ["1001", str(1000 + options.frames)]
        inside = [str(python), "-c", IN_BLENDER, str(shot), *ends, options.model]
        files = [f"{shot}/plate.####.exr", "--trimap", f"{shot}/trimap.####.png", "-o", f"{shot}/shell.####.exr"]
        shell = [*DVM, "matte", *files, "--model", options.model, "--overwrite", "--progress", "none"]
        pairs = [(taken(shell, environment), taken(inside, environment)) for _ in range(options.repeats)]
    print(f"Blender {options.blender} against `dvm matte`, {options.frames} frames of {options.size}\n")
    print("| what | measured | bar | met |\n|---|---|---|---|")
    for kind in Taken._fields:
        alone, within = (min(getattr(run, kind) for run in runs) for runs in zip(*pairs, strict=True))
        overhead = within / alone - 1
        print(
            f"| {kind} | {within:.1f} s against {alone:.1f} s ({overhead:+.1%}) "
            f"| +{BAR:.0%} | {'yes' if overhead <= BAR else 'no'} |"
        )


if __name__ == "__main__":
    main()
