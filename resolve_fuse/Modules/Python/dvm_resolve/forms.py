"""Dialogs without UIManager, which newer free versions of Resolve have not.

tkinter where Resolve's Python has it, else Fusion's own AskUser, which needs an open composition.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Optional, Sequence, Tuple

from .bridge.errors import Cancelled, DvmError

if TYPE_CHECKING:
    from .fusion_api import Composition

NO_DIALOG = (
    "No dialog can be shown: open the Fusion page and run the script there, or let Resolve use a Python with tkinter."
)


@dataclass(frozen=True)
class Field:
    """One question.

    Attributes:
        name: Key of its answer.
        label: Text beside it.
        kind: `text`, `file`, `folder`, `choice`, `check` or `number`.
        default: What it says at first; a choice its text.
        choices: Texts to choose from.
    """

    name: str
    label: str
    kind: str
    default: Any = ""
    choices: Tuple[str, ...] = ()


def ask(title: str, fields: Sequence[Field], composition: "Optional[Composition]") -> Dict[str, Any]:
    """Show a form and wait.

    Args:
        title: Title of the window.
        fields: Its questions.
        composition: For Fusion's dialog, where there is no tkinter.

    Returns:
        An answer for each field's name: text, text of the choice, bool, or int.

    Raises:
        Cancelled: The artist closed it.
        DvmError: There is no way to show it.
    """
    from . import form_tk

    if form_tk.available():
        answers = form_tk.ask(title, fields)
    elif composition is not None:
        answers = _ask_fusion(title, fields, composition)
    else:
        raise DvmError(NO_DIALOG)
    if answers is None:
        raise Cancelled("Cancelled.")
    return answers


def show(title: str, message: str, composition: "Optional[Composition]") -> None:
    """Tell the artist something, and print it to Resolve's console in any case."""
    from . import form_tk

    print(f"{title}: {message}")  # noqa: T201
    if form_tk.available():
        form_tk.show(title, message)
    elif composition is not None:
        text = {1: "message", 2: "Text", "Name": "", "ReadOnly": True, "Wrap": True, "Lines": 6, "Default": message}
        composition.AskUser(title, {1: text})


_CONTROLS = {"text": "Text", "file": "FileBrowse", "folder": "PathBrowse", "choice": "Dropdown", "check": "Checkbox"}


def _ask_fusion(title: str, fields: Sequence[Field], composition: "Composition") -> Optional[Dict[str, Any]]:
    controls = {index: _fusion_control(field) for index, field in enumerate(fields, 1)}
    answers = composition.AskUser(title, controls)
    if answers is None:
        return None
    return {field.name: _answer(field, answers.get(field.name)) for field in fields}


def _fusion_control(field: Field) -> Dict[Any, Any]:
    control: Dict[Any, Any] = {1: field.name, 2: _CONTROLS.get(field.kind, "Slider"), "Name": field.label}
    if field.kind == "choice":
        control["Options"] = dict(enumerate(field.choices))
        control["Default"] = field.choices.index(field.default)
    elif field.kind == "number":
        control.update(Default=field.default, Integer=True, Min=0, Max=100)
    elif field.kind == "check":
        control["Default"] = int(field.default)
    else:
        control["Default"] = field.default
        if field.kind == "text":
            control["Lines"] = 1
    return control


def _answer(field: Field, given: Any) -> Any:
    if field.kind == "choice":
        return field.choices[int(given or 0)]
    if field.kind == "check":
        return bool(given)
    return int(given or 0) if field.kind == "number" else str(given or "")
