"""The way in: Resolve itself, and the clip under the playhead."""

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Optional, cast

from .bridge.errors import DvmError, InputError

if TYPE_CHECKING:
    from fusionscript import MediaPoolItem, Project, Resolve, Timeline, TimelineItem

    from .fusion_api import Composition, FusionPage

NO_RESOLVE = "DaVinci Resolve does not answer: these scripts need Resolve Studio, started from its Workspace menu."


def connect(script: Dict[str, Any]) -> "Resolve":
    """Resolve, from what it put among a script's globals, or else through its scripting module.

    Raises:
        DvmError: There is no Resolve to talk to.
    """
    resolve = script.get("resolve")
    if resolve is None:
        try:
            resolve = importlib.import_module("DaVinciResolveScript").scriptapp("Resolve")
        except ImportError:
            resolve = None
    if resolve is None:
        raise DvmError(NO_RESOLVE)
    return cast("Resolve", resolve)


@dataclass(frozen=True)
class Session:
    """What the playhead stands on.

    Attributes:
        resolve: Resolve.
        project: The open project.
        timeline: The current timeline.
        item: The clip under the playhead, in the timeline.
        media: Its clip in the media pool.
    """

    resolve: "Resolve"
    project: "Project"
    timeline: "Timeline"
    item: "TimelineItem"
    media: "MediaPoolItem"

    @classmethod
    def current(cls, resolve: "Resolve") -> "Session":
        """The clip under the playhead.

        Raises:
            InputError: There is no project, timeline, clip or media.
        """
        project = _there(resolve.GetProjectManager().GetCurrentProject(), "No project is open")
        timeline = _there(project.GetCurrentTimeline(), "No timeline is open")
        item = _there(timeline.GetCurrentVideoItem(), "There is no clip under the playhead")
        media = _there(item.GetMediaPoolItem(), "The clip under the playhead is a title or generator")
        return cls(resolve, project, timeline, item, media)

    def composition(self) -> "Composition":
        """The clip's first Fusion composition; one is added if it has none.

        Raises:
            DvmError: Resolve gives none.
        """
        count = self.item.GetFusionCompCount()
        found = self.item.GetFusionCompByIndex(1) if count else self.item.AddFusionComp()
        if not found:
            raise DvmError(f"Resolve gives no Fusion composition for {self.item.GetName()!r}.")
        return cast("Composition", found)


def open_composition(resolve: "Resolve") -> "Optional[Composition]":
    """The composition that the Fusion page shows; None away from that page."""
    return cast("FusionPage", resolve.Fusion()).GetCurrentComp()


def _there(found: Any, what: str) -> Any:
    if not found:
        raise InputError(f"{what}: put the playhead on the clip to matte, on the Edit, Fusion or Color page.")
    return found
