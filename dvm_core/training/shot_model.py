"""From a shot's files to the model of that shot: read, finetune, see what is still wrong, write the delta."""

from __future__ import annotations

import copy
import platform
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dvm_core.bridge.errors import UsageError
from dvm_core.bridge.frames import format_range, parse_range
from dvm_core.io.trimap_file import UNKNOWN
from dvm_core.model import weights
from dvm_core.model.correction import NO_CORRECTIONS, Correction, Corrections
from dvm_core.model.delta import merged
from dvm_core.model.lite import Lite
from dvm_core.model.network import Window
from dvm_core.model.weight_file import Record
from dvm_core.pipeline import device as devices
from dvm_core.pipeline.reduction import divisor_for, reduced, reduced_trimap
from dvm_core.pipeline.session import MattingSession
from dvm_core.training.crops import Example
from dvm_core.training.examples import Files, read_examples
from dvm_core.training.finetune import Tuned, Tuning, finetune
from dvm_core.training.noise import Array

LICENCE = "the user's, from pictures of the user's own"


def make_shot_model(
    files: Files,
    out: Path,
    *,
    model: str = "lite",
    device: str = "auto",
    precision: str = "auto",
    threads: int = 0,
    corrections: bool = True,
    **tuning: Any,
) -> tuple[Record, Tuned]:
    """Finetune a model on a shot's finished frames and write what changed.

    Args:
        files: The shot.
        out: File to write.
        model: Name or file of the weights to start from, of the `lite` family.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        precision: `auto`, `fp32` or `bf16`; auto is bf16 where the processor has it.
        threads: CPU threads; 0 leaves them as they are.
        corrections: Whether the finished frames go into the file, to be kept as they are and to correct the others.
        **tuning: `minutes`, `steps`, `seed` and others of `Tuning`.

    Returns:
        What the file says about itself, and how finetuning went.

    Raises:
        DvmError: With a sentence for the user; nothing was written then.
    """
    compute = devices.choose(device, precision)
    if compute.precision == "fp16":
        raise UsageError("Finetuning needs the range of fp32 or bf16; use --precision bf16.")
    if threads:
        torch.set_num_threads(threads)
    network = weights.load(model)
    if not isinstance(network, Lite):
        raise UsageError(f"Only models of the lite family can be finetuned; {model} is of another.")
    examples = read_examples(files, network)
    fast = precision == "auto" and compute.kernels.endswith("bf16")
    how = Tuning(device=str(compute.device), bf16=fast or compute.precision == "bf16", **tuning)
    divisor = divisor_for(examples[0].trimaps[0].shape[:2], network.side)
    tuned = finetune(network, [_reduced(example, divisor) for example in examples], how)
    finished = _corrections(network, tuned, examples, how.device) if corrections else NO_CORRECTIONS
    crossed = _crossed(finished, examples, network.window.past)
    training = {
        "shot": Path(files.plate).name,
        "frames": format_range([example.frame for example in examples]),
        "keys": format_range(parse_range(files.keys)) if files.keys else "",
        "steps": tuned.steps,
        "kept": tuned.kept,
        "minutes": round(tuned.minutes, 2),
        "seed": how.seed,
        "machine": f"{platform.machine()} {how.device}, {torch.get_num_threads()} thread(s), torch {torch.__version__}",
        "held out error": {"before": round(tuned.before, 5), "after": round(tuned.after, 5)},
        "corrections": format_range(finished.frames),
        **({} if crossed is None else {"corrected by each other": crossed}),
    }
    source = f"dvm finetune, on {len(examples)} finished frame(s) of a shot"
    record = Record("", {}, source, LICENCE, training=training)
    return weights.save_delta(tuned.changes, out, model, record, finished), tuned


def _reduced(example: Example, divisor: int) -> Example:
    """A finished frame as the network sees it: weights learn at the size that they are used at."""
    if divisor == 1:
        return example
    return replace(
        example,
        plates=tuple(reduced(plate, divisor) for plate in example.plates),
        trimaps=tuple(reduced_trimap(trimap, divisor) for trimap in example.trimaps),
        alpha=reduced(example.alpha, divisor),
    )


def _corrections(network: Lite, tuned: Tuned, examples: Sequence[Example], device: str) -> Corrections:
    """The finished frames, with what the model makes of them once it has learnt."""
    learnt = copy.deepcopy(network)
    learnt.corrections = NO_CORRECTIONS
    learnt.load_state_dict(merged(network.state_dict(), tuned.changes))
    with MattingSession(learnt, device=device) as session:
        return Corrections(
            Correction(example.frame, _drawn(session, example, network.window), example.alpha) for example in examples
        )


def _crossed(finished: Corrections, examples: Sequence[Example], own: int) -> float | None:
    """Error of finished frames if only the others were finished, as a part of the model's; None where there is none."""
    before = after = 0.0
    for example in examples if len(finished.frames) > 1 else ():
        unknown = example.trimaps[own] == UNKNOWN
        drawn = finished[example.frame].drawn
        found = finished.without(example.frame).applied(example.frame, drawn, unknown)
        before += float(np.abs(drawn - example.alpha)[unknown].sum())
        after += float(np.abs(found - example.alpha)[unknown].sum())
    return round(after / before, 3) if before else None


def _drawn(session: MattingSession, example: Example, window: Window) -> Array:
    """The model's alpha of a finished frame."""
    mattes = []
    frames = zip(example.plates, example.trimaps, example.keys, strict=True)
    for number, (plate, trimap, keys) in enumerate(frames):
        mattes += session.push(plate, trimap, frame=number, wanted=number == window.past, keys=keys)
    (matte,) = [*mattes, *session.finish()]
    return np.asarray(matte.alpha, dtype=np.float32)
