"""Several sessions and jobs in one process, each in a thread of its own."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from dvm_core.bridge.job import MatteJob
from dvm_core.bridge.settings import Settings
from dvm_core.pipeline import MattingSession, run_job


def matte(model, plates, trimaps):
    with MattingSession(model, device="cpu") as session:
        mattes = [m for plate, trimap in zip(plates, trimaps, strict=True) for m in session.push(plate, trimap)]
        return [m.alpha for m in mattes + session.finish()]


def test_sessions_in_threads_give_the_bits_that_they_give_one_after_the_other(model, scene):
    shots = [scene(4, 48, 64, seed) for seed in range(3)]
    alone = [matte(model, *shot) for shot in shots]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda shot: matte(model, *shot), shots))
    for one, other in zip(alone, together, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_jobs_in_threads_write_the_files_that_they_write_one_after_the_other(model, scene, tmp_path, write):
    plates, trimaps = scene(2, 48, 64)
    for index in range(2):
        write(tmp_path / f"plate.{index + 1:04d}.exr", plates[index])
        write(tmp_path / f"trimap.{index + 1:04d}.png", trimaps[index], "uint8")

    def run(folder, name):
        job = MatteJob(
            plate=f"{tmp_path}/plate.####.exr",
            trimap=f"{tmp_path}/trimap.####.png",
            output=f"{tmp_path}/{folder}/alpha.####.exr",
            model=name,
            settings=Settings(device="cpu", tile=64, fg=f"{tmp_path}/{folder}/fg.####.exr"),
        )
        run_job(job)

    names = [model, "closed-form", model, "closed-form"]
    for index, name in enumerate(names):
        run(f"alone{index}", name)
    threads = [threading.Thread(target=run, args=(f"together{index}", name)) for index, name in enumerate(names)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index in range(len(names)):
        alone, together = tmp_path / f"alone{index}", tmp_path / f"together{index}"
        assert len(list(together.iterdir())) == 4
        for path in alone.iterdir():
            assert path.read_bytes() == (together / path.name).read_bytes()


def test_foregrounds_in_threads_survive_the_pool_that_takes_one_caller_only():
    program = """
import numba, numpy as np, threading
from dvm_core.foreground import estimate
plate = np.random.default_rng(0).random((64, 64, 3), dtype=np.float32)
alpha = np.random.default_rng(1).random((64, 64), dtype=np.float32)
expected = estimate(plate, alpha)
assert numba.threading_layer() == "workqueue"
wrong = []
def work():
    for _ in range(20):
        if not np.array_equal(estimate(plate, alpha), expected):
            wrong.append(1)
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert not wrong
"""
    environment = {**os.environ, "NUMBA_THREADING_LAYER": "workqueue", "NUMBA_NUM_THREADS": "2"}
    root = str(Path(__file__).parents[2])
    ran = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=root, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
