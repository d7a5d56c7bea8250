"""What may be asked of a hospital: a histogram of coded rows, bounded per patient.

A query counts, over one coded table, the rows in each cell of `columns`. One patient contributes the vector
`w * h`, where `h` is the histogram of that patient's own rows and `w` an integer weight chosen such that

    w = floor(sqrt(scale^2 / (n + n (n - 1) / spread)))      n = sum(h), the patient's rows in this query
    w <- floor(scale / sqrt(q))  if w^2 q > scale^2           q = sum(h^2)

so `||w h||_2 <= scale` for every patient, whatever their rows: adding or removing one patient changes the sum of all
patients' vectors by at most `scale` in L2. Stacking queries adds the squares: `sqrt(sum(scale^2))`.
Clipping a whole histogram instead of counting at most k rows: Abadi et al. 2016 (gradients), Wilson et al. 2020 (user level).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

UNIT = 256
"""Integer units that stand for one patient: counts are scaled up so that each site's noise is wide (in units)."""


@dataclass(frozen=True, slots=True)
class Query:
    """One bounded histogram.

    `table` is a coded table, `columns` its code columns and `shape` their sizes; rows where any code is NULL count nowhere.
    The answer is a flat integer vector in C order (last column fastest).
    `spread` is a public guess of how many cells one patient's rows fall into; it decides weights, never the bound.
    `scale` is one patient's L2 bound in integer units; a larger scale buys accuracy with more of the budget.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    shape: tuple[int, ...]
    spread: int = 1
    scale: int = UNIT

    @property
    def cells(self) -> int:
        """Length of the answer."""
        return math.prod(self.shape)


def digest(queries: Sequence[Query]) -> str:
    """SHA-256 over the canonical form of the queries: what a site approves and a ledger books."""
    text = json.dumps([asdict(q) for q in queries], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def l2_bound(queries: Sequence[Query]) -> float:
    """L2 sensitivity of the stacked answers, in integer units."""
    return math.sqrt(sum(q.scale**2 for q in queries))
