"""One shard of patients with all their rows, drawn table after table; rows that break a constraint are drawn again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from generators.frame import Frame, Tables, known, length, stacked, take
from generators.marginal.above import above
from generators.marginal.chain import Chain
from generators.marginal.code import Codes
from generators.marginal.implied import bound_of, starts_at_parent
from generators.marginal.learned import Learned, Root
from generators.marginal.mixture import Mixture
from generators.marginal.simulate import children
from generators.marginal.values import counts, values
from generators.rules import Rules
from specs.lang.types import Study, Table

Ints = NDArray[np.int64]
Draw = Callable[[int, np.random.Generator], dict[str, Ints]]
Keep = Callable[[Frame], Ints]
"""Which rows of the root table to go on with, ascending."""
ROOT_TRIES = 200
ROW_TRIES = 8


class Infeasible(Exception):
    """The constraints of a table leave hardly any row that the model can draw."""


@dataclass
class Shard:
    """Tables without keys, the parent's row of each row, how many rows were thrown away, and the codes of kept rows."""

    tables: Tables = field(default_factory=dict)
    parents: dict[str, Ints] = field(default_factory=dict)
    thrown: dict[str, int] = field(default_factory=dict)
    codes: dict[str, dict[str, Ints]] = field(default_factory=dict)


def draw_shard(
    study: Study,
    learned: Learned,
    patients: int,
    rules: Rules,
    rng: np.random.Generator,
    evenly: bool = False,
    keep: Keep | None = None,
) -> Shard:
    """All tables of `patients` root rows; `evenly` where time allows that pairs of their columns come as often as expected.

    With `keep` only those patients that it keeps, before any of their rows are drawn.
    """
    shard, root = Shard(), learned.root
    draw = root.draw_evenly if evenly and isinstance(root, Mixture) else root.draw
    _draw_roots(study, root, draw, shard, patients, rules, rng)
    if keep:
        name, rows = study.root.name, keep(shard.tables[study.root.name])
        shard.tables[name] = take(shard.tables[name], rows)
        shard.codes[name] = {v: c[rows] for v, c in shard.codes[name].items()}
    for table in study.patient_tables():
        if table.parent:
            _draw_children(study, table, learned, shard, rules, rng)
    return shard


def _draw_roots(
    study: Study, root: Root, draw: Draw, shard: Shard, patients: int, rules: Rules, rng: np.random.Generator
) -> None:
    """Fills in the root table of a shard; rows that break a constraint are drawn again. Raises Infeasible after `ROOT_TRIES`."""
    table, kept, missing, thrown = study.root, [], patients, 0
    for _ in range(ROOT_TRIES):
        codes = draw(missing, rng)
        frame = rules.derive(table.name, values(table, root, codes, rng))
        good = np.flatnonzero(~rules.broken(table.name, frame, {}))
        whole = len(good) == missing
        kept.append((codes, frame) if whole else ({v: c[good] for v, c in codes.items()}, take(frame, good)))
        thrown += missing - len(good)
        missing -= len(good)
        if missing == 0:
            break
    else:
        raise Infeasible(f"{table.name}: after {ROOT_TRIES} tries {missing} of {patients} rows still break a constraint")
    shard.codes[table.name] = {v: c if len(kept) == 1 else np.concatenate([k[0][v] for k in kept]) for v, c in kept[0][0].items()}
    shard.tables[table.name] = stacked([k[1] for k in kept])
    shard.thrown[table.name] = thrown


def ancestry(study: Study, table: Table, parents: Mapping[str, Ints], rows: Ints) -> dict[str, Ints]:
    """For rows of the parent of `table`: the row of each ancestor."""
    found, at = {}, table.parent
    while at:
        found[at.table] = rows
        rows, at = (parents[at.table][rows], study.tables[at.table].parent) if study.tables[at.table].parent else (rows, None)
    return found


def _draw_children(study: Study, table: Table, learned: Learned, shard: Shard, rules: Rules, rng: np.random.Generator) -> None:
    """Fills in a table below, for all parents that the shard has; rows that cannot be kept are left out."""
    assert table.parent is not None
    chain, parent = learned.chains[table.name], study.tables[table.parent.table]
    everyone = np.arange(length(shard.tables[parent.name]))
    up = ancestry(study, table, shard.parents, everyone)
    number = counts(study, parent, learned[parent.name], shard.codes[parent.name], rng)[table.name]
    aligned = {name: {v: c[rows] for v, c in shard.codes[name].items()} for name, rows in up.items()}
    base = above(study, table, chain, aligned, number, times(study, table, shard.tables, up), _before(study, shard))
    drawn = children(study, table, chain, base, rng)
    ancestors = {name: take(shard.tables[name], rows[drawn.parent]) for name, rows in up.items()}
    frame, good = _kept(table, chain, drawn.codes, drawn.at, ancestors, rules, rng)
    good = good[~repeated(table, take(frame, good), drawn.parent[good])]
    shard.tables[table.name] = take(frame, good)
    shard.codes[table.name] = {v: c[good] for v, c in drawn.codes.items()}
    shard.parents[table.name] = drawn.parent[good]
    shard.thrown[table.name] = len(drawn.parent) - len(good)


def _before(study: Study, shard: Shard) -> dict[str, Codes]:
    """All tables drawn so far."""
    found: dict[str, Codes] = {}
    for name, codes in shard.codes.items():
        row, above_ = np.arange(length(shard.tables[name])), study.tables[name].parent
        up = shard.parents[name] if above_ else row
        found[name] = Codes(codes, found[above_.table].patient[up] if above_ else row, up, row)
    return found


def repeated(table: Table, frame: Frame, parent: Ints) -> NDArray[np.bool_]:
    """Rows whose `unique` columns say what an earlier row of the same parent says; NULL says the same as NULL."""
    found = np.zeros(len(parent), bool)
    for columns in table.unique:
        said = [np.where(frame[c].null, -1, np.unique(frame[c].values, return_inverse=True)[1]) for c in columns]
        _, first = np.unique(np.stack([parent, *said], 1), axis=0, return_index=True)
        again = np.ones(len(parent), bool)
        again[first] = False
        found |= again
    return found


def times(study: Study, table: Table, tables: Tables, up: Mapping[str, Ints]) -> dict[str, NDArray[np.float64]]:
    """The ancestors' values that times of `table` hang on, aligned with the parent's rows; NULL is infinite."""
    wanted = [b for b in (bound_of(study, table),) if b]
    if starts_at_parent(study, table) and table.parent:
        wanted.append((table.parent.table, str(study.tables[table.parent.table].order_by)))
    found = {}
    for name, column in wanted:
        series = tables[name][column].take(up[name])
        found[f"{name}.{column}"] = np.where(series.null, np.inf, series.values.astype(float))
    return found


def _kept(
    table: Table,
    chain: Chain,
    codes: dict[str, Ints],
    at: NDArray[np.int64] | None,
    ancestors: Mapping[str, Frame],
    rules: Rules,
    rng: np.random.Generator,
) -> tuple[Frame, Ints]:
    """Values for the codes, drawn again within their codes where they break a constraint, and the rows that hold."""
    frame = _filled(table, chain, codes, at, rules, rng)
    bad = np.flatnonzero(rules.broken(table.name, frame, ancestors))
    for _ in range(ROW_TRIES):
        if len(bad) == 0:
            break
        again = _filled(table, chain, {v: c[bad] for v, c in codes.items()}, None if at is None else at[bad], rules, rng)
        for name, series in again.items():
            frame[name].values[bad], frame[name].null[bad] = series.values, series.null
        broken = rules.broken(table.name, again, {n: take(f, bad) for n, f in ancestors.items()})
        bad = bad[broken]
    keep = np.ones(length(frame), bool)
    keep[bad] = False
    return frame, np.flatnonzero(keep)


def _filled(
    table: Table, chain: Chain, codes: dict[str, Ints], at: NDArray[np.int64] | None, rules: Rules, rng: np.random.Generator
) -> Frame:
    frame = values(table, chain, codes, rng)
    if at is not None and table.order_by:
        frame[table.order_by] = known(at)
    return rules.derive(table.name, frame)
