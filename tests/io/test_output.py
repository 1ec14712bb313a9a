import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dvm_core.bridge.errors import OutputError
from dvm_core.io import output
from dvm_core.io.header import ImageHeader
from dvm_core.io.output import spec_of, write_image
from dvm_core.io.sequence import find_sequence

HEADER = ImageHeader.plain(64, 48)
PIXELS = np.random.default_rng(0).random((48, 64, 1), np.float32)


def write(path):
    write_image(path, spec_of(HEADER, HEADER.data, ("A",), "float"), PIXELS)


def test_a_missing_folder_is_made_and_nothing_else_is_left(tmp_path):
    write(tmp_path / "shots" / "sh010" / "a.0001.exr")
    assert os.listdir(tmp_path / "shots" / "sh010") == ["a.0001.exr"]


def test_a_file_is_replaced_only_by_a_complete_one(tmp_path, monkeypatch):
    path = tmp_path / "a.0001.exr"
    write(path)
    before = path.read_bytes()
    monkeypatch.setattr(output, "_write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OutputError, match="No space left on device"):
        write(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.0001.exr"]


def test_a_temporary_file_is_no_frame(tmp_path, monkeypatch):
    seen = []
    real = output._write

    def spy(temporary, *rest):
        real(temporary, *rest)
        seen.append(find_sequence(tmp_path / "a.####.exr").frames)
        seen.append(temporary.parent == tmp_path and not temporary.name.endswith(".exr"))

    write(tmp_path / "a.0001.exr")
    monkeypatch.setattr(output, "_write", spy)
    write(tmp_path / "a.0002.exr")
    assert seen == [(1,), True]


def test_a_folder_that_cannot_be_is_an_output_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"a.0001.exr' cannot be written \((Not a directory|File exists)\)") as caught:
        write(tmp_path / "file" / "a.0001.exr")
    assert caught.value.path.endswith("a.0001.exr")


def test_a_folder_in_the_files_place_is_an_output_error(tmp_path):
    (tmp_path / "a.0001.exr").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        write(tmp_path / "a.0001.exr")
    assert os.listdir(tmp_path) == ["a.0001.exr"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to a read-only folder")
def test_a_read_only_folder_is_an_output_error(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="Permission denied"):
            write(tmp_path / "a.0001.exr")
    finally:
        tmp_path.chmod(0o700)


def test_a_file_system_that_takes_no_files_is_an_output_error():
    with pytest.raises(OutputError, match="cannot be written"):
        write(Path("/proc/dvm/a.0001.exr"))


@pytest.mark.parametrize("ending", ["exr", "png", "tif"])
@pytest.mark.parametrize(("side", "room"), [(300, 20_000), (300, 0.99), (20, 0), (20, 0.5)])
def test_a_disk_that_fills_up_leaves_no_file(tmp_path, ending, side, room):
    code = f"""
import resource, sys
import numpy as np
from pathlib import Path
from dvm_core.bridge.errors import OutputError
from dvm_core.io.header import ImageHeader
from dvm_core.io.output import spec_of, write_image

folder, room = Path({str(tmp_path)!r}), {room}
header = ImageHeader.plain({side}, {side})
pixels = np.random.default_rng(0).random(({side}, {side}, 1), np.float32)
spec = spec_of(header, header.data, ("Y",), "uint8" if "{ending}" == "png" else "half")
if 0 < room < 1:
    write_image(folder / "b.{ending}", spec, pixels)
    room = int((folder / "b.{ending}").stat().st_size * room)
    (folder / "b.{ending}").unlink()
# A limit on the size of files stops a write halfway, as a full disk does.
resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
try:
    write_image(folder / "a.0001.{ending}", spec, pixels)
except OutputError as error:
    # Standard output may be a file and then have the same limit.
    sys.exit(error.exit_code if "cannot be written" in str(error) else 99)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 6, done.stderr
    assert os.listdir(tmp_path) == []
