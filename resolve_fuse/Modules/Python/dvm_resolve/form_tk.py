"""Forms and a progress window in tkinter. Resolve runs a script in a process of its own, so they never hold it up."""

from typing import Any, Callable, Dict, Optional, Sequence

from .forms import Field

_POLL = 100  # milliseconds


def available() -> bool:
    """Whether this Python has tkinter and a screen to show it on."""
    try:
        import tkinter

        tkinter.Tk().destroy()
    except Exception:  # tkinter.TclError where there is no screen; whatever a broken Tcl raises
        return False
    return True


def ask(title: str, fields: Sequence[Field]) -> Optional[Dict[str, Any]]:
    """Show a form and wait; the answers by name, or None if it was closed."""
    import tkinter

    root = tkinter.Tk()
    root.title(title)
    form = _Form(root, fields)
    root.mainloop()
    return form.answers


def show(title: str, message: str) -> None:
    """Show a message until it is closed."""
    import tkinter
    from tkinter import messagebox

    root = tkinter.Tk()
    root.withdraw()
    messagebox.showinfo(title, message, parent=root)
    root.destroy()


def watch(title: str, step: Callable[[], Optional[str]], cancel: Callable[[], None]) -> None:
    """Show how far something is until it is done.

    Args:
        title: Title of the window.
        step: Called about ten times a second; a text to show, or None when all is done.
        cancel: Called when the artist presses Cancel or closes the window; it stays until `step` says None.
    """
    import tkinter
    from tkinter import ttk

    root = tkinter.Tk()
    root.title(title)
    text = tkinter.StringVar(root, "Starting.")
    ttk.Label(root, textvariable=text, width=60).pack(padx=12, pady=12)
    ttk.Button(root, text="Cancel", command=cancel).pack(pady=(0, 12))
    root.protocol("WM_DELETE_WINDOW", cancel)

    def poll() -> None:
        said = step()
        if said is None:
            root.destroy()
        else:
            text.set(said)
            root.after(_POLL, poll)

    root.after(0, poll)
    root.mainloop()


class _Form:
    """The widgets of some fields, one a row."""

    def __init__(self, root: Any, fields: Sequence[Field]) -> None:
        from tkinter import ttk

        self.answers: Optional[Dict[str, Any]] = None
        self._root = root
        self._fields = fields
        self._variables: Dict[str, Any] = {}
        frame = ttk.Frame(root, padding=12)
        frame.grid()
        for row, field in enumerate(fields):
            ttk.Label(frame, text=field.label).grid(row=row, column=0, sticky="e", padx=6, pady=3)
            self._add(frame, field).grid(row=row, column=1, sticky="we", padx=6, pady=3)
        buttons = ttk.Frame(frame)
        buttons.grid(row=len(fields), column=1, sticky="e", pady=(9, 0))
        ttk.Button(buttons, text="Cancel", command=root.destroy).grid(row=0, column=0, padx=3)
        ttk.Button(buttons, text="OK", command=self.accept).grid(row=0, column=1, padx=3)

    def accept(self) -> None:
        """Take the answers and close."""
        self.answers = {field.name: self._variables[field.name].get() for field in self._fields}
        self._root.destroy()

    def _add(self, frame: Any, field: Field) -> Any:
        import tkinter
        from tkinter import ttk

        kinds = {"check": tkinter.BooleanVar, "number": tkinter.IntVar}
        variable = kinds.get(field.kind, tkinter.StringVar)(frame, field.default)
        self._variables[field.name] = variable
        if field.kind == "check":
            return ttk.Checkbutton(frame, variable=variable)
        if field.kind == "choice":
            return ttk.Combobox(frame, textvariable=variable, values=field.choices, state="readonly")
        if field.kind == "number":
            return ttk.Spinbox(frame, textvariable=variable, from_=0, to=1000)
        if field.kind == "text":
            return ttk.Entry(frame, textvariable=variable, width=48)
        return self._path(frame, field, variable)

    def _path(self, frame: Any, field: Field, variable: Any) -> Any:
        from tkinter import filedialog, ttk

        def browse() -> None:
            choose = filedialog.askdirectory if field.kind == "folder" else filedialog.askopenfilename
            variable.set(choose(parent=self._root) or variable.get())

        row = ttk.Frame(frame)
        ttk.Entry(row, textvariable=variable, width=48).grid(row=0, column=0)
        ttk.Button(row, text="Browse", command=browse).grid(row=0, column=1, padx=(3, 0))
        return row
