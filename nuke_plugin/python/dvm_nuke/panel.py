"""What an artist set on a DVM Matte, read once, so that nothing looks at knobs while a job runs."""

from typing import NamedTuple, Tuple

import nuke

from . import colour, keyframes
from .bridge.errors import UsageError
from .bridge.frames import sequence_of
from .bridge.settings import Settings
from .host import IDENTITY, script_values
from .names import beside, expand, spread_over_views
from .span import Span

_TRIMAP_CHANNELS = {"auto": "", "red": "R", "alpha": "A"}


class Panel(NamedTuple):
    """The knobs of one node.

    Attributes:
        name: The node's name, for messages.
        identity: What finds it again.
        model: Name of the model, or file of weights.
        wanted: Frames to matte.
        keys: Trimap keyframes; empty for a trimap on every frame, or for every file that the trimap has.
        propagate: Whether trimaps are keyframes.
        corrected: Pattern of alphas that were put right by hand; "" for none.
        colorspace: The plate's space by the engine's name, as an artist typed it; "" for the working space.
        output: Pattern of the alphas, `%V` in it where the script has several views.
        settings: Device, precision, size, trimap channel, foreground, and what happens to finished frames.
        views: The script's views.
    """

    name: str
    identity: str
    model: str
    wanted: Span
    keys: Tuple[int, ...]
    propagate: bool
    corrected: str
    colorspace: str
    output: str
    settings: Settings
    views: Tuple[str, ...]

    @property
    def foreground(self) -> str:
        """Pattern of the foregrounds, whether they are written or not."""
        return beside(self.output, "fg")


def read(node: nuke.Node) -> Panel:
    """Read a node's knobs.

    Raises:
        UsageError: One of them does not make sense.
    """
    first, last = int(node["first"].value()), int(node["last"].value())
    if last < first:
        raise UsageError(f"The range runs backwards: {first} to {last}; swap the two.")
    propagate = bool(node["propagate"].value())
    views = tuple(nuke.views())
    output = spread_over_views(expand(str(node["output"].value()), script_values(node)), list(views))
    typed = str(node["colorspace"].value()).strip()
    return Panel(
        name=str(node.name()),
        identity=str(node[IDENTITY].value()),
        model=_model(node),
        wanted=Span(first, last),
        keys=keyframes.read(str(node["keyframes"].value())) if propagate else (),
        propagate=propagate,
        corrected=_corrected(node),
        colorspace="" if typed in ("", colour.WORKING) else typed,
        output=output,
        settings=Settings(
            device=str(node["device"].value()),
            precision=str(node["precision"].value()),
            reduce=1 if node["full_size"].value() else "auto",
            trimap_channel=_TRIMAP_CHANNELS[str(node["trimap_channel"].value())],
            fg=beside(output, "fg") if node["write_foreground"].value() else "",
            existing="resume" if node["keep_finished"].value() else "overwrite",
        ),
        views=views,
    )


def _corrected(node: nuke.Node) -> str:
    knob = node.knob("corrected")  # nodes of older scripts have none
    return sequence_of(str(knob.value() or "")) if knob is not None else ""


def _model(node: nuke.Node) -> str:
    name = str(node["model"].value())
    if name != "file":
        return name
    file = str(node["model_file"].value())
    if not file:
        raise UsageError("The model is to come from a file, but none is named.")
    return file
