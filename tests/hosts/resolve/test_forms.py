"""Dialogs: Fusion's own against the fake, tkinter's on a real screen where there is one to be had."""

import importlib.util
import json
import shutil
import subprocess
import sys

import fake_resolve as fake
import pytest

_PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
import tkinter
from tkinter import ttk
from dvm_resolve import form_tk
from dvm_resolve.forms import Field

fields = [Field("file", "File", "file", "/a"), Field("model", "Model", "choice", "lite", ("lite", "rn50")),
          Field("keys", "Keys", "check", True), Field("handles", "Handles", "number", 8),
          Field("text", "Text", "text", "x")]
press = sys.argv[2]

def widgets(parent):
    for child in parent.winfo_children():
        yield child
        yield from widgets(child)

class Pressing(tkinter.Tk):
    # An artist who changes the menu and presses a button half a second after the window is there.
    def mainloop(self):
        self.after(500, self.act)
        super().mainloop()
    def act(self):
        found = list(widgets(self))
        for widget in found:
            if isinstance(widget, ttk.Combobox):
                widget.set("rn50")
        next(w for w in found if isinstance(w, ttk.Button) and w["text"] == press).invoke()

assert form_tk.available()
tkinter.Tk = Pressing
answers = form_tk.ask("Title", fields)
print(json.dumps(answers))
"""


@pytest.fixture
def fields(adapter):
    field = adapter("forms").Field
    return [
        field("trimap", "Trimaps", "file", "/keys/k.%04d.png"),
        field("folder", "Folder", "folder", "/mattes"),
        field("model", "Model", "choice", "rn50", ("lite", "rn50")),
        field("keys", "Keyframes", "check", True),
        field("handles", "Handles", "number", 8),
        field("space", "Colour space", "text", "auto"),
    ]


def test_fusions_dialog_asks_what_its_manual_says_it_can(adapter, fields):
    composition = fake.Composition(answers=[{}])
    adapter("forms").ask("Title", fields, composition)
    ((title, controls),) = composition.asked
    assert title == "Title"
    assert list(controls) == [1, 2, 3, 4, 5, 6]
    # Kinds of control that Blackmagic's scripting manual lists for AskUser.
    kinds = {"FileBrowse", "PathBrowse", "ClipBrowse", "Position", "Slider", "Screw", "Checkbox", "Dropdown", "Text"}
    assert {control[2] for control in controls.values()} <= kinds
    assert controls[3]["Options"] == {0: "lite", 1: "rn50"}
    assert controls[3]["Default"] == 1


def test_what_fusion_gives_back_has_the_kinds_that_were_asked_for(adapter, fields):
    given = {"trimap": "/k.1.png", "folder": "/w", "model": 0.0, "keys": 0.0, "handles": 4.0, "space": "ACEScg"}
    answers = adapter("forms").ask("Title", fields, fake.Composition(answers=[given]))
    assert answers == {
        "trimap": "/k.1.png", "folder": "/w", "model": "lite", "keys": False, "handles": 4, "space": "ACEScg"
    }  # fmt: skip
    assert isinstance(answers["handles"], int)


def test_a_closed_dialog_is_a_cancel(adapter, fields):
    with pytest.raises(adapter("bridge.errors").Cancelled):
        adapter("forms").ask("Title", fields, fake.Composition())


def test_where_no_dialog_can_be_shown_the_artist_is_told_what_to_do(adapter, fields):
    with pytest.raises(adapter("bridge.errors").DvmError, match="open the Fusion page"):
        adapter("forms").ask("Title", fields, None)


def on_a_screen(user_folder, press):
    if importlib.util.find_spec("tkinter") is None or shutil.which("xvfb-run") is None:
        pytest.skip("needs tkinter and xvfb-run")
    command = ["xvfb-run", "-a", sys.executable, "-c", _PROGRAM, str(user_folder / "Modules" / "Python"), press]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_a_real_form_gives_its_answers(user_folder):
    answers = on_a_screen(user_folder, "OK")
    assert answers == {"file": "/a", "model": "rn50", "keys": True, "handles": 8, "text": "x"}


def test_a_real_form_that_is_closed_gives_none(user_folder):
    assert on_a_screen(user_folder, "Cancel") is None
