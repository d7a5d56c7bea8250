"""Child rows as they were drawn, put in the order of their parents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from generators.marginal.chain import Chain

Ints = NDArray[np.int64]
Codes = dict[str, Ints]


@dataclass(frozen=True)
class Drawn:
    """Rows of a child table in order of parent, then row: code columns, `at` (`order_by` in its units) and parent row.

    `allowed[step]` (rows, codes) says which codes were possible, where not all were.
    """

    codes: Codes
    parent: Ints
    at: NDArray[Any] | None
    allowed: Mapping[str, NDArray[np.bool_]]


class Turn(NamedTuple):
    """One row of each of some parents: `live` (n,) are the parents, in ascending order."""

    live: Ints
    codes: Codes
    at: Any
    allowed: Mapping[str, NDArray[np.bool_]]


def collected(turns: Sequence[Turn], chain: Chain, none: NDArray[Any]) -> Drawn:
    """All rows, each parent's together and in order; `none` is the column of times without a row."""
    if not turns:
        empty = np.zeros(0, np.int64)
        return Drawn(dict.fromkeys(chain.plan.variables, empty), empty, none, {})
    parent = np.concatenate([t.live for t in turns])
    order = np.argsort(parent, kind="stable")
    # even if no row has it
    names = {n for t in turns for n in t.codes} | {c.step.variable.name for c in chain.conditionals}
    codes = {n: np.concatenate([t.codes.get(n, np.full(len(t.live), -1)) for t in turns])[order] for n in names}
    at = None if turns[0].at is None else np.concatenate([t.at for t in turns])[order]
    allowed = {n: _allowed(turns, n, chain[n].step.variable.size)[order] for n in {n for t in turns for n in t.allowed}}
    return Drawn(codes, parent[order], at, allowed)


def _allowed(turns: Sequence[Turn], name: str, size: int) -> NDArray[np.bool_]:
    return np.concatenate([t.allowed.get(name, np.ones((len(t.live), size), bool)) for t in turns])
