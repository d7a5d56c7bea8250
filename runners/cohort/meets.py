"""Which drawn patients meet the conditions of a cohort, by DuckDB."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from generators.frame import Sample, length
from runners.columnar import quoted, to_arrow, types_of
from runners.errors import WRONG, Stop
from runners.reference import reference
from runners.rules import engine
from specs.lang.cohort import Cohort

ROW = "__row"


class Conditions:
    """The conditions of one cohort, ready to be asked of one sample after another."""

    def __init__(self, cohort: Cohort) -> None:
        self.cohort = cohort
        self.engine = engine()
        self.used: dict[str, list[str]] = {}
        for table, column in dict.fromkeys(pair for given in cohort.given for pair in given.used):
            self.used.setdefault(table, []).append(column)
        tables = cohort.study.tables
        for name in [n for n in self.used if tables[n].reference is not None]:
            self.engine.register(name, reference(cohort.study, tables[name]).select(self.used.pop(name)))

    def met(self, sample: Sample) -> NDArray[np.int64]:
        """Positions of the patients for whom every condition is true, ascending. Raises Stop where SQL fails on a value."""
        root = self.cohort.study.root.name
        everyone = np.arange(length(sample.tables[root]))
        if not self.cohort.given:
            return everyone
        for name in {**self.used, root: []}:
            types = types_of(self.cohort.study, name)
            columns = {c: to_arrow(sample.tables[name][c], types[c]) for c in self.used.get(name, [])}
            self.engine.register(name, pa.table(columns | ({ROW: pa.array(everyone)} if name == root else {})))
        for given in self.cohort.given:
            everyone = np.intersect1d(everyone, self._rows(root, given.sql), assume_unique=True)
        return everyone

    def _rows(self, root: str, condition: str) -> NDArray[np.int64]:
        try:
            found = self.engine.sql(f"SELECT {ROW} FROM {quoted(root)} WHERE {condition}").to_arrow_table()
        except duckdb.Error as error:  # the rows are synthetic, so what DuckDB says of them is public
            place = next(g.place for g in self.cohort.given if g.sql == condition)
            first = str(error).splitlines()[0]
            raise Stop(WRONG, f"{place.file}:{place.line}:{place.column}: DuckDB cannot evaluate this: {first}") from None
        return np.asarray(found.column(0), np.int64)
