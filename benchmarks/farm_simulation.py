"""A farm on paper: what many shots cost in queue, storage and machine hours: `python benchmarks/farm_simulation.py`.

Every task of every shot is simulated. Three things are shared and can be waited for: the manager that hands tasks out,
the storage that frames are read from and written to, and the slots. A task takes its start, then the
longer of computing and transferring, for frames are read and written while others are computed. Numbers to put in come
from `benchmarks/farm.py`; docs/SCALING.md has the results.
"""

from __future__ import annotations

import argparse
import heapq
import random
from dataclasses import dataclass, fields, replace
from itertools import pairwise


@dataclass(frozen=True)
class Farm:
    """What is simulated.

    Attributes:
        shots: How many.
        frames: In each shot.
        slots: Tasks that run at once: machines, times tasks on each.
        seconds: Of computing, for a frame.
        start: Seconds from a task's begin to its first frame: interpreter, libraries, weights.
        chunk: Frames in a task.
        reach: Frames that a chunk reads on each side of its own.
        encode: Part of a frame's computing that a neighbour costs.
        read: Megabytes read for a frame.
        write: Megabytes written for a frame.
        storage: Megabytes a second of the storage.
        dispatch: Tasks that the manager can hand out in a second.
        lost: Part of the tasks whose machine dies half-way; they are begun again.
        qc: Seconds of a shot's last task.
    """

    shots: int = 10_000
    frames: int = 200
    slots: int = 4_000
    seconds: float = 1.5
    start: float = 5.0
    chunk: int = 20
    reach: int = 2
    encode: float = 0.3
    read: float = 7.2
    write: float = 0.14
    storage: float = 5_000.0
    dispatch: float = 20.0
    lost: float = 0.01
    qc: float = 30.0


@dataclass(frozen=True)
class Result:
    """What came of it.

    Attributes:
        minutes: Until the last shot is finished.
        tasks: Handed out, those that were lost included.
        busy: Part of the slots' time in which a frame was computed that had to be.
        rate: Tasks handed out in a second, on average.
        load: Megabytes a second of the storage, on average.
        queue: Part of its time in which the manager was handing out.
        full: Part of its time in which the storage was at its limit.
        hours: Slot hours; divided by the tasks on a machine they are machine hours.
    """

    minutes: float
    tasks: int
    busy: float
    rate: float
    load: float
    queue: float
    full: float
    hours: float


class _Line:
    """Something that serves one after another."""

    def __init__(self) -> None:
        self.free = 0.0
        self.used = 0.0

    def serve(self, now: float, seconds: float) -> float:
        """When a request of so many seconds, made now, is done."""
        self.free = max(self.free, now) + seconds
        self.used += seconds
        return self.free


def simulate(farm: Farm, seed: int = 1) -> Result:
    """Run every task of every shot through the farm."""
    dice = random.Random(seed)
    manager, storage = _Line(), _Line()
    idle = [0.0] * farm.slots
    tasks, moved = 0, 0.0
    for _ in range(farm.shots):
        ended = 0.0
        for piece in _pieces(farm):
            done = False
            while not done:
                now = heapq.heappop(idle)
                begin = manager.serve(now, 1 / farm.dispatch)
                lost = dice.random() < farm.lost
                share = 0.5 if lost else 1.0
                amount = share * _megabytes(farm, piece)
                computed = begin + farm.start + share * _seconds(farm, piece)
                ends = max(computed, storage.serve(begin + farm.start, amount / farm.storage))
                heapq.heappush(idle, ends)
                tasks, moved, done = tasks + 1, moved + amount, not lost
                ended = max(ended, ends)
        now = heapq.heappop(idle)
        # The look at the end waits for the shot, its machine does not: it takes another shot's task meanwhile.
        begin = manager.serve(now, 1 / farm.dispatch)
        moved += farm.frames * farm.write
        heapq.heappush(idle, storage.serve(begin, farm.frames * farm.write / farm.storage) + farm.start + farm.qc)
        tasks += 1
    span = max(idle)
    useful = farm.shots * farm.frames * farm.seconds
    return Result(
        minutes=span / 60,
        tasks=tasks,
        busy=useful / (span * farm.slots),
        rate=tasks / span,
        load=moved / span,
        queue=manager.used / span,
        full=storage.used / span,
        hours=span * farm.slots / 3600,
    )


def _pieces(farm: Farm) -> list[int]:
    """Frames of each chunk of a shot, as equal as can be."""
    count = -(-farm.frames // farm.chunk)
    borders = [farm.frames * index // count for index in range(count + 1)]
    return [last - first for first, last in pairwise(borders)]


def _seconds(farm: Farm, frames: int) -> float:
    """Computing of a chunk; of its neighbours, one on each side is encoded."""
    return farm.seconds * (frames + 2 * farm.encode)


def _megabytes(farm: Farm, frames: int) -> float:
    return farm.read * (frames + 2 * farm.reach) + farm.write * frames


def main() -> None:
    """Print a table: chunk sizes by default, or the values of `--vary`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for field in fields(Farm):
        parser.add_argument(f"--{field.name}", type=type(field.default), default=field.default)
    parser.add_argument("--vary", default="chunk", help="which of them the table varies")
    parser.add_argument("--values", default="1,5,10,20,50,100,200", help="its values")
    parser.add_argument("--price", type=float, default=0.0, help="of a slot hour")
    options = vars(parser.parse_args())
    vary, values, price = options.pop("vary"), options.pop("values"), options.pop("price")
    farm = Farm(**options)
    print(", ".join(f"{field.name} {getattr(farm, field.name):g}" for field in fields(Farm) if field.name != vary))
    heads = (vary, "minutes", "tasks", "tasks/s", "manager busy", "storage MB/s", "storage full", "useful", "h", "cost")
    print("\n| " + " | ".join(heads) + " |")
    print("|---" * len(heads) + "|")
    kind = type(getattr(farm, vary))
    for value in values.split(","):
        result = simulate(replace(farm, **{vary: kind(value)}))
        print(
            f"| {value} | {result.minutes:,.0f} | {result.tasks:,} | {result.rate:.2f} | {result.queue:.0%} | "
            f"{result.load:,.0f} | {result.full:.0%} | {result.busy:.1%} | {result.hours:,.0f} | "
            f"{price * result.hours:,.0f} |"
        )


if __name__ == "__main__":
    main()
