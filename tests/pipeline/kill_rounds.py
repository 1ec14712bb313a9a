"""Run a job again and again, kill it at random moments, and look at what is there after each kill.

    python kill_rounds.py JOB.json REFERENCE KILLS SEED

The job resumes; its folder is emptied when it comes to its end before it is killed. The engine is imported once and
each round is a fork of it, which takes milliseconds. A moment is an amount of work done, not a time of the clock: on a
busy machine, too, kills come in every part of the job. Says how many frames were looked at; any that differs from its
namesake in the folder REFERENCE ends the program with a sentence.
"""

import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import psutil
import torch

from dvm_core.bridge.job import MatteJob
from dvm_core.io import plate, trimap_file
from dvm_core.pipeline import run_job

LONGEST = 1.5  # seconds of processor time until a kill; a start takes a few hundredths of one
_TICK = 0.01  # seconds: what a process has used is counted in these
_STUCK = 60  # seconds of the clock for one that waits and uses nothing


def start(job):
    """Run the job in a process of its own."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        run_job(job)
        code = 0
    finally:
        os._exit(code)


def ended(child, work, clock=_STUCK):
    """Whether it ends by itself before it has used so many seconds of processor time; its code is checked."""
    process, deadline = psutil.Process(child), time.monotonic() + clock
    while sum(process.cpu_times()[:2]) <= work - _TICK and time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            if status:
                sys.exit(f"A run ended with {status}.")
            return True
        time.sleep(0.002)
    time.sleep(work % _TICK)
    return False


def look(folder, reference):
    """Compare every finished frame with its namesake."""
    frames = sorted(folder.glob("alpha.*.exr"))
    for path in frames:
        if path.read_bytes() != (reference / path.name).read_bytes():
            sys.exit(f"{path.name} is not what it should be.")
    return len(frames)


def main(document, reference, kills, seed):
    assert plate
    assert trimap_file
    torch.set_num_threads(1)
    job, moments = MatteJob.load(document), random.Random(int(seed))
    folder, reference = Path(job.output).parent, Path(reference)
    looked = killed = 0
    while killed < int(kills):
        child = start(job)
        # Square: half of the kills come in the first quarter, among claims, hashes and first frames.
        if ended(child, LONGEST * moments.random() ** 2):
            looked += look(folder, reference)
            shutil.rmtree(folder)
            continue
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        killed += 1
        looked += look(folder, reference) if folder.exists() else 0
    if not ended(start(job), 600, clock=1200):
        sys.exit("The last run did not end.")
    last = look(folder, reference)
    left = sorted(path.name for path in folder.iterdir() if path.name.startswith("."))
    if last != len(list(reference.iterdir())) or left:
        sys.exit(f"{last} frames at the end, and {left}.")
    sys.stdout.write(f"{killed} {looked}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
