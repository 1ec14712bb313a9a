import platform
import subprocess
import sys

import pytest
import torch

from dvm_core.pipeline.heap import apart

# Frames that are freed while small things, allocated after them, live on: as a reader's plates in its thread's heap.
SCRIPT = """
import numpy as np
import psutil
from dvm_core.pipeline.heap import keep_plates_out

keep_plates_out()
mine = psutil.Process()
frame = np.ones(24 << 20, np.uint8)
del frame  # from here on glibc by itself would put such buffers into its heap
before = mine.memory_info().rss
frames = [np.ones(24 << 20, np.uint8) for _ in range(4)]
small = [np.ones(64 << 10, np.uint8) for _ in range(100)]
del frames
print((mine.memory_info().rss - before) >> 20)
"""


# Maps between which small things live on: each hole is too small for the next map, and the heap's top never falls.
HOLES = """
import numpy as np
import psutil
from dvm_core.pipeline.heap import give_back, keep_plates_out

keep_plates_out()
mine = psutil.Process()
maps, small = [], []
for _ in range(100):
    maps.append(np.ones(1 << 20, np.uint8))
    small.append(np.ones(32 << 10, np.uint8))
full = mine.memory_info().rss
del maps
give_back()
print((full - mine.memory_info().rss) >> 20)
"""

GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator keeps them")


@GLIBC
def test_holes_between_what_lives_on_are_given_back():
    ran = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) > 80  # megabytes of a hundred


@GLIBC
def test_freed_frames_are_given_back_although_what_came_after_them_lives_on():
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) < 24  # megabytes: one frame of four


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_copy_apart_has_the_same_bits_and_layout(layout, dtype):
    maps = torch.randn(1, 24, 67, 130).to(dtype).contiguous(memory_format=layout)
    copy = apart(maps)
    assert copy.data_ptr() != maps.data_ptr()
    assert copy.stride() == maps.stride()
    assert torch.equal(copy, maps)


def test_a_part_of_larger_maps_is_copied_without_the_rest():
    maps = torch.randn(1, 53, 200, 120)
    copy = apart(maps[:, -5:, 3:])
    assert torch.equal(copy, maps[:, -5:, 3:])
    assert copy.untyped_storage().nbytes() == copy.numel() * 4


def test_what_is_small_stays_where_it_is():
    maps = torch.randn(1, 4, 5, 6)
    assert apart(maps) is maps
