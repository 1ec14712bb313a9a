import errno

import pytest

from dvm_core.bridge.errors import InputError
from dvm_core.pipeline import patience
from dvm_core.pipeline.patience import patiently


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(patience, "WAITS", (0.05, 0.1, 0.2))


@pytest.fixture
def said():
    return []


@pytest.fixture
def read(tmp_path, said):
    """Runs a reader of one file patiently."""
    path = tmp_path / "plate.1003.exr"
    path.write_bytes(b"whole")

    def run(reader):
        return patiently(reader, [path], frame=1003, say=lambda sentence, frame: said.append(sentence))

    run.path = path
    return run


def failing(times, error):
    """A reader that fails so often before it reads."""
    left = [error] * times

    def reader():
        if left:
            raise left.pop()
        return "pixels"

    reader.left = left
    return reader


def test_what_can_be_read_is_read_once(read, said):
    assert read(lambda: "pixels") == "pixels"
    assert said == []


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EIO, errno.ETIMEDOUT])
def test_a_fault_of_the_storage_is_waited_out_and_said(read, said, number):
    assert read(failing(2, OSError(number, "storage"))) == "pixels"
    assert len(said) == 2
    assert "Frame 1003" in said[0]
    assert "1 of 3" in said[0]


def test_a_fault_that_stays_ends_in_a_sentence_that_names_the_frame(read, said):
    with pytest.raises(InputError, match=r"Frame 1003 cannot be read \(.*plate\.1003\.exr: storage\)") as caught:
        read(failing(100, OSError(errno.EIO, "storage")))
    assert caught.value.frame == 1003
    assert len(said) == 3


def test_a_file_that_is_damaged_and_left_alone_is_given_up_at_once(read, said):
    reader = failing(100, InputError("Frame 1003 is damaged."))
    with pytest.raises(InputError, match=r"^Frame 1003 is damaged\.$"):
        read(reader)
    assert len(reader.left) == 99
    assert said == []


def test_a_missing_permission_is_given_up_at_once(read, said):
    with pytest.raises(InputError, match="Permission denied"):
        read(failing(100, PermissionError(errno.EACCES, "Permission denied")))
    assert said == []


def test_a_file_that_is_still_being_written_is_waited_for(read, said):
    read.path.write_bytes(b"wh")

    def reader():
        if read.path.read_bytes() == b"whole":
            return "pixels"
        read.path.write_bytes(b"whole")  # goes on while the reader looks
        raise InputError("Frame 1003 is cut short.")

    assert read(reader) == "pixels"
    assert len(said) == 1


def test_what_was_read_of_a_file_that_changed_meanwhile_does_not_count(read, said):
    contents = iter([b"newer", b"newest"])

    def reader():
        found = read.path.read_bytes()
        if (other := next(contents, None)) is not None:
            read.path.write_bytes(other)
        return found

    assert read(reader) == b"newest"
    assert len(said) == 2
    assert "changed while it was read" in said[0]


def test_of_many_files_those_that_changed_are_named(tmp_path, said):
    paths = [tmp_path / f"{name}.exr" for name in "abc"]
    for path in paths:
        path.write_bytes(b"old")
    left = [b"new"]

    def reader():
        if left:
            paths[1].write_bytes(left.pop() * 2)
        return "pixels"

    assert patiently(reader, paths, frame=7, say=lambda sentence, frame: said.append(sentence)) == "pixels"
    assert said == [
        f"Frame 7 changed while it was read ({paths[1]}); let it be finished first. Reading it again, 1 of 3."
    ]


def test_a_file_that_never_rests_is_given_up(read):
    count = iter(range(100))
    with pytest.raises(InputError, match="changed while it was read"):
        read(lambda: read.path.write_bytes(b"x" * next(count)))


def test_a_file_that_vanishes_and_comes_back_is_waited_for(read, monkeypatch):
    read.path.unlink()
    monkeypatch.setattr(patience.time, "sleep", lambda seconds: read.path.write_bytes(b"back"))

    def reader():
        if not read.path.exists():
            raise InputError("Frame 1003 is missing.")
        return "pixels"

    assert read(reader) == "pixels"
