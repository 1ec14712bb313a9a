"""Finished alphas back in Resolve: as the clip's matte for the Color page, or as a Loader in its Fusion composition."""

from typing import TYPE_CHECKING, Sequence

from . import clip as clips
from .bridge.errors import DvmError, InputError
from .bridge.frames import normalise_pattern
from .folders import frames_of

if TYPE_CHECKING:
    from .fusion_api import Composition
    from .session import Session

LOADER = "DVM_Alpha"
_ANYWHERE = (-32768, -32768)


def finished(pattern: str) -> Sequence[int]:
    """Numbers of the alphas that are there.

    Raises:
        InputError: There is none, or there is a gap: Resolve would shift what follows it.
    """
    numbers = frames_of(normalise_pattern(pattern))
    if not numbers:
        raise InputError(f"There are no finished alphas at {pattern}; matte the clip first.")
    if len(numbers) != numbers[-1] - numbers[0] + 1:
        missing = min(set(range(numbers[0], numbers[-1])) - set(numbers))
        raise InputError(f"Alpha {missing} of {pattern} is missing; matte the clip again, finished frames are kept.")
    return numbers


def as_clip_matte(session: "Session", clip: clips.Clip, pattern: str) -> str:
    """Attach the alphas to the clip in the media pool.

    Returns:
        What to do next.

    Raises:
        InputError: The clip is retimed, for a clip matte runs with the source.
        DvmError: Resolve does not take them.
    """
    if clip.retimed:
        raise InputError(
            f"{clip.name!r} is retimed and a clip matte runs with its source: bring the matte back as a Fusion Loader."
        )
    numbers = finished(pattern)
    file = normalise_pattern(pattern).path(numbers[0])
    # The stubs ask for an eye; Resolve wants it for stereo clips only.
    if not session.resolve.GetMediaStorage().AddClipMattesToMediaPool(session.media, [file]):  # type: ignore[call-arg]
        raise DvmError(f"Resolve did not take {file} as a clip matte: add it by hand in the Media page.")
    late = numbers[0] - clip.first
    offset = f" It begins {late} frames into the source: check the matte's offset in the Key palette." if late else ""
    return f"{len(numbers)} frames are attached: on the Color page, right-click a node and choose Add Matte.{offset}"


def as_loader(composition: "Composition", clip: clips.Clip, pattern: str) -> str:
    """Add a Loader that shows each alpha on its own frame, in one step of undo; one that is there is updated.

    Returns:
        What to do next.

    Raises:
        InputError: There are no alphas, or there is a gap.
        DvmError: Fusion adds no Loader.
    """
    numbers = finished(pattern)
    start = clips.render_start(composition.GetAttrs())
    first = clip.composition_frame(clip.start + numbers[0] - clip.number(clip.start), start)
    last = first + len(numbers) - 1
    composition.Lock()
    composition.StartUndo("DVM alpha")
    added = False
    try:
        loader = composition.FindTool(LOADER) or composition.AddTool("Loader", *_ANYWHERE)
        if loader is None:
            raise DvmError(f"Fusion did not add a Loader; load {pattern} by hand.")
        loader.SetAttrs({"TOOLS_Name": LOADER})
        loader.SetInput("Clip", normalise_pattern(pattern).path(numbers[0]))
        # Out before in: Fusion refuses a range whose end comes first.
        for name, value in (("GlobalOut", last), ("GlobalIn", first), ("GlobalOut", last)):
            loader.SetInput(name, value)
        added = True
    finally:
        composition.EndUndo(added)
        composition.Unlock()
    return (
        f"The tool {LOADER} in the clip's Fusion composition has frames {first} to {last}: use it as a mask or matte."
    )
