"""The scripts of Resolve's Workspace menu: each asks, works, and says in one sentence what came of it."""

import time
import traceback
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional

from . import clip as clips
from . import folders, form_tk, forms, matte, trimap
from .bridge.client import Worker
from .bridge.errors import Cancelled, DvmError
from .bridge.job import MatteJob
from .bridge.protocol import in_one_line
from .bridge.task import Task
from .session import Session, connect, open_composition

if TYPE_CHECKING:
    from fusionscript import Resolve

    from .fusion_api import Composition

TITLE = "DVM"
_POLL = 0.2  # seconds
_STARTING = "Starting the engine."


class Desk:
    """A clip with its folder, and the way to talk to the artist.

    Args:
        resolve: Resolve.
        composition: The composition that is open; None away from the Fusion page.

    Raises:
        InputError: There is no clip under the playhead, or its media has no file.
    """

    def __init__(self, resolve: "Resolve", composition: "Optional[Composition]") -> None:
        self.composition = composition
        self.session = Session.current(resolve)
        self.clip = clips.read(self.session)

    @property
    def folder(self) -> folders.WorkFolder:
        """The clip's folder, in the place that was chosen last."""
        root = str(folders.remembered().get("root") or folders.ROOT)
        return folders.WorkFolder(root, self.session.project.GetName(), self.clip.name)

    def ask(self, fields: List[forms.Field]) -> Dict[str, Any]:
        """Show a form about the clip; see `forms.ask`."""
        return forms.ask(f"{TITLE}: {self.clip.name}", fields, self.composition)


def matte_clip(desk: Desk) -> str:
    """Matte the clip under the playhead."""
    answers = desk.ask(matte.fields(desk.folder, folders.remembered()))
    folders.remember({name: answers[name] for name in ("model", "handles", "result", "root", "python")})
    del answers["root"]
    wish = matte.Wish(**answers)
    job = matte.make_job(desk.session, desk.clip, wish, desk.folder)
    doubts = run_job(job, Worker(wish.python))
    return f"{matte.deliver(desk.session, desk.clip, wish.result, job.output)} {doubts}".rstrip()


def trimap_key_from_still(desk: Desk) -> str:
    """Take what the viewer shows as the trimap of the frame under the playhead."""
    return f"Trimap key: {trimap.key_from_still(desk.session, desk.clip, desk.folder)}"


def trimap_from_fusion(desk: Desk) -> str:
    """Render the trimap of every frame in the clip's Fusion composition."""
    cut = desk.clip.cut(desk.session.timeline.GetMarkInOut(), desk.session.timeline.GetStartFrame())
    return f"Trimaps: {trimap.from_fusion(desk.session.composition(), desk.clip, cut, desk.folder)}"


def bring_matte_back(desk: Desk) -> str:
    """Bring finished alphas back in another form."""
    choices = (matte.MATTE, matte.LOADER)
    answers = desk.ask([forms.Field("result", "Bring back as", "choice", choices[0], choices)])
    return matte.deliver(desk.session, desk.clip, answers["result"], desk.folder.pattern(folders.ALPHAS))


def run(action: Callable[[Desk], str], script: Dict[str, Any]) -> None:
    """Run a script from the menu: whatever happens ends in a sentence, never in a traceback on the artist's screen.

    Args:
        action: One of the functions above.
        script: The script's globals, with what Resolve put there.
    """
    composition = None
    try:
        resolve = connect(script)
        composition = open_composition(resolve)
        message = action(Desk(resolve, composition))
    except Cancelled:
        message = "Cancelled; finished frames stay."
    except DvmError as error:
        message = error.message
    except Exception:
        traceback.print_exc()
        message = "This is our own fault; please send what Resolve's Console says to those who look after dvm."
    forms.show(TITLE, message, composition)


def run_job(job: MatteJob, worker: Worker) -> str:
    """Run a job to its end, with a progress window where one can be shown, else with lines in the console.

    Returns:
        What the engine warned of, in one line; "" for nothing.

    Raises:
        Cancelled: The artist cancelled it.
        DvmError: The engine could not be started, or the job failed.
    """
    try:
        task = worker.run(job)
        if form_tk.available():
            form_tk.watch(f"{TITLE}: matting", _stepper(task), task.cancel)
        else:
            _follow(task)
        last = task.wait(0)
    finally:
        worker.stop()
    if last["event"] == "cancelled":
        raise Cancelled("Cancelled.")
    if last["event"] == "error":
        raise DvmError(last["message"])
    return f"Warning: {in_one_line(task.warnings)}" if task.warnings else ""


def _stepper(task: Task) -> Callable[[], Optional[str]]:
    """Gives the newest word about a task each time it is called, and None at its end."""
    said = _STARTING

    def step() -> Optional[str]:
        nonlocal said
        said = [said, *matte.progress(task.poll())][-1]
        return None if task.finished else said

    return step


def _follow(task: Task) -> None:
    """Print every word about a task: a warning must not be lost because a frame came right after it."""
    print(f"{TITLE}: {_STARTING}")  # noqa: T201
    while True:
        finished = task.finished  # asked first: what came before the end is still to be said
        for said in matte.progress(task.poll()):
            print(f"{TITLE}: {said}")  # noqa: T201
        if finished:
            return
        time.sleep(_POLL)
