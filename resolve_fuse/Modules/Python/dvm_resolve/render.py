"""Plates rendered by Resolve, for what the engine cannot read itself: camera raw, and clips that are retimed."""

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Dict, Iterator, Tuple

from .bridge.errors import DvmError
from .clip import Clip
from .folders import PLATES, WorkFolder, renumber

if TYPE_CHECKING:
    from fusionscript import Project, RenderSettings, Timeline

    from .session import Session

_POLL = 0.5  # seconds
_CODECS = ("RGBHalfZIP", "RGBHalfPIZ", "RGBHalf", "RGBFloatZIP")


def render_plate(session: "Session", clip: Clip, cut: Tuple[int, int], folder: WorkFolder) -> str:
    """Render timeline frames of the clip alone, ungraded, to EXR.

    The timeline is duplicated for it and the duplicate deleted afterwards; the artist's own stays as it is.

    Args:
        session: Where the clip is.
        clip: The clip.
        cut: First and last timeline frame.
        folder: Where its plates go.

    Returns:
        The pattern of the plates, numbered as `Clip.number` says.

    Raises:
        DvmError: Resolve refuses a step, or rendered another number of frames.
    """
    target = folder.make(PLATES) / "rendering"
    target.mkdir(exist_ok=True)
    for left in target.iterdir():
        left.unlink()
    with _alone(session, clip):
        _render(session.project, {**_settings(clip, str(target)), "MarkIn": cut[0], "MarkOut": cut[1]})
    renumber(target, folder.pattern(PLATES), clip.number(cut[0]), cut[1] - cut[0] + 1)
    return folder.pattern(PLATES)


@contextmanager
def _alone(session: "Session", clip: Clip) -> Iterator[None]:
    """Make a duplicate of the timeline, with the clip and nothing else, the current one for a while."""
    project, own = session.project, session.timeline
    duplicate = own.DuplicateTimeline(f"dvm {clip.name}")
    if not duplicate:
        raise DvmError(f"Resolve did not duplicate the timeline to render {clip.name!r}.")
    try:
        project.SetCurrentTimeline(duplicate)
        _strip(duplicate, session, clip)
        yield
    finally:
        project.SetCurrentTimeline(own)
        project.GetMediaPool().DeleteTimelines([duplicate])


def _strip(timeline: "Timeline", session: "Session", clip: Clip) -> None:
    """Leave the clip alone on a timeline, without grade and Fusion composition."""
    media = session.media.GetUniqueId()
    others = []
    kept = None
    for track in range(1, timeline.GetTrackCount("video") + 1):
        for item in timeline.GetItemListInTrack("video", track):
            found = item.GetMediaPoolItem()
            if kept is None and found and found.GetUniqueId() == media and int(item.GetStart(False)) == clip.start:
                kept = item
            else:
                others.append(item)
    if kept is None:
        raise DvmError(f"{clip.name!r} was not found again in the duplicated timeline; it cannot be rendered alone.")
    if others and not timeline.DeleteClips(others, False):
        raise DvmError(f"Resolve did not take the other clips away to render {clip.name!r}.")
    kept.GetNodeGraph(1).ResetAllGrades()
    for name in kept.GetFusionCompNameList() or ():
        kept.DeleteFusionCompByName(name)


def _settings(clip: Clip, folder: str) -> "RenderSettings":
    settings: RenderSettings = {  # type: ignore[typeddict-item]  # the stubs mark every key as required
        "SelectAllFrames": False,
        "TargetDir": folder,
        "CustomName": "plate",
        "ExportVideo": True,
        "ExportAudio": False,
        "ExportAlpha": False,
    }
    if clip.size is not None:
        settings["FormatWidth"], settings["FormatHeight"] = clip.size
    return settings


def _render(project: "Project", settings: "RenderSettings") -> None:
    """Render the current timeline to EXR and wait; the project's own format and mode come back afterwards."""
    before, mode = project.GetCurrentRenderFormatAndCodec(), project.GetCurrentRenderMode()
    codec = _codec(project.GetRenderCodecs("exr"))
    # Mode 1 renders the timeline as a single clip.
    ready = project.SetCurrentRenderFormatAndCodec("exr", codec) and project.SetCurrentRenderMode(1)
    if not (ready and project.SetRenderSettings(settings)):
        raise DvmError("Resolve does not take EXR as a render format: try it by hand on the Deliver page.")
    job = project.AddRenderJob()
    if not job:
        raise DvmError("Resolve did not add a render job: try it by hand on the Deliver page.")
    try:
        project.StartRendering([job], False)
        while project.IsRenderingInProgress():
            time.sleep(_POLL)
        status = dict(project.GetRenderJobStatus(job))
    finally:
        project.DeleteRenderJob(job)
        project.SetCurrentRenderMode(mode)
        if before.get("format"):
            project.SetCurrentRenderFormatAndCodec(before["format"], before["codec"])
    if status.get("JobStatus") != "Complete":
        raise DvmError("Resolve did not render the plate: {}.".format(status.get("Error") or status.get("JobStatus")))


def _codec(codecs: Dict[str, str]) -> str:
    """Half float and lossless, if this Resolve has it."""
    names = list((codecs or {}).values())
    return next((name for name in _CODECS if name in names), names[0] if names else "")
