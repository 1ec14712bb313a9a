import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from dvm_core.bridge.errors import OutputError
from dvm_core.processes import here
from dvm_core.whole_file import clear, remove_leftovers, require_place, whole_file, write_text

STALLED = """
import sys, time
from pathlib import Path
from dvm_core.whole_file import whole_file
with whole_file(Path(sys.argv[1])) as temporary:
    temporary.write_bytes(b"half")
    print(temporary, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def stalled():
    """Starts a process that is in the middle of writing a file."""
    started = []

    def start(path):
        process = subprocess.Popen([sys.executable, "-c", STALLED, str(path)], stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process, Path(process.stdout.readline().strip())

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def killed(stalled):
    """What a process leaves that is killed while it writes a file."""

    def kill(path):
        process, part = stalled(path)
        process.kill()
        process.wait()
        assert part.read_bytes() == b"half"
        return part

    return kill


def write(path, content=b"whole"):
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def test_a_file_appears_when_it_is_whole_and_its_folder_is_made(tmp_path):
    path = tmp_path / "new" / "a.json"
    with whole_file(path) as temporary:
        temporary.write_bytes(b"whole")
        assert not path.exists()
        assert temporary.parent == path.parent
    assert path.read_bytes() == b"whole"
    assert os.listdir(path.parent) == ["a.json"]


def test_what_fails_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "a.json"
    write(path, b"before")

    def fail(error):
        with whole_file(path) as temporary:
            temporary.write_bytes(b"ha")
            raise error

    with pytest.raises(OutputError, match="No space left on device"):
        fail(OSError(28, "No space left on device"))
    with pytest.raises(KeyError):
        fail(KeyError("x"))
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    order = []
    real_sync, real_replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append("sync"), real_sync(handle)))
    monkeypatch.setattr(Path, "replace", lambda self, to: (order.append("name"), real_replace(self, to))[1])
    write(tmp_path / "a.json")
    assert order == ["sync", "name"]


def test_many_writers_of_one_file_leave_one_whole_file(tmp_path):
    contents = [bytes([number]) * 100_000 for number in range(8)]
    threads = [threading.Thread(target=write, args=(tmp_path / "a", content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "a").read_bytes() in contents
    assert os.listdir(tmp_path) == ["a"]


def test_text_has_the_same_bytes_on_every_system(tmp_path):
    write_text(tmp_path / "a.txt", "ä\nb\n\udcff")
    assert (tmp_path / "a.txt").read_bytes() == b"\xc3\xa4\nb\n\\udcff"


@pytest.mark.skipif(os.name != "posix", reason="a pipe with a name")
def test_what_is_no_file_is_not_replaced_by_one(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match=r"pipe' cannot be written \(there is something else of that name\)"):
        write(tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()


def test_the_next_writer_in_a_folder_clears_away_what_killed_ones_left(tmp_path, killed):
    killed(tmp_path / "fg.1001.exr")
    killed(tmp_path / "other.png")
    write(tmp_path / "fg.1002.exr")
    assert os.listdir(tmp_path) == ["fg.1002.exr"]


def test_who_still_writes_is_left_alone(tmp_path, stalled):
    _, part = stalled(tmp_path / "a.exr")
    assert clear(tmp_path) == []
    assert part.exists()


@pytest.mark.skipif(os.name != "posix", reason="the dead are buried at once elsewhere")
def test_who_is_dead_and_not_buried_counts_as_gone(tmp_path, stalled):
    process, part = stalled(tmp_path / "a.exr")
    os.kill(process.pid, signal.SIGKILL)
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        pass
    assert clear(tmp_path) == [part]


def test_of_another_machine_only_what_nobody_may_be_writing_is_removed(tmp_path, killed):
    strange = killed(tmp_path / "a.1001.exr").rename(tmp_path / ".a.1001.exr.00000000-1-0.part")
    assert clear(tmp_path) == []
    assert remove_leftovers([tmp_path / "a.1002.exr"]) == []
    assert remove_leftovers([tmp_path / "a.1001.exr", tmp_path / "gone" / "b.exr"]) == [strange]


def test_files_of_others_are_not_taken_for_leftovers(tmp_path):
    mine = here()
    names = [f".a.{mine}.part", f".a.{mine}-x-0.part", f".a.{mine}-1.part", "a.part", ".a", f"a.{mine}-999999-0.part"]
    for name in names:
        (tmp_path / name).touch()
    assert clear(tmp_path) == remove_leftovers([tmp_path / "a"]) == []
    assert sorted(os.listdir(tmp_path)) == sorted(names)


def test_a_place_that_takes_no_file_is_told_before_the_work(tmp_path):
    require_place(tmp_path / "new" / "a.json")
    assert os.listdir(tmp_path / "new") == []
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"a\.json' cannot be written"):
        require_place(tmp_path / "file" / "a.json")
