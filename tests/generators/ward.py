"""A small table whose joint distribution is known, for generators that train: a group, a NULL-able reading, and a score."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from generators.frame import Series, Tables, known
from generators.marginal.ask import answers
from generators.marginal.code import Codes, code
from generators.marginal.fit import Effort
from generators.marginal.model import Model
from generators.marginal.structure import queries
from generators.marginal.train import learn
from generators.trained import Trainable, Weights
from privacy.sums import Sums
from specs.lang.types import Budget, Generator, Key, Outputs, Privacy, Study, Table
from tests.generators.studies import choice, columns, number

SHARES = np.array([0.6, 0.3, 0.1])
CENTRES = np.array([15.0, 50.0, 85.0])


def ward(generator: str, private: bool = False) -> Study:
    """One table: group decides site, score and whether there is a reading."""
    own = columns(
        choice("group", "a", "b", "c"),
        choice("site", "x", "y", "z"),
        number("score", 0, 99, 25),
        number("reading", 0, 10, 10, whole=False, nullable=True),
    )
    privacy = Privacy("patient", Budget(3.0, 1e-5) if private else None, None if private else "made up")
    tables = {"patient": Table("patient", (Key("patient_id"),), own)}
    chosen = Generator(generator, "cpu", rounds=8, width=64)  # type: ignore[arg-type]
    return Study("ward", "ward.yml", "0" * 64, tables, {}, privacy, Outputs("out"), generator=chosen)


def people(patients: int, seed: int) -> Tables:
    """The group's site nine times in ten; a score near the group's centre; no reading in group a."""
    rng = np.random.default_rng(seed)
    group = rng.choice(3, patients, p=SHARES)
    site = np.where(rng.random(patients) < 0.9, group, rng.integers(0, 3, patients))
    score = np.clip(rng.normal(CENTRES[group], 4), 0, 99).astype(np.int64)
    reading = np.round(np.clip(rng.normal(2 + 3 * group, 0.5), 0, 10), 1)
    none = np.zeros(patients, bool)
    root = {"patient_id": known(np.arange(patients)), "score": known(score), "reading": Series(reading, group == 0)}
    root |= {"group": Series(group, none, ("a", "b", "c")), "site": Series(site, none, ("x", "y", "z"))}
    return {"patient": root}


def coded(study: Study, patients: int, seed: int) -> Mapping[str, Codes]:
    """The same as hospitals hold them."""
    return code(study, people(patients, seed), {})


def base(study: Study, tables: Tables | None = None, parents: Mapping[str, np.ndarray] | None = None) -> Model:
    """What the marginal generator learns from exact histograms of these tables, or of the ward's people."""
    asked = {q.name: q for q in queries(study)}
    exact = answers(study, tables or people(4000, 1), parents or {})
    sums = Sums(asked, dict(exact), dict.fromkeys(asked, 0.0), ("here",))
    return learn(study, sums, effort=Effort(rows=2000, patients=1000, iterations=10, rounds=1))


def taught(generator: Trainable, found: Model, rows: Mapping[str, Codes], passes: int) -> Weights:
    """Weights after so many local passes."""
    weights = generator.begin(found)
    for each in range(passes):
        weights = generator.trained(weights, rows, np.random.default_rng(each))
    return weights


def distance(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray], a: str, b: str) -> float:
    """Total variation distance of the joint distribution of two code columns."""
    both = np.stack([np.concatenate([one[v], other[v]]) for v in (a, b)], 1)
    cell = np.unique(both, axis=0, return_inverse=True)[1].reshape(-1)
    rows, cells = len(one[a]), int(cell.max()) + 1
    first, second = (np.bincount(part, minlength=cells) / len(part) for part in (cell[:rows], cell[rows:]))
    return float(np.abs(first - second).sum() / 2)


def shuffled(codes: Mapping[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """The same columns, independent of each other."""
    rng = np.random.default_rng(seed)
    return {name: rng.permutation(values) for name, values in codes.items()}
