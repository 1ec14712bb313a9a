"""Runs nvcc, prints each kernel's registers, and fails if a kernel spills registers to memory.

CMake starts it as the compiler's launcher: check_spills.py nvcc ARGUMENTS...
"""

import re
import subprocess
import sys

ENTRY = re.compile(r"Compiling entry function '(\S+)' for '(\S+)'")
SPILLS = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
REGISTERS = re.compile(r"Used (\d+) registers")


def main() -> int:
    """Returns nvcc's exit code, or 1 for a spill."""
    run = subprocess.run(sys.argv[1:], stderr=subprocess.PIPE, text=True, check=False)
    kernel, spilled = "", False
    for line in run.stderr.splitlines():
        if entry := ENTRY.search(line):
            kernel = f"{entry[1]} ({entry[2]})"
        elif spills := SPILLS.search(line):
            spilled |= spills[2] != "0" or spills[3] != "0"
            sys.stderr.write(f"{kernel}: {spills[0]}\n")
        elif registers := REGISTERS.search(line):
            sys.stderr.write(f"{kernel}: {registers[1]} registers\n")
        elif "ptxas info" not in line:
            sys.stderr.write(line + "\n")
    if spilled:
        sys.stderr.write("a kernel spills registers: make its body smaller, or its launch bounds wider\n")
    return run.returncode or int(spilled)


if __name__ == "__main__":
    sys.exit(main())
