"""A device that is not there: tensors on it say so, and refuse to be mixed with those of the CPU, as a GPU's do.

They compute on the CPU, so what comes of them can be compared bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

HERE = torch.device("cpu")
ELSEWHERE = torch.device("meta")
INDEXED = ("aten::index.Tensor", "aten::index_put_", "aten::index_put", "aten::_index_put_impl_")
"""Operations that take indices from the CPU on any device."""
MOVES = ("aten::copy_", "aten::_to_copy")


class Far(torch.Tensor):
    """A tensor elsewhere; `near` are its numbers."""

    near: torch.Tensor

    @staticmethod
    def __new__(cls, near: torch.Tensor) -> Far:
        size, stride, offset = near.size(), near.stride(), near.storage_offset()
        made = torch.Tensor._make_wrapper_subclass(cls, size, stride, offset, dtype=near.dtype, device=ELSEWHERE)
        made.near = near
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return computed(func, args, kwargs or {})


class Elsewhere(TorchDispatchMode):
    """While it lasts, tensors can be made elsewhere."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return computed(func, args, kwargs or {})


def computed(func: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    """What an operation gives, on the device where its tensors are."""
    given: list[torch.Tensor] = []
    tree_map(lambda x: given.append(x) if isinstance(x, torch.Tensor) else None, (args, kwargs))
    far = any(isinstance(x, Far) for x in given)
    name = func.name()  # type: ignore[attr-defined]
    if any(x.device == ELSEWHERE and not isinstance(x, Far) for x in given):
        raise RuntimeError(f"{name}: a tensor that was made elsewhere without its numbers")
    if far and not name.startswith(INDEXED) and name not in MOVES and any(not isinstance(x, Far) and x.dim() for x in given):
        raise RuntimeError(f"{name}: tensors on two devices")
    wanted = kwargs.get("device")
    there = wanted == ELSEWHERE or (far and wanted is None)
    kwargs = kwargs | ({"device": HERE} if wanted is not None else {})
    near = tree_map(lambda x: x.near if isinstance(x, Far) else x, (args, kwargs))
    found = func(*near[0], **near[1])
    if func._schema.is_mutable and given:
        return args[0]
    return tree_map(lambda x: Far(x) if isinstance(x, torch.Tensor) and not isinstance(x, Far) else x, found) if there else found
