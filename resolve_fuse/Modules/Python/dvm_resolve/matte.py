"""Matte the clip under the playhead: ask, prepare the plate, run the engine, bring the alphas back."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Tuple

from . import bring_back, folders, render
from . import clip as clips
from .bridge.errors import UsageError
from .bridge.frames import format_range, sequence_of
from .bridge.job import MatteJob
from .bridge.settings import Settings
from .forms import Field

if TYPE_CHECKING:
    from .session import Session

RENDERED_SPACE = "srgb_rec709_scene"
"""What a rendered plate is in, unless the artist knows better: EXR from Resolve carries no colour space."""

MODELS = ("lite", "rn50", "closed-form")
AS_IT_IS, RENDERED = "The file, if it can be read", "Rendered by Resolve"
MATTE, LOADER, NOTHING = "Clip matte (Color page)", "Loader in Fusion", "Leave the files"


@dataclass(frozen=True)
class Wish:
    """What the artist asked for.

    Attributes:
        trimap: Pattern or file of the trimaps.
        keyframes: Whether they are keyframes, to propagate between.
        corrected: Pattern or file of alphas that were put right by hand; "" for none.
        model: Name of the model.
        own_model: File of weights instead, such as a shot's own by `dvm finetune`; "" for none.
        full_size: Whether large plates are matted at their own size, not reduced.
        handles: Frames to matte beyond the cut on each side.
        plate: `AS_IT_IS` or `RENDERED`.
        colorspace: Of the plate.
        result: `MATTE`, `LOADER` or `NOTHING`.
        python: The engine's Python; "" to look for it.
    """

    trimap: str
    keyframes: bool
    corrected: str
    model: str
    own_model: str
    full_size: bool
    handles: int
    plate: str
    colorspace: str
    result: str
    python: str


def fields(folder: folders.WorkFolder, last: Dict[str, Any]) -> List[Field]:
    """The form; what was answered last is what it says, and trimaps that were made here are offered."""
    keys = folder.has(folders.KEYS)
    made = folders.KEYS if keys else folders.FUSION_TRIMAPS
    trimap = folder.pattern(made) if folder.has(made) else ""
    return [
        Field("trimap", "Trimaps", "file", trimap),
        Field("keyframes", "Trimaps are keyframes", "check", keys),
        Field("corrected", "Corrected alphas", "file", ""),
        Field("model", "Model", "choice", _one_of(last.get("model"), MODELS), MODELS),
        Field("own_model", "Own model", "file", ""),
        Field("full_size", "Full size", "check", False),
        Field("handles", "Handles", "number", int(last.get("handles") or 0)),
        Field("plate", "Plate", "choice", AS_IT_IS, (AS_IT_IS, RENDERED)),
        Field("colorspace", "Plate's colour space", "text", "auto"),
        Field(
            "result", "Bring back as", "choice", _one_of(last.get("result"), (MATTE, LOADER)), (MATTE, LOADER, NOTHING)
        ),
        Field("root", "Folder for mattes", "folder", str(Path(str(last.get("root") or folders.ROOT)).expanduser())),
        Field("python", "Engine's Python", "file", str(last.get("python") or "")),
    ]


def _one_of(answer: object, names: Tuple[str, ...]) -> str:
    return str(answer) if answer in names else names[0]


def make_job(session: "Session", clip: clips.Clip, wish: Wish, folder: folders.WorkFolder) -> MatteJob:
    """The job of a clip; what the engine cannot read is rendered by Resolve first.

    Raises:
        InputError: In and out mark none of the clip.
        UsageError: A value does not fit.
        DvmError: Resolve did not render the plate.
    """
    if not wish.trimap:
        raise UsageError("No trimap is named: browse to one, or make one by DVM Trimap Key From Still first.")
    cut = clip.cut(session.timeline.GetMarkInOut(), session.timeline.GetStartFrame())
    plate, colorspace = clip.file, wish.colorspace
    if clip.needs_render or wish.plate == RENDERED:
        plate = render.render_plate(session, clip, cut, folder)
        colorspace = RENDERED_SPACE if colorspace == "auto" else colorspace
    else:
        cut = clip.with_handles(cut, wish.handles)
    folder.make(folders.ALPHAS)
    return MatteJob(
        plate=plate,
        trimap=sequence_of(wish.trimap),
        output=folder.pattern(folders.ALPHAS),
        range=format_range(clip.number(frame) for frame in range(cut[0], cut[1] + 1)),
        trimap_mode="keyframes" if wish.keyframes else "every-frame",
        model=wish.own_model or wish.model,
        corrected=sequence_of(wish.corrected),
        # The Color page reads a matte's brightness, Fusion its alpha: all four channels hold it.
        settings=Settings(
            channels="matte",
            existing="resume",
            colorspace=colorspace,
            reduce=1 if wish.full_size else "auto",
        ),
    )


def deliver(session: "Session", clip: clips.Clip, result: str, pattern: str) -> str:
    """Bring finished alphas back as the artist wants them. Gives what to do next.

    Raises:
        InputError: There are none, or they do not fit the clip.
        DvmError: Resolve does not take them.
    """
    if result == MATTE:
        return bring_back.as_clip_matte(session, clip, pattern)
    if result == LOADER:
        return bring_back.as_loader(session.composition(), clip, pattern)
    return f"The alphas are at {pattern}."


def progress(events: List[Dict[str, Any]]) -> List[str]:
    """Some events in words; those that say nothing of how far the job is are left out."""
    words: Dict[str, Callable[[Dict[str, Any]], str]] = {
        "hello": lambda event: "The engine is up on {device}.".format(**event),
        "plan": lambda event: "{frames} frames, {model} on {device}.".format(**event),
        "frame": lambda event: "Frame {frame}: {index} of {total}.".format(**event),
        "warning": lambda event: str(event["message"]),
    }
    return [words[event["event"]](event) for event in events if event["event"] in words]
