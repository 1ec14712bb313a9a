"""Weights in the order in which the CPU kernels read them, kept from call to call.

A kept copy is used only if the weight's whole content is what it was: a version counter misses changes through
`.data` or another framework's view, and a fingerprint of all bytes costs a tenth of packing them again.
"""

import threading
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from dvm_core.ops._extension import choice, native, type_name


class _Kept(NamedTuple):
    """What a packed copy was made from, and the copy."""

    origin: tuple[object, ...]
    packed: Tensor


_kept: "WeakIdKeyDictionary" = WeakIdKeyDictionary()  # dies with the weight
_lock = threading.Lock()


def packed(weight: Tensor, shape: Any) -> Tensor:
    """The weight, packed for the kernels that run now; read only.

    Args:
        weight: (O, C, kh, kw), any strides.
        shape: The extension's own form of the convolution's sizes.
    """
    origin = (choice(), weight.shape, weight.stride(), weight.storage_offset(), weight.dtype, _fingerprint(weight))
    with _lock:
        kept: _Kept | None = _kept.get(weight)
    if kept is not None and kept.origin == origin:
        return kept.packed
    copy = _pack(weight, shape)
    with _lock:
        _kept[weight] = _Kept(origin, copy)
    return copy


def _fingerprint(weight: Tensor) -> int:
    storage = weight.untyped_storage()
    # Strided weights may lie with gaps; the whole storage holds every byte of theirs.
    result: int = native().fingerprint(storage.data_ptr(), storage.nbytes())
    return result


def _pack(weight: Tensor, shape: Any) -> Tensor:
    copy = torch.empty(native().deform_conv_packed_bytes(choice(), shape, type_name(weight)), dtype=torch.uint8)
    places = weight.data_ptr(), weight.stride(), copy.data_ptr()
    native().deform_conv_pack(choice(), shape, type_name(weight), *places, torch.get_num_threads())
    return copy
