"""Times both operators at the networks' real shapes against their peers, and writes docs/PERFORMANCE.md.

    python benchmarks/ops.py [--repeats 5] [--write FILE]

Times are CPU times of this process, the best of several turns in which all contenders take part: on a machine that
other work shares, a wall clock measures the neighbours. Each timed run follows an untimed one of the same contender:
a virtual machine may have given the memory of results back to its host meanwhile, and fetching it again costs more
than some of the operators.
"""

import argparse
import platform
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import _ops_peers as peers
import torch
from _ops_peers import DeformConvCase, Run
from _rn50_layers import deform_conv_layers

from dvm_core.ops import correlation, kernels

DEFORM_CONV_SHAPES = [(64, 272, 480), (256, 136, 240), (512, 68, 120), (1024, 34, 60)]
CORRELATION_SHAPE = (256, 68, 120)
BEGIN, END = "<!-- operators: begin -->", "<!-- operators: end -->"


def best_times(runs: dict[str, Run], repeats: int) -> dict[str, float]:
    """Milliseconds of CPU time of each contender, the best of `repeats` turns."""
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(repeats):
        for name, run in runs.items():
            run()
            start = time.process_time()
            run()
            best[name] = min(best[name], (time.process_time() - start) * 1e3)
    return best


def deform_conv_runs(case: DeformConvCase, threads: int) -> dict[str, Run]:
    """Every contender that is there."""
    runs: dict[str, Run | None] = {
        "ours fp32": peers.ours(case, torch.float32),
        "ours bf16": peers.ours(case, torch.bfloat16),
        "ours backward": peers.backward(case),
        "oneDNN plain conv": peers.plain(case),
        "onnxruntime": peers.onnxruntime(case, threads),
        "OpenVINO": peers.openvino(case, threads),
        "torchvision": peers.torchvision(case),
    }
    if threads == 1:
        runs["torch reference"] = peers.reference(case)
    return {name: run for name, run in runs.items() if run is not None}


def deform_conv_table(threads: int, repeats: int) -> list[str]:
    """One row a shape: times, and in brackets how many times ours."""
    rows: list[str] = []
    for shape in DEFORM_CONV_SHAPES:
        times = best_times(deform_conv_runs(DeformConvCase.make(*shape), threads), repeats)
        if not rows:
            rows += header(["C @ H x W", *times])
        cells = [f"{value:.0f} ms ({value / times['ours fp32']:.2f}x)" for value in times.values()]
        rows.append(f"| {shape[0]} @ {shape[1]}x{shape[2]} | " + " | ".join(cells) + " |")
    return rows


def rn50_table(repeats: int) -> list[str]:
    """All deformable convolutions of one frame of `rn50`, against plain convolutions of the same shapes."""
    calls = Counter(deform_conv_layers(544, 960))
    totals: Counter[str] = Counter()
    for shape, count in calls.items():
        case = DeformConvCase.make(*shape)
        times = best_times({"ours fp32": peers.ours_raw(case), "oneDNN plain conv": peers.plain(case)}, repeats)
        totals.update({name: value * count for name, value in times.items()})
    ours, plain = totals.values()
    row = f"| {calls.total()} | {ours:.0f} ms | {plain:.0f} ms | {ours / plain:.2f}x |"
    return [*header(["calls", *totals, "ours against plain"]), row]


def correlation_table(repeats: int) -> list[str]:
    """The correlation of one pair of maps, radius 4."""
    torch.manual_seed(0)
    first, second = (torch.randn(1, *CORRELATION_SHAPE).contiguous(memory_format=torch.channels_last) for _ in range(2))
    runs: dict[str, Run] = {
        "ours fp32": lambda: correlation(first, second),
        "shift-multiply-mean in torch": peers.shift_multiply(first, second, 4),
    }
    times = best_times(runs, repeats)
    cells = [f"{value:.1f} ms ({value / times['ours fp32']:.1f}x)" for value in times.values()]
    shape = "{} @ {}x{}".format(*CORRELATION_SHAPE)
    return [*header(["C @ H x W", *times]), f"| {shape} | " + " | ".join(cells) + " |"]


def header(names: list[str]) -> list[str]:
    """The first two lines of a table."""
    return ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]


def report(repeats: int) -> str:
    """The whole section, as Markdown."""
    lines = [f"Machine: {processor()}, {kernels()}, torch {torch.__version__}.", ""]
    lines += [f"Command: `python benchmarks/ops.py --repeats {repeats}`. CPU time, best of {repeats}; in brackets,"]
    lines += ["times ours in float32. 8 deformable groups, 3x3 taps, offsets of 3 pixels' deviation.", ""]
    sections: list[tuple[str, Callable[[], list[str]], int]] = [
        ("Deformable convolution, 1 thread", lambda: deform_conv_table(1, repeats), 1),
        ("Deformable convolution, 2 threads (CPU time of both)", lambda: deform_conv_table(2, repeats), 2),
        ("`rn50`, one 960x544 frame, 2 threads (CPU time of both)", lambda: rn50_table(repeats), 2),
        ("Local correlation, radius 4, 1 thread", lambda: correlation_table(repeats), 1),
    ]
    for title, table, threads in sections:
        torch.set_num_threads(threads)
        with torch.inference_mode():
            lines += [f"### {title}", "", *table(), ""]
    return "\n".join(lines)


def processor() -> str:
    """The processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return f"{names[0]} ({len(names)} threads)" if names else platform.processor()


def write(path: Path, section: str) -> None:
    """Puts the section between its marks, or at the end of the file."""
    text = path.read_text() if path.exists() else "# Performance\n\n## Operators\n\n"
    if BEGIN not in text:
        text += f"{BEGIN}\n{END}\n"
    before, rest = text.split(BEGIN)
    path.write_text(f"{before}{BEGIN}\n{section}{END}{rest.split(END)[1]}")


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", type=Path, default=Path(__file__).parents[1] / "docs" / "PERFORMANCE.md")
    options = parser.parse_args()
    section = report(options.repeats)
    print(section)
    write(options.write, section)


if __name__ == "__main__":
    main()
