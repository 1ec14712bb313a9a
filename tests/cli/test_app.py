"""The command line as a whole: what it offers, how quickly it answers, and what becomes of faults and signals."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import typer

from dvm_core import __version__
from dvm_core.bridge.errors import DeviceError, DvmError, InputError
from dvm_core.cli.grouping import grouped
from dvm_core.cli.phrases import duration
from dvm_core.faults import as_dvm_errors, report, sentence

ROOT = Path(__file__).parents[2]
COMMANDS = [
    *("matte", "run", "batch", "trimap", "foreground", "models", "train", "finetune", "dataset", "eval"),
    *("farm", "install", "worker", "doctor"),
]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does(dvm, name):
    ran = dvm(name, "--help")
    assert ran.code == 0
    assert f"dvm {name}" in ran.out


def test_help_lists_every_command_and_no_other(dvm):
    out = dvm("--help").out
    table = out[out.index("Commands") :]
    listed = [word for line in table.splitlines() if (word := line[2:14].strip()).isalpha()]
    assert sorted(listed) == sorted(COMMANDS)


def test_the_version_is_that_of_the_package(dvm):
    assert dvm("--version").out == f"dvm {__version__}\n"


@pytest.mark.parametrize("arguments", [["nonsense"], ["trimap", "nonsense"], ["--nonsense"]])
def test_what_there_is_not_is_wrong_usage(dvm, arguments):
    assert dvm(*arguments).code == 2


def test_help_loads_nothing_heavy():
    program = (
        "import sys\nfrom dvm_core.cli import main\nsys.argv = ['dvm', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'numpy', 'OpenImageIO', 'cv2', 'pymatting', 'safetensors'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr


@dataclass(frozen=True)
class _Group:
    size: Annotated[int, typer.Option(help="Of it.")] = 3
    loud: Annotated[bool, typer.Option("--loud")] = False


def test_names_that_stdout_cannot_spell_are_escaped(start_dvm, shot, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    shot.folder.rename(folder := shot.folder.with_name("Nø 雪"))
    process = start_dvm("trimap", "make", folder / "truth.####.exr", "-o", folder / "rough.####.png", "--range", "1001")
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert out.strip().endswith("N\\xf8 \\u96ea/rough.1001.png")
    process = start_dvm("models", "list")
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert "closed-form" in out
    assert out.isascii()
    assert "\\u" not in out


def test_a_group_of_options_arrives_as_one_object():
    seen = []

    def command(name: str, group: _Group, last: Annotated[str, typer.Option()] = "z") -> None:
        seen.append((name, group, last))

    app = typer.Typer()
    app.command()(grouped(command))
    app(["n", "--size", "5", "--loud", "--last", "y"], standalone_mode=False)
    app(["m"], standalone_mode=False)
    assert seen == [("n", _Group(5, True), "y"), ("m", _Group(), "z")]


def test_errors_meant_for_users_pass_unchanged():
    with pytest.raises(InputError, match="Frame 3 is damaged") as caught, as_dvm_errors():
        raise InputError("Frame 3 is damaged.", frame=3)
    assert caught.value.frame == 3


def test_running_out_of_memory_is_no_mistake_of_ours():
    with pytest.raises(DeviceError, match="--max-memory"), as_dvm_errors():
        raise MemoryError


def test_a_report_that_cannot_be_written_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(DvmError, match="could not be written") as caught, as_dvm_errors():
        raise KeyError("planted")
    assert caught.value.exit_code == 1


def test_a_report_holds_the_traceback_and_what_ran(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    text = Path(report(ValueError("planted"))).read_text()
    assert "ValueError: planted" in text
    assert __version__ in text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InputError("Bad."), "Bad."),
        (InputError("Bad.", frame=7, path="/x/a.exr"), "Bad. (frame 7, /x/a.exr)"),
        (InputError("Frame 7, /x/a.exr is bad.", frame=7, path="/x/a.exr"), "Frame 7, /x/a.exr is bad."),
    ],
)
def test_a_sentence_names_file_and_frame_once(error, said):
    assert sentence(error) == said


@pytest.mark.parametrize(("seconds", "text"), [(3.4, "3 s"), (89, "89 s"), (120, "2 min"), (12600, "3.5 h")])
def test_times_are_said_in_words(seconds, text):
    assert duration(seconds) == text
