"""Knobs: text from a script, values for Python, expressions between them."""

from nuke_expression import evaluate
from nuke_script import split
from nuke_session import main_only, session

_CLASSES = {
    1: "String_Knob",
    2: "File_Knob",
    3: "Int_Knob",
    4: "Enumeration_Knob",
    6: "Boolean_Knob",
    7: "Double_Knob",
    20: "Tab_Knob",
    22: "PyScript_Knob",
    26: "Text_Knob",
    41: "Link_Knob",
}
_NUMBERS = {"Int_Knob": int, "Double_Knob": float, "Boolean_Knob": bool}


class Knob:
    """One knob of a node."""

    def __init__(self, node, kind, name, value="", choices=()):
        self._node = node
        self._class = kind
        self._name = name
        self._choices = list(choices)
        self._expression = ""
        self._value = value
        self._default = value
        self._visible = True

    def Class(self):
        return self._class

    def name(self):
        return self._name

    def node(self):
        return self._node

    @main_only
    def value(self):
        if self._expression:
            return self._cast(evaluate(self._expression, self._node.expression_value))
        return self._value

    def getValue(self):
        return self._choices.index(self._value) if self._choices else self.value()

    @main_only
    def setValue(self, value):
        if session.rendering:
            raise RuntimeError("I'm already executing something else")
        before = (self._value, self._expression)
        self._value, self._expression = self._cast(value), ""

        def undo():
            self._value, self._expression = before

        session.record(undo)
        return True

    def setExpression(self, text):
        self._expression = text
        return True

    def hasExpression(self):
        return bool(self._expression)

    def visible(self):
        return self._visible

    def execute(self):
        """Press a button."""
        if self._class == "PyScript_Knob":
            session.this_node.append(self._node)
            try:
                exec(compile(self._value, self._name, "exec"), {"nuke": __import__("nuke")})
            finally:
                session.this_node.pop()

    def fromScript(self, text):
        """Take a value as a script has it; that of a number in braces is an expression, quoted if it has blanks."""
        if self._class in _NUMBERS and text.startswith("{"):
            self._expression = split(split(text)[0])[0]
        else:
            self._value = self._cast(text)

    def toScript(self):
        """The value as a script has it; None where it is the default."""
        if self._expression:
            return '{{"' + self._expression + '"}}'
        if self._value == self._default:
            return None
        return str(self._value).lower() if self._is_bool() else str(self._value)

    def _is_bool(self):
        return self._class == "Boolean_Knob"

    def _cast(self, value):
        if self._choices:
            return self._choices[value] if isinstance(value, int) else self._known(value)
        if self._is_bool() and isinstance(value, str):
            return value == "true"
        if self._class in _NUMBERS:
            return _NUMBERS[self._class](value)
        return str(value)

    def _known(self, value):
        if value not in self._choices:
            raise ValueError(f"{self._name} has no choice {value!r}")
        return value


def of_user(node, user):
    """A knob that `addUserKnob` makes."""
    kind = _CLASSES[user.kind]
    if kind == "Link_Knob":
        inner, _, name = user.options["T"].partition(".")
        return _Link(node, user.name, inner, name)
    choices = split(user.options.get("M", ""))
    value = {"Int_Knob": 0, "Double_Knob": 0.0, "Boolean_Knob": False}.get(kind, user.options.get("T", ""))
    knob = Knob(node, kind, user.name, choices[0] if choices else value, choices)
    knob._visible = "+INVISIBLE" not in user.flags
    return knob


class _Link(Knob):
    """A knob that shows one of a node inside the group."""

    def __init__(self, node, name, inner, knob):
        super().__init__(node, "Link_Knob", name)
        self._target = (inner, knob)

    def _linked(self):
        return self._node.node(self._target[0])[self._target[1]]

    def value(self):
        return self._linked().value()

    def setValue(self, value):
        return self._linked().setValue(value)

    def toScript(self):
        return None
