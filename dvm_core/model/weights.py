r"""Weights by name or file: find, load, describe, import, save.

A name is looked for among the shipped weights (`dvm_core/weights/`), then in the user's folder of models:
`$DVM_MODELS` if set, else `~/.local/share/dvm/models` (Linux, `$XDG_DATA_HOME` honoured),
`~/Library/Application Support/dvm/models` (macOS), `%LOCALAPPDATA%\dvm\models` (Windows).
`NAME.safetensors` there answers to NAME.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dvm_core.bridge.errors import ModelError
from dvm_core.model import checkpoint, delta, registry, weight_file
from dvm_core.model.correction import NO_CORRECTIONS, Corrections
from dvm_core.model.network import MattingNetwork
from dvm_core.model.weight_file import SUFFIX, Record
from dvm_core.ops.device import device_of

SHIPPED = Path(__file__).resolve().parent.parent / "weights"

_WITHOUT_WEIGHTS = {
    "closed-form": Record("closed-form", {}, "PyMatting: closed-form matting (Levin et al.), frame by frame", "MIT")
}

_IMPORTABLE = "rn50"
"""The architecture of published checkpoints."""


def user_folder() -> Path:
    """Where a user's own weight files are found by name; it may not exist yet."""
    if chosen := os.environ.get("DVM_MODELS"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        data = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        data = Path.home() / "Library" / "Application Support"
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return data / "dvm" / "models"


def available() -> list[str]:
    """Names that `load` and `info` take here and now: shipped, without weights, then the user's own."""
    found = list(_WITHOUT_WEIGHTS)
    for folder in (SHIPPED, user_folder()):
        found += sorted(path.stem for path in folder.glob(f"*{SUFFIX}") if path.is_file())
    return list(dict.fromkeys(found))


def find(name_or_file: str | Path) -> Path:
    """The weight file of a name, or the file itself.

    Raises:
        ModelError: There is none; the message says what to do.
    """
    text = str(name_or_file)
    for folder in (SHIPPED, user_folder()):
        if Path(text).name == text and (path := folder / f"{text}{SUFFIX}").is_file():
            return path
    if Path(text).suffix or Path(text).name != text:
        return Path(text).expanduser()
    if text == _IMPORTABLE:
        target = user_folder() / f"{text}{SUFFIX}"
        remedy = f"get the published checkpoint and run `dvm models import FILE.pth -o {target}`"
        raise ModelError(f"{text} comes without weights: {remedy}.")
    raise ModelError(f"Expected a weight file or a model named {', '.join(available())}; found {text!r}.")


def info(name_or_file: str | Path) -> Record:
    """What is known about weights: architecture, numbers, sha256, source, licence, training record.

    Args:
        name_or_file: As in `load`.

    Raises:
        ModelError: As in `load`; values are not read, so damage among them is not found.
    """
    return _WITHOUT_WEIGHTS.get(str(name_or_file)) or weight_file.read_record(find(name_or_file))


def load(name_or_file: str | Path, device: str | torch.device = "cpu", **numbers: int) -> nn.Module:
    """Load a model, ready to matte.

    Args:
        name_or_file: A name as in `available`, or a file that `import_checkpoint`, `save` or `save_delta` wrote.
        device: Where to put it; `auto`, `cpu`, `cuda` or `cuda:N`.
        **numbers: Builder's arguments that shall differ from the file's, such as `step` of `rn50`.

    Returns:
        The model in evaluation mode, float32.

    Raises:
        ModelError: There is no such model, its file is damaged, the weights do not fit the architecture, or the base
            of a delta is not here.
        UsageError: `device` names none.
        DeviceError: There is no such GPU.
    """
    device = device_of(str(device))
    if str(name_or_file) in _WITHOUT_WEIGHTS:
        return registry.build(str(name_or_file), **numbers).eval()
    path = find(name_or_file)
    record, weights, corrections = delta.read_whole(path, (SHIPPED, user_folder()))
    with torch.device("meta"):  # shapes alone: the weights come from the file
        network = registry.build(record.architecture, **{**record.numbers, **numbers})
    _check_fit(network, weights, path)
    network.load_state_dict({name: _to_float32(weight) for name, weight in weights.items()}, assign=True)
    if isinstance(network, MattingNetwork):
        network.corrections = corrections
    return network.eval().to(device)


def import_checkpoint(pth: str | Path, out: str | Path, *, source: str, licence: str) -> Record:
    """Turn a published checkpoint of the paper's network into a weight file, without running code from it.

    Args:
        pth: The `.pth`; names may stand behind `module.` and under `state_dict`.
        out: File to write, in float32.
        source: Where the checkpoint comes from.
        licence: Its terms.

    Returns:
        What the file says about itself.

    Raises:
        ModelError: The checkpoint is missing, damaged, hostile, or of another network.
        OutputError: `out` cannot be written.
    """
    path = Path(pth)
    weights = {name: _to_float32(weight) for name, weight in checkpoint.read_state_dict(path).items()}
    numbers = _published_numbers(weights, path)
    with torch.device("meta"):
        _check_fit(registry.build(_IMPORTABLE, **numbers), weights, path)
    record = Record(_IMPORTABLE, numbers, source, licence, source_sha256=checkpoint.file_sha256(path))
    return replace(record, sha256=weight_file.write(Path(out), weights, record))


def save(weights: Mapping[str, Tensor], out: str | Path, record: Record) -> Record:
    """Write trained weights as shipped ones are: half precision on disk, but for the few that each channel has.

    Args:
        weights: State dict of `registry.build(record.architecture, **record.numbers)`.
        out: File to write.
        record: Everything but the sha256.

    Returns:
        What the file says about itself.

    Raises:
        ModelError: The weights do not fit, or do not fit into half precision.
        OutputError: `out` cannot be written.
    """
    path = Path(out)
    with torch.device("meta"):
        _check_fit(registry.build(record.architecture, **record.numbers), weights, path)
    # Variances of activations leave the range of half precision, and one number a channel costs nothing.
    halves = {name: weight.half() if weight.ndim > 1 else weight for name, weight in weights.items()}
    return replace(record, sha256=weight_file.write(path, halves, record))


def save_delta(
    changes: Mapping[str, Tensor],
    out: str | Path,
    base: str | Path,
    record: Record,
    corrections: Corrections = NO_CORRECTIONS,
) -> Record:
    """Write what finetuning changed, as a small file that `load` takes wherever its base is.

    Args:
        changes: Differences from the base's weights, by name; those without one stay.
        out: File to write.
        base: Name or file of the weights that the differences are from.
        record: Source, licence and training record; the rest is the base's.
        corrections: Finished frames of the shot.

    Returns:
        What the file says about itself.

    Raises:
        ModelError: A difference is NaN or infinite.
        OutputError: `out` cannot be written.
    """
    path = find(base)
    whole = weight_file.read_record(path)
    named = {"name": path.stem, "sha256": whole.sha256}
    record = replace(record, architecture=whole.architecture, numbers=whole.numbers, base=named)
    return replace(record, sha256=weight_file.write(Path(out), {**changes, **corrections.tensors()}, record))


def _published_numbers(weights: Mapping[str, Tensor], path: Path) -> dict[str, int]:
    """Width and window, read off the fusion of the finest level: width x frames channels to width."""
    fuse = weights.get("fusion.fuse0.conv.weight")
    if fuse is None or fuse.ndim != 4 or fuse.shape[0] == 0 or fuse.shape[1] < fuse.shape[0]:
        raise ModelError(f"Expected the weights of {_IMPORTABLE} in {path}, found those of another network.", path=path)
    return {"shift": fuse.shape[1] // fuse.shape[0] - 1, "width": fuse.shape[0]}


def _check_fit(network: nn.Module, weights: Mapping[str, Any], path: Path) -> None:
    expected = {name: tuple(weight.shape) for name, weight in network.state_dict().items()}
    found = {name: tuple(weight.shape) for name, weight in weights.items()}
    differing = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if differing:
        name = differing[0]
        raise ModelError(
            f"The weights in {path} do not fit: {len(differing)} entries differ, first {name}, "
            f"expected {expected.get(name, 'none')}, found {found.get(name, 'none')}; is it another model's file?",
            path=path,
        )


def _to_float32(weight: Tensor) -> Tensor:
    return weight.float() if weight.is_floating_point() else weight
