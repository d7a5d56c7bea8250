"""From the codes of drawn rows to values in the columns' own units."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from generators.frame import Frame, Series
from generators.marginal.chain import Chain, draw_part
from generators.marginal.encode import decode
from generators.marginal.structure import count_column
from specs.lang.domain import SELF
from specs.lang.types import Study, Table

Ints = NDArray[np.int64]


def values(table: Table, chain: Chain, codes: Mapping[str, Ints], rng: np.random.Generator) -> Frame:
    """The measured columns that the chain has steps for; a reference to the own table keeps the labels `SELF`."""
    frame: Frame = {}
    for conditional in chain.conditionals:
        variable, dom = conditional.step.variable, conditional.step.domain
        if variable.kind != "own":
            continue
        code = codes[variable.name]
        null = code >= dom.values
        if not dom.ordered:
            labels = SELF if table.columns[variable.column].references == table.name else dom.labels
            frame[variable.column] = Series(np.where(null, 0, code), null, labels)
            continue
        given = codes[conditional.step.given] if conditional.step.given else None
        fine = draw_part(conditional, code, given, rng.random(len(code)))
        by = codes[dom.by] if dom.by else None
        frame[variable.column] = Series(
            decode(table.columns[variable.column], dom, np.where(null, 0, fine), by, rng.random(len(code))), null
        )
    return frame


def counts(study: Study, table: Table, chain: Chain, codes: Mapping[str, Ints], rng: np.random.Generator) -> dict[str, Ints]:
    """For each child table how many rows each row of `table` gets."""
    found: dict[str, Ints] = {}
    for child in study.children(table.name):
        column = count_column(child)
        conditional = chain[column.name]
        given = codes[conditional.step.given] if conditional.step.given else None
        fine = draw_part(conditional, codes[column.name], given, rng.random(len(codes[column.name])))
        found[child.name] = decode(column, conditional.step.domain, fine, None, rng.random(len(fine)))
    return found
