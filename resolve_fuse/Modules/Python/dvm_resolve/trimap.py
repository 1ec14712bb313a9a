"""Trimaps made in Resolve: from what the viewer shows, or from a tool in the clip's Fusion composition."""

from typing import TYPE_CHECKING, Tuple

from . import clip as clips
from . import timecode
from .bridge.errors import DvmError, InputError
from .bridge.frames import normalise_pattern
from .folders import FUSION_TRIMAPS, KEYS, WorkFolder, renumber

if TYPE_CHECKING:
    from .fusion_api import Composition, Tool
    from .session import Session

FUSION_TOOL = "DVM_Trimap"
"""Name of the tool whose picture is the trimap."""

_ANYWHERE = (-32768, -32768)


def key_from_still(session: "Session", clip: clips.Clip, folder: WorkFolder) -> str:
    """Write what the viewer shows at the playhead, in black, grey and white, as the trimap of that frame.

    Returns:
        The file.

    Raises:
        InputError: The timeline is of another size than the clip, or the playhead is not on it.
        DvmError: Resolve did not write it.
    """
    _check_size(session, clip)
    timeline = session.timeline
    rate = float(str(timeline.GetSetting("timelineFrameRate")).split()[0])
    frame = timecode.frame_of(timeline.GetCurrentTimecode(), rate)
    if not clip.start <= frame < clip.start + clip.duration:
        raise InputError(f"The playhead is not on {clip.name!r}; put it on the frame that the trimap is for.")
    folder.make(KEYS)
    file = normalise_pattern(folder.pattern(KEYS)).path(clip.number(frame))
    if not session.project.ExportCurrentFrameAsStill(file):
        raise DvmError(f"Resolve did not write {file}: a still can be exported on the Edit and Color pages only.")
    return file


def from_fusion(composition: "Composition", clip: clips.Clip, cut: Tuple[int, int], folder: WorkFolder) -> str:
    """Render the tool named DVM_Trimap, or else the active one, as a trimap for each frame of a cut.

    Returns:
        The pattern of the trimaps.

    Raises:
        InputError: There is no such tool.
        DvmError: Fusion did not render it.
    """
    tool = composition.FindTool(FUSION_TOOL) or composition.ActiveTool
    if tool is None:
        raise InputError(f"Rename the tool that shows the trimap to {FUSION_TOOL}, or select it, and try again.")
    target = folder.make(FUSION_TRIMAPS) / "rendering"
    target.mkdir(exist_ok=True)
    for left in target.iterdir():
        left.unlink()
    start = clips.render_start(composition.GetAttrs())
    first, last = (clip.composition_frame(frame, start) for frame in cut)
    saver = _add_saver(composition, tool, str(target / "trimap_.exr"))
    try:
        if not composition.Render({"Tool": saver, "Start": first, "End": last, "Wait": True}):
            raise DvmError(f"Fusion did not render {tool.Name}; look at its Console.")
    finally:
        saver.Delete()
    renumber(target, folder.pattern(FUSION_TRIMAPS), clip.number(cut[0]), cut[1] - cut[0] + 1)
    return folder.pattern(FUSION_TRIMAPS)


def _add_saver(composition: "Composition", tool: "Tool", file: str) -> "Tool":
    saver = composition.AddTool("Saver", *_ANYWHERE)
    if saver is None:
        raise DvmError("Fusion did not add a Saver to render the trimap with.")
    saver.SetInput("Clip", file)
    saver.ConnectInput("Input", tool)
    return saver


def _check_size(session: "Session", clip: clips.Clip) -> None:
    """A still has the timeline's size, a trimap must have the plate's."""
    setting = session.timeline.GetSetting
    size = int(setting("timelineResolutionWidth")), int(setting("timelineResolutionHeight"))
    if clip.size is not None and not clip.needs_render and clip.size != size:
        raise InputError(
            "A still has the timeline's size, {} x {}, and {!r} has {} x {}: use a timeline of the clip's size for its "
            "trimaps, or take them from Fusion.".format(*size, clip.name, *clip.size)
        )
