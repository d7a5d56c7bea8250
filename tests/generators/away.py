"""A stand-in for CuPy: arrays that NumPy does not take for its own, and that take no array of NumPy's, as on a GPU.

What is computed is NumPy's. It shows that the code moves what it computes with to the device, and back; not that a GPU rounds
in the same way, nor that it is fast.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import scipy.sparse

BINARY = ("add", "sub", "mul", "truediv", "floordiv", "pow", "matmul", "lt", "le", "gt", "ge")
IN_PLACE = ("iadd", "isub", "imul", "itruediv")


class Away:
    """An array on the device."""

    __array_ufunc__ = None  # an operation with an array of NumPy's is not one

    def __init__(self, held: Any) -> None:
        self.held = held

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise TypeError("implicit conversion to a NumPy array is not allowed; use `get`")

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.held, name)
        return sent(found) if callable(found) else wrapped(found)

    def __getitem__(self, key: Any) -> Any:
        return wrapped(self.held[unwrapped(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        self.held[unwrapped(key)] = unwrapped(value)

    def __len__(self) -> int:
        return len(self.held)

    def __float__(self) -> float:
        return float(self.held)

    def __neg__(self) -> Away:
        return Away(-self.held)

    def get(self) -> np.ndarray:
        """The array, on the host."""
        return np.asarray(self.held)


def wrapped(found: Any) -> Any:
    """On the device, if it is an array; CuPy has no scalars, either."""
    return Away(found) if isinstance(found, np.ndarray | np.generic) or scipy.sparse.issparse(found) else found


def unwrapped(given: Any) -> Any:
    """What the stand-in computes with. Raises TypeError for an array of NumPy's, as CuPy does."""
    if isinstance(given, np.ndarray):
        raise TypeError("an array of NumPy's on the device")
    if isinstance(given, tuple | list):
        return type(given)(map(unwrapped, given))
    return given.held if isinstance(given, Away) else given


def sent(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, computed on the device."""

    def there(*args: Any, **kwargs: Any) -> Any:
        return wrapped(function(*map(unwrapped, args), **{k: unwrapped(v) for k, v in kwargs.items()}))

    return there


def _operator(name: str, swapped: bool) -> Callable[[Away, Any], Any]:
    function = getattr(operator, name)

    def apply(self: Away, other: Any) -> Any:
        given = unwrapped(other)
        return wrapped(function(given, self.held) if swapped else function(self.held, given))

    return apply


def _in_place(name: str) -> Callable[[Away, Any], Away]:
    function = getattr(operator, name)

    def apply(self: Away, other: Any) -> Away:
        self.held = function(self.held, unwrapped(other))
        return self

    return apply


for word in BINARY:
    setattr(Away, f"__{word}__", _operator(word, False))
    if word not in ("lt", "le", "gt", "ge"):
        setattr(Away, f"__r{word}__", _operator(word, True))
for word in IN_PLACE:
    setattr(Away, f"__{word}__", _in_place(word))


class Module(ModuleType):
    """An array module (or one of sparse matrices) whose functions compute on the device."""

    def __init__(self, name: str, of: ModuleType) -> None:
        super().__init__(name)
        self.of = of

    def asarray(self, values: Any) -> Away:
        """Moves an array there."""
        return values if isinstance(values, Away) else Away(np.array(values))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.of, name)
        return found if isinstance(found, type) and issubclass(found, np.generic) else sent(found)


CUPY = Module("cupy", np)
SPARSE = Module("cupyx.scipy.sparse", scipy.sparse)
