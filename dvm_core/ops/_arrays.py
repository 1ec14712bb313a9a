"""The operators' door for arrays that are not torch's: shared through DLPack, not copied, and given back in kind."""

import functools
import sys
from collections.abc import Callable
from typing import Any, ParamSpec

import torch
from torch import Tensor
from torch.utils.dlpack import from_dlpack

Arguments = ParamSpec("Arguments")


def takes_arrays(operator: Callable[Arguments, Tensor]) -> Callable[Arguments, Tensor]:
    """Let an operator on tensors take NumPy, CuPy and other arrays too.

    Anything with `__dlpack__` or `__cuda_array_interface__` is shared. The result is of the first array's kind, if its
    package has a `from_dlpack`, and a tensor otherwise.

    Raises:
        ValueError: An array has negative strides, which torch does not know.
    """

    @functools.wraps(operator)
    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Tensor:
        foreign = [value for value in (*args, *kwargs.values()) if _is_foreign(value)]
        if not foreign:
            return operator(*args, **kwargs)
        shared: Callable[..., Tensor] = operator
        result = shared(*map(_share, args), **{name: _share(value) for name, value in kwargs.items()})
        returned: Tensor = _give_back(result, foreign[0])
        return returned

    return call


def _is_foreign(value: object) -> bool:
    sharing = hasattr(value, "__dlpack__") or hasattr(value, "__cuda_array_interface__")
    return sharing and not isinstance(value, Tensor)


def _share(value: Any) -> Any:
    if not _is_foreign(value):
        return value
    if not hasattr(value, "__dlpack__"):
        return torch.as_tensor(value, device="cuda")
    # Looked at first: torch aborts the process on a negative stride.
    if any(stride < 0 for stride in getattr(value, "strides", None) or ()):
        raise ValueError(f"expected an array without negative strides, got strides {value.strides}; pass a copy")
    return from_dlpack(value)


def _give_back(result: Tensor, like: object) -> Any:
    package = sys.modules.get(type(like).__module__.partition(".")[0])
    receive = getattr(package, "from_dlpack", None)
    return result if receive is None else receive(result.detach())
