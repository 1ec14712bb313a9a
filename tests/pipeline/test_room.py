from collections import namedtuple
from pathlib import Path

import pytest

from dvm_core.bridge.errors import OutputError
from dvm_core.pipeline import room
from dvm_core.pipeline.room import Room, measure, require

GIGABYTE = 1 << 30


def test_files_of_one_disk_are_added_up_and_what_they_replace_is_taken_off(tmp_path):
    (tmp_path / "a.1").write_bytes(bytes(300))
    (found,) = measure([(tmp_path / "a.1", 1000), (tmp_path / "new" / "deep" / "b.1", 2000)])
    assert (found.frame, found.need) == (2000, 2700)
    assert found.free > 0


def test_disks_are_counted_apart(tmp_path, monkeypatch):
    if Path("/dev/shm").stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("one disk only")
    found = measure([(tmp_path / "a.1", 1000), (Path("/dev/shm/b.1"), 2000)])
    assert sorted(disk.need for disk in found) == [1000, 2000]


def test_enough_room_is_not_worth_a_word(tmp_path):
    assert require(Room(tmp_path, 10, 100, 1000), compressed=True) == ""


def test_compressed_files_that_might_not_fit_are_warned_of(tmp_path):
    assert "2.0 GB of 1.0 GB" in require(Room(tmp_path, 10, 2 * GIGABYTE, GIGABYTE), compressed=True)


def test_uncompressed_files_that_cannot_fit_are_refused(tmp_path):
    with pytest.raises(OutputError, match=r"no room .* 2\.0 GB of 1\.0 GB"):
        require(Room(tmp_path, 10, 2 * GIGABYTE, GIGABYTE), compressed=False)


def test_a_disk_without_room_for_one_frame_is_refused(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(room.shutil, "disk_usage", lambda folder: usage(GIGABYTE, GIGABYTE - 500, 500))
    (found,) = measure([(tmp_path / "a.1", 1000)])
    with pytest.raises(OutputError, match="no room"):
        require(found, compressed=True)
