"""`MattingSession`: push frames, get back the mattes that became final.

Right way::

    with MattingSession(model="lite") as session:
        for plate, trimap in frames:
            for matte in session.push(plate, trimap):
                save(matte.frame, matte.alpha)
        for matte in session.finish():  # the last frames wait for neighbours that never come
            save(matte.frame, matte.alpha)

Wrong way: one session for each frame (no neighbours, weights read each time), or one `push` and no `finish`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from dvm_core import model as models
from dvm_core.bridge.errors import DeviceError, InputError, UsageError
from dvm_core.bridge.settings import Settings
from dvm_core.io.trimap_file import UNKNOWN
from dvm_core.model.closed_form import ClosedForm
from dvm_core.model.colour_model import KnownColours
from dvm_core.model.correction import NO_CORRECTIONS
from dvm_core.model.network import MattingNetwork, Window
from dvm_core.pipeline import device as devices
from dvm_core.pipeline import memory
from dvm_core.pipeline.arrays import Restore, plate_pixels, restorer, trimap_pixels
from dvm_core.pipeline.estimator import ClosedFormEstimator, Estimator, NetworkEstimator
from dvm_core.pipeline.frame import Frame
from dvm_core.pipeline.reduction import ReducedEstimator
from dvm_core.pipeline.regions import Box
from dvm_core.pipeline.windows import reach


@dataclass(frozen=True)
class Matte:
    """The final alpha of one frame.

    Attributes:
        frame: Its number: what `push` was told, else counted from 0.
        alpha: (H, W) float32 in [0, 1]; the kind of array that the plate came in as.
    """

    frame: int
    alpha: Any


class MattingSession:
    """A model on a device, and the window of frames that passes it. Sessions share nothing; use each from one thread.

    Args:
        model: Name of a model, a weight file, or a loaded model (which is rearranged for speed).
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        precision: `auto`, `fp32`, `bf16` or `fp16`.
        threads: CPU threads of this process for torch; 0 leaves them as they are.
        tile: `auto`, `off`, or the side of a tile in pixels.
        reduce: `auto`, or the whole number that a plate's sides are divided by before the network sees it; 1 for full
            size.
        max_memory: For instance `8G`; empty for what the machine has free.

    Attributes:
        corrections: Frames of the shot that were put right by hand, which correct the others: those that the model
            knows, until others are set.

    Raises:
        ModelError: If the weights are missing or damaged.
        DeviceError: If the device is not there.
        UsageError: If an argument is none of these.
    """

    def __init__(
        self,
        model: str | nn.Module = "lite",
        device: str = "auto",
        precision: str = "auto",
        threads: int = 0,
        tile: str | int = "auto",
        reduce: str | int = "auto",
        max_memory: str = "",
    ) -> None:
        self._settings = Settings(
            device=device, precision=precision, threads=threads, tile=tile, reduce=reduce, max_memory=max_memory
        )
        self._compute = devices.choose(device, precision)
        if threads:
            torch.set_num_threads(threads)
        self._model = model if isinstance(model, nn.Module) else models.load(model)
        if isinstance(self._model, ClosedForm):
            self._compute = devices.Compute(torch.device("cpu"), "fp32", solver="pymatting")
        self.corrections = self._model.corrections if isinstance(self._model, MattingNetwork) else NO_CORRECTIONS
        self._estimator: Estimator | None = None
        self._open = True
        self._frames: dict[int, Frame] = {}
        self._received = self._next = 0
        self._size: tuple[int, int] | None = None
        self._restore: Restore = lambda alpha: alpha

    def __enter__(self) -> MattingSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def model(self) -> nn.Module:
        """The model that runs."""
        return self._model

    @property
    def compute(self) -> devices.Compute:
        """Device, precision and kernels that run."""
        return self._compute

    @property
    def window(self) -> Window:
        """Neighbours that the model looks at."""
        return self._model.window if isinstance(self._model, ClosedForm) else self._network().window

    @property
    def keyed(self) -> bool:
        """Whether the model makes use of `known_colours`."""
        return isinstance(self._model, MattingNetwork) and self._model.keyed

    @property
    def reach(self) -> int:
        """Frames on each side that can change a frame's alpha; `push` gives a matte back so many frames later."""
        return reach(self.window)

    def plan(
        self, size: tuple[int, int], frames: int, written: Settings | None = None, *, corrects: bool = False
    ) -> memory.MemoryPlan:
        """The memory plan for a shot, kept for what is pushed from now on.

        Args:
            size: Height and width of the plates.
            frames: Frames in the shot.
            written: Settings that say which files are made of the mattes, if any are.
            corrects: Whether `corrections` are going to be set.

        Raises:
            DeviceError: If it does not fit; the message says what would.
        """
        settings = self._settings
        if written is not None:
            settings = replace(settings, channels=written.channels, fg=written.fg)
        if isinstance(self._model, ClosedForm):
            self._estimator = ClosedFormEstimator(self._model)
            return memory.closed_form_plan(size, settings, corrects=corrects)
        plan = memory.plan(self._network(), size, frames, self._compute, settings, corrects=corrects)
        network = NetworkEstimator(self._network(), self._compute, plan.tile)
        reduces = plan.divisor > 1
        self._estimator = ReducedEstimator(network, plan.divisor, self._compute.device) if reduces else network
        return plan

    def push(
        self,
        plate: Any,
        trimap: Any,
        *,
        frame: int | None = None,
        wanted: bool = True,
        keys: KnownColours | None = None,
    ) -> list[Matte]:
        """Add the next frame of the shot.

        Args:
            plate: (H, W, 3), float, display-referred sRGB in [0, 1]; NumPy, torch or CuPy.
            trimap: (H, W), floats in [0, 1] or bytes in 0..255.
            frame: Its number; by default counted from 0.
            wanted: False for a frame that only its neighbours need.
            keys: For a trimap that was propagated, what its keys know (`known_colours`, `KnownColours.mixed`).

        Returns:
            The mattes that became final, oldest first; often of earlier frames than this one.

        Raises:
            InputError: If the arrays do not fit each other or the frames before.
            DeviceError: If memory is not enough.
        """
        if not self._open:
            raise UsageError("This session is closed; open a new one to matte more frames.")
        pixels = plate_pixels(plate)
        size = (pixels.shape[0], pixels.shape[1])
        if self._size not in (None, size):
            raise InputError(f"Every plate of a shot must be of one size, {self._size}, not {size}.", frame=frame)
        self._ready(size)
        self._size = size
        number = self._received if frame is None else frame
        self._frames[self._received] = Frame(number, pixels, trimap_pixels(trimap, size), wanted, keys)
        self._restore = restorer(plate)
        self._received += 1
        return list(self._drain(self._received - self.reach))

    def finish(self) -> list[Matte]:
        """End the shot: the mattes that are left. The session is then ready for another shot."""
        return list(self.remaining())

    def remaining(self) -> Iterator[Matte]:
        """What `finish` gives, each matte computed as it is asked for; the shot ends with the last one."""
        yield from self._drain(self._received)
        self._reset()

    def region(self, trimap: NDArray[np.uint8]) -> Box | None:
        """What is computed for the alpha of a frame with this trimap, (H, W) of 0, 128 and 255; None for nothing."""
        estimator = self._planned()
        return estimator.region(Frame(0, None, trimap))

    def known_colours(self, plate: Any, trimap: Any) -> KnownColours | None:
        """What a key tells the frames that its trimap is propagated to, for `push`; None where the model asks no keys.

        Args:
            plate: As for `push`.
            trimap: As for `push`.
        """
        pixels = plate_pixels(plate)
        size = (pixels.shape[0], pixels.shape[1])
        return self._ready(size).known_colours(pixels, trimap_pixels(trimap, size))

    def close(self) -> None:
        """Let go of the model and of all frames."""
        self._reset()
        self._open = False

    def _reset(self) -> None:
        self._frames.clear()
        self._received = self._next = 0
        self._size = None

    def _ready(self, size: tuple[int, int]) -> Estimator:
        """The estimator; where nobody made a plan, one for a shot of any length."""
        if self._estimator is None:
            self.plan(size, 1 << 30)
        return self._planned()

    def _planned(self) -> Estimator:
        if self._estimator is None:
            raise RuntimeError("a frame was received before the plan")
        return self._estimator

    def _network(self) -> MattingNetwork:
        if not isinstance(self._model, MattingNetwork):
            raise UsageError(f"A session needs a matting network, not {type(self._model).__name__}.")
        return self._model

    def _drain(self, end: int) -> Iterator[Matte]:
        """Alphas of the frames before position `end` that are still due."""
        while self._next < end:
            frame = self._frames[self._next]
            alpha = self._alpha(self._next) if frame.wanted else None
            frame.release()
            self._next += 1
            self._frames.pop(self._next - 1 - self.reach, None)
            if alpha is not None:
                yield Matte(frame.number, self._restore(alpha))

    def _alpha(self, position: int) -> NDArray[np.float32]:
        """Alpha of one frame; once, a smaller tile is tried where memory ran out."""
        estimator = self._planned()
        retried = False
        while True:
            try:
                return self._corrected(self._frames[position], estimator.alpha(position, self._frames, self._received))
            except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
                if not memory.is_out_of_memory(error):
                    raise
                if retried or not estimator.shrink():
                    number = self._frames[position].number
                    raise DeviceError(f"Memory ran out on frame {number}; {memory.REMEDY}.", frame=number) from error
                retried = True

    def _corrected(self, frame: Frame, alpha: NDArray[np.float32]) -> NDArray[np.float32]:
        """The alpha with what the shot's corrected frames say about it, where there are some."""
        if not self.corrections.frames:
            return alpha
        return self.corrections.applied(frame.number, alpha, frame.trimap == UNKNOWN)
