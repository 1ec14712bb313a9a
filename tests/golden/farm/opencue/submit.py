"""dvm sh010: submit to OpenCue with pyoutline. `--print` prints the job's XML instead."""

import os
import sys

from outline import Outline
from outline.cuerun import OutlineLauncher
from outline.depend import DependType
from outline.modules.shell import Shell

NAME = "dvm_sh010"
RETRIES = 2
ENVIRONMENT = {
    "OMP_NUM_THREADS": "4",
    "OCIO": "",
    "DVM_KERNELS": "cpu-avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2"
}
LAYERS = [
    {
        "name": "Matte",
        "arguments": {
            "command": [
                "dvm",
                "matte",
                "'/shots/plates/sh010.####.exr'",
                "--trimap",
                "'/shots/trimaps/sh010.####.png'",
                "-o",
                "'/shots/mattes/sh010.####.exr'",
                "--range=#FRAMESPEC#",
                "--shot-range=1001-1009",
                "--model=lite",
                "--device=cpu",
                "--precision=fp32",
                "--threads=4",
                "--tile=64",
                "--max-memory=8G",
                "--colorspace=auto",
                "--channels=alpha",
                "--compression=zip",
                "--half",
                "--resume",
                "--progress=openjd"
            ],
            "range": "1001-1009",
            "chunk": 4,
            "cores": 4,
            "memory": "2048m"
        },
        "after": []
    },
    {
        "name": "QC",
        "arguments": {
            "command": [
                "dvm",
                "farm",
                "check",
                "'/shots/plates/sh010.####.exr'",
                "'/shots/mattes/sh010.####.exr'",
                "--trimap",
                "'/shots/trimaps/sh010.####.png'",
                "-o",
                "/shots/mattes/sh010_qc",
                "--range=1001-1009",
                "--colorspace=auto",
                "--progress=openjd"
            ],
            "range": "1-1",
            "chunk": 1,
            "cores": 1,
            "memory": "701m"
        },
        "after": [
            "Matte"
        ]
    }
]


def make():
    """The job: a layer for each step, a step's layers after all of the one before it."""
    job = Outline(NAME, show=os.environ.get("SHOW", "testing"), shot=os.environ.get("SHOT", "dvm"))
    made = {}
    for wanted in LAYERS:
        layer = Shell(wanted["name"], env=ENVIRONMENT, **wanted["arguments"])
        for before in wanted["after"]:
            layer.depend_on(made[before], DependType.LayerOnLayer)
        made[wanted["name"]] = layer
        job.add_layer(layer)
    return job


launcher = OutlineLauncher(make(), backend="cue", os=os.environ.get("OL_OS", "linux"), maxretries=RETRIES)
if "--print" in sys.argv:
    print(launcher.serialize(use_pycuerun=False))
else:
    launcher.launch(use_pycuerun=False)
