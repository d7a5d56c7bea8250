"""Where networks compute: on a GPU where Torch sees one and the spec does not say `cpu`, else on the CPU.

Random numbers are always drawn on the CPU, so that a seed means the same on both; what comes of them differs in rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Wish = Literal["auto", "cpu", "gpu"]
"""What a spec says; `gpu` is demanded of the coordinator alone (`gpu_there`), elsewhere it is `auto`."""
SHORT = ("cuda",)
"""Kinds of device that compute in bfloat16 where that is allowed."""


def gpu_there() -> bool:
    """Whether Torch sees a GPU."""
    return bool(torch.cuda.is_available())


def device(wish: Wish) -> torch.device:
    """The device of this machine."""
    return torch.device("cuda" if wish != "cpu" and gpu_there() else "cpu")


def placed(values: NDArray[Any], where: torch.device) -> Tensor:
    """`values` on a device; on the CPU they share their memory."""
    return torch.from_numpy(values).to(where)


def back(values: Tensor) -> NDArray[Any]:
    """`values` as a NumPy array."""
    return np.asarray(values.detach().cpu().numpy())


def short(where: torch.device, allowed: bool) -> AbstractContextManager[object]:
    """Matrix products in bfloat16 on a GPU (Kalamkar et al. 2019), sums and norms in 32 bits; else nothing changes."""
    return torch.autocast(where.type, torch.bfloat16) if allowed and where.type in SHORT else nullcontext()


def wished(stored: Mapping[str, NDArray[Any]]) -> Wish:
    """What the spec said that a saved model was learned by; `auto` where nothing is kept of it."""
    return "cpu" if str(stored.get("device", "auto")) == "cpu" else "auto"


@contextmanager
def enough_memory() -> Iterator[None]:
    """Raises MemoryError, without Torch's own text, where Torch runs out of memory on either device."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise MemoryError from None
    except RuntimeError as error:
        if "can't allocate memory" in str(error):  # the CPU has no error class of its own
            raise MemoryError from None
        raise
