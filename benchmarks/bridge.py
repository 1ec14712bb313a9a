"""The bridge between host and engine: `python benchmarks/bridge.py`, a table with each bar beside what was measured.

Start is measured against a bare `import torch` in a process of the same interpreter, in alternation, for torch's own
import is most of it and none of ours.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

from dvm_core.bridge.client import Worker

START_BAR, ROUND_TRIP_BAR = 1.5, 0.002  # seconds


def torch_alone() -> float:
    """Seconds from nothing to a process that has imported torch and nothing else."""
    program = "import torch, sys; print(flush=True); sys.stdin.read()"
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-I", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        if process.stdout is None or not process.stdout.readline():
            raise SystemExit("torch cannot be imported here")
        seconds = time.perf_counter() - started
        process.communicate()
    return seconds


def worker_up() -> float:
    """Seconds from nothing to the engine's hello."""
    worker = Worker(sys.executable)
    started = time.perf_counter()
    worker.start()
    seconds = time.perf_counter() - started
    worker.stop()
    return seconds


def round_trips(count: int) -> list[float]:
    """Seconds of each of many pings, to an engine that idles."""
    worker = Worker(sys.executable)
    worker.start()
    worker.ping()
    seconds = [worker.ping() for _ in range(count)]
    worker.stop()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=5, help="starts of each kind (default %(default)s)")
    parser.add_argument("--pings", type=int, default=1000, help="round trips (default %(default)s)")
    arguments = parser.parse_args()
    torch_alone(), worker_up()  # files into the cache
    pairs = [(torch_alone(), worker_up()) for _ in range(arguments.starts)]
    alone, up = (statistics.median(kind) for kind in zip(*pairs, strict=True))
    trips = sorted(round_trips(arguments.pings))
    middle, late = statistics.median(trips), trips[int(0.99 * len(trips))]
    start = f"{up - alone:.2f} s ({up:.2f} s against {alone:.2f} s)"
    trip = f"{middle * 1e3:.3f} ms (99 of 100 within {late * 1e3:.3f} ms)"
    print("| what | measured | bar | met |\n|---|---|---|---|")
    print(f"| worker start, beyond torch's import | {start} | <= {START_BAR} s | {_met(up - alone <= START_BAR)} |")
    print(f"| round trip, median | {trip} | < {ROUND_TRIP_BAR * 1e3:g} ms | {_met(middle < ROUND_TRIP_BAR)} |")


def _met(bar: bool) -> str:
    return "yes" if bar else "no"


if __name__ == "__main__":
    main()
