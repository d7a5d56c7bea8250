"""One array module: NumPy on the CPU, CuPy on a GPU, the same code on both."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, Literal

import numpy


@dataclass(frozen=True)
class Arrays:
    """`xp` is the array module."""

    xp: ModuleType

    @property
    def sparse(self) -> ModuleType:
        """Its sparse matrices. SciPy's take as long to load as NumPy, so not before somebody needs them."""
        return import_module("scipy.sparse" if self.xp is numpy else "cupyx.scipy.sparse")

    def to(self, values: Any) -> Any:
        """`values` on this device."""
        return self.xp.asarray(values)

    def back(self, values: Any) -> numpy.ndarray[Any, Any]:
        """`values` as a NumPy array."""
        return numpy.asarray(values.get() if hasattr(values, "get") else values)


CPU = Arrays(numpy)


def arrays(device: Literal["auto", "cpu", "gpu"]) -> Arrays:
    """The module for a device; `auto` takes a GPU if CuPy finds one. Raises RuntimeError if `gpu` finds none."""
    if device == "cpu":
        return CPU
    try:
        cupy = import_module("cupy")
        if cupy.cuda.is_available():
            return Arrays(cupy)
    except ImportError:
        pass
    if device == "gpu":
        raise RuntimeError("no GPU found: install the extra `gpu` on a machine with one, or set generator.device to cpu")
    return CPU
