"""What comes out of the door: noised sums, public by proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacy.query import Query


@dataclass(frozen=True)
class Sums:
    """Noised answers in patients (integer units / `Query.scale`), each of shape `Query.shape`, with one standard error per query.

    `sites` are the hospitals whose shares are in the sums. A standard error of 0 means no privacy was asked for.
    """

    queries: Mapping[str, Query]
    values: Mapping[str, NDArray[np.float64]]
    std: Mapping[str, float]
    sites: tuple[str, ...]
