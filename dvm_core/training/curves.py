"""The picture of a run: loss and validation over its steps."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from dvm_core.training.state import History

_SMOOTH = 20  # logged losses in a mean


def draw_curves(history: History, path: Path) -> bool:
    """Draw loss and validation error to a PNG, where matplotlib is installed.

    Args:
        history: Of a run.
        path: Picture to write.

    Returns:
        Whether it was drawn.
    """
    try:
        pyplot = import_module("matplotlib.figure")
    except ModuleNotFoundError:
        return False
    figure = pyplot.Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots(1, 2)
    for axis, name, smooth in zip(axes, ("total", "mae"), (_SMOOTH, 1), strict=True):
        steps, values = _series(history, name, smooth)
        axis.semilogy(steps, values)
        axis.set(xlabel="step", title={"total": "training loss", "mae": "validation: mean absolute error"}[name])
        axis.grid(visible=True, which="both", alpha=0.3)
    figure.savefig(path, dpi=100)
    return True


def _series(history: History, name: str, smooth: int) -> tuple[list[float], list[float]]:
    """Steps and values of one curve, each value the mean of up to `smooth` entries before it."""
    entries = [entry for entry in history if name in entry]
    means = []
    for at in range(len(entries)):
        recent = [entry[name] for entry in entries[max(0, at - smooth + 1) : at + 1]]
        means.append(sum(recent) / len(recent))
    return [entry["step"] for entry in entries], means
