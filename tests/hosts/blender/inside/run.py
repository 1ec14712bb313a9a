"""Runs inside Blender: plays every scenario, and writes down what came of it.

    python run.py FOLDER

FOLDER has the shot. Each scenario writes into a folder of its own name there; what is no picture goes to `report.json`.
"""

import json
import os
import sys
import traceback

import bpy
from scenarios import SCENARIOS
from stage import ADDON, SHOT


def main():
    bpy.ops.preferences.addon_enable(module=ADDON)
    report = {"blender": bpy.app.version_string}
    for name, function in SCENARIOS.items():
        folder = os.path.join(SHOT, name)
        os.makedirs(folder)
        try:
            report[name] = function(folder)
        except Exception:
            report[name] = {"traceback": traceback.format_exc()}
    report["modules"] = sorted(
        name for name in sys.modules if name.partition(".")[0] in ("dvm_core", "torch", "bridge")
    )
    with open(os.path.join(SHOT, "report.json"), "w") as stream:
        json.dump(report, stream, indent=1)


if __name__ == "__main__":
    main()
