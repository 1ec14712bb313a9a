"""A small DaVinci Resolve: a project with a clip in its timeline; Deliver and Fusion pages that write real EXRs.

Its names are those of Blackmagic's typing stubs, and a test holds them to it; Fusion's are those of
`dvm_resolve.fusion_api`. What a method gives on failure (`False`, `None`) is what Resolve gives: it raises nothing.
"""

import copy
from pathlib import Path

import numpy as np
from fusion_stage import write_image


class TimelineItem:
    """A clip in a timeline."""

    def __init__(self, media, start, duration, left=0, right=0, source_frames=None):
        self.media = media
        self.start = start
        self.duration = duration
        self.left = left
        self.right = right
        self.source_frames = duration if source_frames is None else source_frames
        self.compositions = []
        self.graded = True

    def GetName(self):
        return self.media.name

    def GetMediaPoolItem(self):
        return self.media

    def GetStart(self, subframe_precision):
        return self.start

    def GetDuration(self, subframe_precision):
        return self.duration

    def GetLeftOffset(self, subframe_precision):
        return self.left

    def GetRightOffset(self, subframe_precision):
        return self.right

    def GetSourceStartFrame(self):
        return self.left

    def GetSourceEndFrame(self):
        return self.left + self.source_frames

    def GetFusionCompCount(self):
        return len(self.compositions)

    def GetFusionCompByIndex(self, compIndex):
        return self.compositions[compIndex - 1]

    def GetFusionCompNameList(self):
        return [f"Composition {index}" for index, _ in enumerate(self.compositions, 1)]

    def DeleteFusionCompByName(self, compName):
        self.compositions.pop()
        return True

    def AddFusionComp(self):
        self.compositions.append(Composition())
        return self.compositions[-1]

    def GetNodeGraph(self, layerIdx):
        return Graph(self)


class Graph:
    """A clip's grade."""

    def __init__(self, item):
        self._item = item

    def ResetAllGrades(self):
        self._item.graded = False
        return True


class MediaPoolItem:
    """A clip in the media pool."""

    def __init__(self, name, **properties):
        self.name = name
        self.properties = properties
        self.mattes = []

    def GetUniqueId(self):
        return f"id of {self.name}"

    def GetClipProperty(self, propertyName):
        return self.properties.get(propertyName, "")


class Timeline:
    """A timeline of some tracks."""

    def __init__(self, tracks, timecode="01:00:00:00", start=86400):
        self.tracks = tracks
        self.timecode = timecode
        self.start = start
        self.marks = {}
        self.settings = {
            "timelineFrameRate": "24", "timelineResolutionWidth": "32", "timelineResolutionHeight": "24"
        }  # fmt: skip
        self.current = tracks[0][0] if tracks and tracks[0] else None
        self.refuses_to_duplicate = False

    def GetStartFrame(self):
        return self.start

    def GetCurrentTimecode(self):
        return self.timecode

    def GetCurrentVideoItem(self):
        return self.current

    def GetMarkInOut(self):
        return self.marks

    def GetSetting(self, settingName):
        return self.settings.get(settingName, "")

    def GetTrackCount(self, trackType):
        assert trackType == "video"
        return len(self.tracks)

    def GetItemListInTrack(self, trackType, index):
        return list(self.tracks[index - 1])

    def DuplicateTimeline(self, timelineName):
        if self.refuses_to_duplicate:
            return None
        # Items are new objects there; the media pool's clips are the same.
        return Timeline([[copy.copy(item) for item in track] for track in self.tracks], self.timecode, self.start)

    def DeleteClips(self, timelineItems, Bool):
        for track in self.tracks:
            track[:] = [item for item in track if item not in timelineItems]
        return True


class MediaPool:
    """Where timelines are kept."""

    def __init__(self):
        self.deleted = []

    def DeleteTimelines(self, timeline):
        self.deleted += timeline
        return True


class MediaStorage:
    """Takes clip mattes."""

    def __init__(self):
        self.takes_mattes = True

    def AddClipMattesToMediaPool(self, mediaPoolItem, paths, stereoEye=None):
        if self.takes_mattes:
            mediaPoolItem.mattes += paths
        return self.takes_mattes


class Project:
    """A project; its Deliver page writes frames whose pixels are the timeline frame's number."""

    def __init__(self, timeline, size=(24, 32)):
        self.timeline = timeline
        self.size = size
        self.pool = MediaPool()
        self.render_format = {"format": "mov", "codec": "H264"}
        self.render_mode = 0
        self.settings = {}
        self.jobs = {}
        self.rendered = []
        self.loses_frames = 0
        self.fails = False

    def GetName(self):
        return "Film: reel 1"

    def GetCurrentTimeline(self):
        return self.timeline

    def SetCurrentTimeline(self, timeline):
        self.timeline = timeline
        return True

    def GetMediaPool(self):
        return self.pool

    def GetRenderCodecs(self, renderFormat):
        return {"RGB half (ZIP)": "RGBHalfZIP", "RGB float (PIZ)": "RGBFloatPIZ"} if renderFormat == "exr" else {}

    def GetCurrentRenderFormatAndCodec(self):
        return dict(self.render_format)

    def SetCurrentRenderFormatAndCodec(self, format, codec):
        self.render_format = {"format": format, "codec": codec}
        return True

    def GetCurrentRenderMode(self):
        return self.render_mode

    def SetCurrentRenderMode(self, renderMode):
        self.render_mode = renderMode
        return True

    def SetRenderSettings(self, settings):
        self.settings = dict(settings)
        return True

    def AddRenderJob(self):
        name = f"job {len(self.jobs) + 1}"
        self.jobs[name] = self.settings
        return name

    def DeleteRenderJob(self, jobId):
        return self.jobs.pop(jobId, None) is not None

    def StartRendering(self, jobIds, isInteractiveMode=False):
        assert self.render_format == {"format": "exr", "codec": "RGBHalfZIP"}
        assert self.render_mode == 1
        for name in jobIds:
            self._deliver(self.jobs[name])
        return True

    def _deliver(self, settings):
        items = [item for track in self.timeline.tracks for item in track]
        self.rendered.append({"items": items, "settings": settings})
        if not self.fails:
            for frame in range(settings["MarkIn"], settings["MarkOut"] + 1 - self.loses_frames):
                pixels = np.full((*self.size, 3), frame % 1000, dtype=np.float32)
                write_image(Path(settings["TargetDir"]) / f"plate_{frame:08d}.exr", pixels, ("R", "G", "B"), "half")

    def IsRenderingInProgress(self):
        return False

    def GetRenderJobStatus(self, jobId):
        return {"JobStatus": "Failed", "Error": "GPU memory full"} if self.fails else {"JobStatus": "Complete"}

    def ExportCurrentFrameAsStill(self, filePath):
        write_image(Path(filePath), np.full((*self.size, 1), 128, dtype=np.uint8), ("Y",), "uint8")
        return True


class ProjectManager:
    """Has the open project."""

    def __init__(self, project):
        self._project = project

    def GetCurrentProject(self):
        return self._project


class Resolve:
    """Resolve itself."""

    def __init__(self, project, fusion):
        self.project = project
        self.fusion = fusion
        self.storage = MediaStorage()

    def GetProjectManager(self):
        return ProjectManager(self.project)

    def GetMediaStorage(self):
        return self.storage

    def Fusion(self):
        return self.fusion


class FusionPage:
    """Fusion inside Resolve, with the composition that its page shows."""

    def __init__(self, composition=None):
        self.composition = composition

    def GetCurrentComp(self):
        return self.composition


class Tool:
    """A tool with its inputs."""

    def __init__(self, composition, kind):
        self.Name = f"{kind}1"
        self.kind = kind
        self.inputs = {}
        self._composition = composition

    def SetInput(self, name, value):
        if name in ("GlobalIn", "GlobalOut"):
            assert value >= self.inputs.get("GlobalIn", value) or name == "GlobalIn", "Fusion refuses out before in"
        self.inputs[name] = value

    def ConnectInput(self, name, tool):
        self.inputs[name] = tool
        return True

    def SetAttrs(self, attributes):
        self.Name = attributes.get("TOOLS_Name", self.Name)

    def Delete(self):
        self._composition.tools.remove(self)


class Composition:
    """A clip's Fusion composition; a Saver in it writes frames whose pixels are half grey."""

    def __init__(self, render_start=0, answers=None):
        self.tools = []
        self.ActiveTool = None
        self.locked = 0
        self.undone = []
        self.asked = []
        self._answers = list(answers or ())
        self._render_start = render_start

    def GetAttrs(self):
        return {"COMPN_RenderStart": float(self._render_start)}

    def FindTool(self, name):
        return next((tool for tool in self.tools if tool.Name == name), None)

    def AddTool(self, tool, x, y):
        self.tools.append(Tool(self, tool))
        return self.tools[-1]

    def Render(self, settings):
        saver = settings["Tool"]
        file = Path(saver.inputs["Clip"])
        for frame in range(settings["Start"], settings["End"] + 1):
            pixels = np.full((24, 32, 1), 0.5, dtype=np.float32)
            write_image(file.with_name(f"{file.stem}{frame:04d}{file.suffix}"), pixels, ("Y",), "half")
        return True

    def AskUser(self, title, fields):
        """Give the next of the answers; without any, close the dialog."""
        self.asked.append((title, fields))
        return self._answers.pop(0) if self._answers else None

    def Lock(self):
        self.locked += 1

    def Unlock(self):
        self.locked -= 1

    def StartUndo(self, name):
        self.undone.append(name)

    def EndUndo(self, keep):
        self.undone.append(keep)
