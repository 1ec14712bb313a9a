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
        ValueError: An array cannot be shared, for instance because it has negative strides.
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
    try:
        return from_dlpack(value)
    except (BufferError, RuntimeError, ValueError) as error:
        kind = f"{type(value).__module__}.{type(value).__name__}"
        raise ValueError(f"expected an array that DLPack can share, got a {kind} ({error}); pass a copy") from error


def _give_back(result: Tensor, like: object) -> Any:
    package = sys.modules.get(type(like).__module__.partition(".")[0])
    receive = getattr(package, "from_dlpack", None)
    return result if receive is None else receive(result.detach())
