"""A learned study: public, saved without pickles, sampled forever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.frame import Sample
from generators.join import joined
from generators.marginal.keys import Part, keyed, room
from generators.marginal.learned import Learned, restored
from generators.marginal.shard import Keep, draw_shard
from generators.marginal.structure import structure
from generators.progress import Progress, silent
from generators.rules import Rules
from specs.lang.types import Study

SHARD = 65_536
"""Patients drawn together, at most. Each shard has its own generator, seeded by (seed, shard), so anyone can draw it."""
EVEN = 65_536
"""So many patients are drawn evenly at most: among more of them chance evens itself out."""
ROWS = 1 << 23
"""Rows that the patients of a shard can have at most, in all tables: fewer patients a shard where they can have many."""


@dataclass(frozen=True)
class Model:
    """A study and what is learned of its tables."""

    study: Study
    learned: Learned

    @property
    def size(self) -> int:
        """Patients in a shard."""
        return max(1, min(SHARD, ROWS // sum(room(self.study, table) for table in self.study.patient_tables())))

    def shard(self, number: int, patients: int, seed: int, rules: Rules, size: int) -> Sample:
        """Shard `number` of the tables of `patients`: `size` of them, from patient `number * size` on.

        What it holds depends on the arguments alone, and memory on `size`. Raises `Infeasible` when the constraints allow
        hardly any row.
        """
        part = Part(number * size, patients)
        rng = np.random.default_rng([seed, number])
        drawn = draw_shard(self.study, self.learned, min(size, patients - part.start), rules, rng, patients <= EVEN)
        return keyed(self.study, Sample(drawn.tables, drawn.parents, drawn.thrown), part, rng)

    def sample(self, patients: int, seed: int, rules: Rules, progress: Progress = silent) -> Sample:
        """Tables of exactly `patients` root rows: all shards, in memory. Raises `Infeasible` as `shard` does."""
        shards = []
        for number in range(-(-patients // self.size)):
            progress("sampling patients", number * self.size / patients)
            shards.append(self.shard(number, patients, seed, rules, self.size))
        progress("sampling patients", 1.0)
        return joined(self.study, shards)

    def some(self, patients: int, seed: int, rules: Rules, keep: Keep) -> Sample:
        """Of `patients` root rows those that `keep` keeps, with all their rows.

        Rows below are drawn for these alone. Raises `Infeasible` as `shard` does.
        """
        rng = np.random.default_rng(seed)
        drawn = draw_shard(self.study, self.learned, patients, rules, rng, keep=keep)
        return keyed(self.study, Sample(drawn.tables, drawn.parents, drawn.thrown), Part(0, patients), rng)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All parameters by name: "table/..." of each table as the generator names them."""
        root, chains = self.learned.root, self.learned.chains
        tables = {self.study.root.name: root.arrays(), **{name: chain.arrays() for name, chain in chains.items()}}
        return {f"{table}/{name}": array for table, arrays in tables.items() for name, array in arrays.items()}

    def facts(self) -> dict[str, Any]:
        """What a reader of the saved arrays must know besides the spec."""
        return {"generator": self.study.generator.name, "format": 2, "spec": self.study.name, "digest": self.study.digest}

    @staticmethod
    def restore(study: Study, stored: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> Model:
        """The model again. Raises ValueError when it was learned from another spec, or by another generator."""
        if (facts.get("digest"), facts.get("format"), facts.get("generator")) != (study.digest, 2, study.generator.name):
            raise ValueError(f"the model was learned from another version of spec {study.name}: run it again")
        return Model(study, restored(study.generator.name, structure(study), stored))
