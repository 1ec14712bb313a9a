"""From a node to jobs, one for each view: files are passed on as they are, all else is rendered first."""

from dataclasses import replace
from typing import List, NamedTuple, Optional, Sequence, Tuple

import nuke

from . import dump, upstream
from .bridge.errors import UsageError
from .bridge.job import MatteJob
from .host import management
from .names import frames_there, of_view
from .panel import Panel
from .span import Span, between_keys, with_corrected, with_neighbours


class ViewJob(NamedTuple):
    """One view's job.

    Attributes:
        view: Name of the view.
        job: What the engine is told.
        dumps: Patterns of what was rendered for it, to take away when it is over.
    """

    view: str
    job: MatteJob
    dumps: Tuple[str, ...]


class _Input(NamedTuple):
    """One input: what to render it from, its files if the engine can read them instead, and the frames it needs."""

    role: str
    node: nuke.Node
    files: Optional[upstream.Files]
    frames: Sequence[int] = ()


class _Plan(NamedTuple):
    """All that the views' jobs have in common."""

    group: nuke.Group
    panel: Panel
    plate: _Input
    trimap: _Input
    wanted: Span
    span: Span
    folder: str


def jobs(group: nuke.Group, panel: Panel, wanted: Span, folder: str) -> List[ViewJob]:
    """Make a node's jobs, and render what they need; in the main thread.

    Args:
        group: A DVM Matte.
        panel: Its knobs.
        wanted: Frames to matte: the panel's, or one of them for a preview.
        folder: Name of the folder for what is rendered, beside the alphas.

    Raises:
        DvmError: An input is missing, a value does not fit, or rendering failed; nothing is left behind then.
    """
    plan = _plan(group, panel, wanted, folder)
    made: List[ViewJob] = []
    try:
        for view in panel.views:
            made.append(_for_view(plan, view))
    except Exception:
        clean_up(made)
        raise
    return made


def clean_up(made: Sequence[ViewJob]) -> None:
    """Take away what was rendered for jobs."""
    for job in made:
        for pattern in job.dumps:
            dump.remove(pattern)


def _plan(group: nuke.Group, panel: Panel, wanted: Span, folder: str) -> _Plan:
    plate, trimap = _plate(group, panel), _trimap(group, panel)
    shot = upstream.shot_of(plate.node) if plate.files is None else plate.files.shot
    compared = with_corrected(wanted, shot, _on_disk(panel, panel.corrected))
    if panel.propagate:
        span = between_keys(compared, shot, panel.keys or _keys_on_disk(panel, trimap))
        trimap = trimap._replace(frames=[key for key in panel.keys if span.first <= key <= span.last])
        if not trimap.frames and trimap.files is None:
            raise UsageError(f"No trimap keyframe lies in frames {span}; add one there.")
    else:
        span = with_neighbours(compared, shot)
        trimap = _complete(trimap, span)
    return _Plan(group, panel, _complete(plate, span), trimap, wanted, span, folder)


def _plate(group: nuke.Group, panel: Panel) -> _Input:
    """The plate; its files only if the engine knows their colour space, and the artist has not named another."""
    node = upstream.source(group, 0, "plate")
    files = None if panel.colorspace else upstream.files(node, len(panel.views) > 1)
    if files is not None and not management().engine_name(files.colorspace):
        files = None
    return _Input("plate", node, files)


def _trimap(group: nuke.Group, panel: Panel) -> _Input:
    """The trimap; listed keyframes are always rendered, so that no other file counts."""
    node = upstream.source(group, 1, "trimap")
    overlay = node.knob("overlay")
    if overlay is not None and overlay.value():
        raise UsageError(f"{node.name()} shows its overlay, which is no trimap; switch the overlay off.")
    files = None if panel.keys else upstream.files(node, len(panel.views) > 1)
    if panel.propagate and not panel.keys and files is None:
        raise UsageError("There are no trimap keyframes; go to a frame with a good trimap and press Add.")
    return _Input("trimap", node, files)


def _keys_on_disk(panel: Panel, trimap: _Input) -> Sequence[int]:
    return _on_disk(panel, trimap.files.pattern) if trimap.files is not None else ()


def _on_disk(panel: Panel, pattern: str) -> Sequence[int]:
    return frames_there(of_view(pattern, panel.views[0]))


def _complete(source: _Input, span: Span) -> _Input:
    """An input with every frame of a span; a Read that has not got them all holds its ends, so it is rendered."""
    files = source.files if source.files is not None and source.files.shot.holds(span) else None
    return source._replace(files=files, frames=range(span.first, span.last + 1))


def _for_view(plan: _Plan, view: str) -> ViewJob:
    patterns: List[str] = []
    dumps: List[str] = []
    try:
        for source in (plan.plate, plan.trimap):
            if source.files is not None:
                patterns.append(of_view(source.files.pattern, view))
                continue
            target = _dump_pattern(plan, source, view)
            patterns.append(target)
            dumps.append(target)  # before it is rendered, so that what a failure leaves is taken away too
            dump.render(plan.group, source.role, source.frames, target, view)
        return ViewJob(view, _job(plan, patterns[0], patterns[1], view), tuple(dumps))
    except Exception:
        for pattern in dumps:
            dump.remove(pattern)
        raise


def _dump_pattern(plan: _Plan, source: _Input, view: str) -> str:
    folder = of_view(plan.panel.output, view).rpartition("/")[0]
    return f"{folder}/{plan.folder}/{view}/{source.role}.%04d.exr"


def _space(plan: _Plan) -> str:
    """The engine's name for the space of the pixels that it will find in the plate's files."""
    if plan.plate.files is not None:
        return management().engine_name(plan.plate.files.colorspace)
    return plan.panel.colorspace or management().engine_working


def _job(plan: _Plan, plate: str, trimap: str, view: str) -> MatteJob:
    panel = plan.panel
    settings = replace(panel.settings, colorspace=_space(plan), fg=of_view(panel.settings.fg, view))
    return MatteJob(
        plate=plate,
        trimap=trimap,
        output=of_view(panel.output, view),
        range=str(plan.wanted),
        shot_range=str(plan.span),
        trimap_mode="keyframes" if panel.propagate else "every-frame",
        model=panel.model,
        corrected=of_view(panel.corrected, view),
        settings=settings,
    )
