"""`dvm.system` against the shells and programs that read what it writes."""

import json
import stat
import subprocess
import sys
import time

import pytest

ARGUMENTS = [
    "plain",
    "two words",
    "it's",
    'a "quoted" one',
    "$HOME `id` $(id)",
    "back\\slash\\",
    'end\\"',
    "ü *?[x]",
    "",
    "-n",
]


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_a_posix_shell_reads_an_argument_back_as_it_was(fusion, argument):
    command = f"printf %s. {fusion.require('system').quote(argument)}"
    assert subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout == argument + "."


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_a_windows_program_reads_an_argument_back_as_it_was(fusion, argument):
    # A blank makes Python quote, too; its rule is the C runtime's.
    argument = "a " + argument
    assert fusion.require("system").quote_windows(argument) == subprocess.list2cmdline([argument])


def test_a_file_is_replaced_as_a_whole(fusion, tmp_path):
    system = fusion.require("system")
    file = tmp_path / "status.json"
    assert system.replace(str(file), "first")
    assert system.replace(str(file), "second")
    assert file.read_text() == "second"
    assert list(tmp_path.iterdir()).count(file) == 1
    assert not list(tmp_path.glob("*.tmp"))


def test_a_file_that_cannot_be_written_is_said_and_leaves_nothing(fusion, tmp_path):
    done, reason = fusion.require("system").replace(str(tmp_path / "missing" / "file"), "x")
    assert done is None
    assert "missing" in reason


def test_a_jobs_folder_is_closed_to_others(fusion, tmp_path):
    folder = tmp_path / "cache" / "it's" / "run"
    assert fusion.require("system").make_folder(str(folder))
    for made in (folder, folder.parent, folder.parent.parent):
        assert stat.S_IMODE(made.stat().st_mode) == 0o700


def start(fusion, tmp_path, program, *arguments):
    words = fusion.lua.table_from([sys.executable, "-c", program, *arguments])
    assert fusion.require("system").spawn(words, str(tmp_path / "it's log"), str(tmp_path / "exit"))


def wait_for_exit(tmp_path):
    deadline = time.monotonic() + 120
    while not ((tmp_path / "exit").exists() and (tmp_path / "exit").read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def spawn(fusion, tmp_path, program, *arguments):
    """What a spawned Python printed, and its exit code."""
    start(fusion, tmp_path, program, *arguments)
    wait_for_exit(tmp_path)
    return (tmp_path / "it's log").read_text(), int((tmp_path / "exit").read_text())


def test_a_process_gets_its_arguments_and_leaves_output_and_code(fusion, tmp_path):
    program = "import json, sys; print(json.dumps(sys.argv[1:])); sys.exit(7)"
    output, code = spawn(fusion, tmp_path, program, *ARGUMENTS)
    assert json.loads(output) == ARGUMENTS
    assert code == 7


def test_starting_a_process_waits_for_nothing(fusion, tmp_path):
    waits = "import os, sys, time\nwhile not os.path.exists(sys.argv[1]): time.sleep(0.02)"
    start(fusion, tmp_path, waits, str(tmp_path / "go on"))
    assert not (tmp_path / "exit").exists()
    (tmp_path / "go on").touch()
    wait_for_exit(tmp_path)


def test_a_process_has_nothing_of_what_a_host_sets_for_itself(fusion, tmp_path, monkeypatch):
    for name in ("PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH", "QT_PLUGIN_PATH", "DYLD_LIBRARY_PATH"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("OCIO", "/studio/config.ocio")
    output, code = spawn(fusion, tmp_path, "import json, os; print(json.dumps(dict(os.environ)))")
    assert code == 0
    seen = json.loads(output)
    assert not [name for name in seen if name.startswith(("PYTHON", "QT_", "DYLD_", "LD_"))]
    assert seen["OCIO"] == "/studio/config.ocio"


def test_on_windows_a_program_starts_without_a_shell(fusion, tmp_path):
    system = fusion.require("system")
    system.windows = True
    words = ["C:\\Program Files\\dvm\\python.exe", "-I", "run", "C:\\jobs\\it's 1"]
    assert system.spawn(fusion.lua.table_from(words), "log", "exit")
    started = fusion.lua.globals().bmd.started[1]
    assert started.command == '"C:\\Program Files\\dvm\\python.exe" "-I" "run" "C:\\jobs\\it\'s 1"'
    assert started.wait is False


def test_on_windows_a_folder_is_made_level_by_level(fusion, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    system = fusion.require("system")
    system.windows = True
    made = []
    fusion.lua.globals().bmd.createdir = made.append
    system.make_folder("C:\\Users\\kim\\dvm\\jobs")
    assert made == ["C:\\Users", "C:\\Users\\kim", "C:\\Users\\kim\\dvm", "C:\\Users\\kim\\dvm\\jobs"]


def test_on_windows_a_file_is_replaced_though_rename_does_not(fusion, tmp_path, monkeypatch):
    system = fusion.require("system")
    system.windows = True
    # There, os.rename fails where the target stands.
    fusion.lua.execute("""
        local rename, open = os.rename, io.open
        os.rename = function(from, to)
            local there = open(to, "rb")
            if there then
                there:close()
                return nil, "File exists"
            end
            return rename(from, to)
        end
    """)
    file = tmp_path / "latest"
    assert system.replace(str(file), "1")
    assert system.replace(str(file), "2")
    assert file.read_text() == "2"


def test_nothing_is_printed_to_the_artists_terminal(fusion, tmp_path, capfd):
    spawn(fusion, tmp_path, "import sys; print('out'); print('err', file=sys.stderr)")
    assert capfd.readouterr() == ("", "")
