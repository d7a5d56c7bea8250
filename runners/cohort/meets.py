"""Which drawn patients meet the conditions of a cohort, by DuckDB."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from generators.frame import Frame, Sample, Tables, length
from runners.columnar import quoted, to_arrow, types_of
from runners.errors import WRONG, Stop
from runners.reference import reference
from runners.rules import engine
from specs.lang.cohort import Cohort
from specs.lang.given import Given
from specs.lang.types import Study

ROW = "__row"
Ints = NDArray[np.int64]


class Conditions:
    """The conditions of one cohort, ready to be asked of one sample after another.

    Those on measured or derived columns of the patient alone are asked first (`of_patients`), before anything else is drawn of a
    patient; the others (`met`) of whole patients.
    """

    def __init__(self, cohort: Cohort) -> None:
        self.study = cohort.study
        self.engine = engine()
        self.first = [g for g in cohort.given if _of_patient_alone(cohort.study, g)]
        self.then = [g for g in cohort.given if g not in self.first]
        for table in {table: None for given in cohort.given for table, _ in given.used}:
            if self.study.tables[table].reference is not None:
                self.engine.register(table, reference(self.study, self.study.tables[table]))

    def of_patients(self, frame: Frame) -> Ints:
        """Rows of a root table without keys that meet the first conditions, ascending. Raises Stop where SQL fails on a value."""
        return self._rows(self.first, {self.study.root.name: frame})

    def met(self, sample: Sample) -> Ints:
        """Positions of the patients who meet the other conditions, ascending. Raises Stop where SQL fails on a value."""
        return self._rows(self.then, sample.tables)

    def _rows(self, conditions: Sequence[Given], tables: Tables) -> Ints:
        root = self.study.root.name
        everyone = np.arange(length(tables[root]))
        used: dict[str, list[str]] = {root: []}
        for table, column in dict.fromkeys(pair for given in conditions for pair in given.used):
            used.setdefault(table, []).append(column)
        for name in used.keys() & tables.keys():
            types = types_of(self.study, name)
            columns = {c: to_arrow(tables[name][c], types[c]) for c in used[name]}
            self.engine.register(name, pa.table(columns | ({ROW: pa.array(everyone)} if name == root else {})))
        for given in conditions:
            everyone = np.intersect1d(everyone, self._true(root, given), assume_unique=True)
        return everyone

    def _true(self, root: str, given: Given) -> Ints:
        try:
            found = self.engine.sql(f"SELECT {ROW} FROM {quoted(root)} WHERE {given.sql}").to_arrow_table()
        except duckdb.Error as error:  # the rows are synthetic, so what DuckDB says of them is public
            first, place = str(error).splitlines()[0], given.place
            raise Stop(WRONG, f"{place.file}:{place.line}:{place.column}: DuckDB cannot evaluate this: {first}") from None
        return np.asarray(found.column(0), np.int64)


def _of_patient_alone(study: Study, given: Given) -> bool:
    """Whether a condition reads the patient's own row and reference tables, and neither keys nor whom the row points to."""
    columns = study.root.columns

    def own(table: str, column: str) -> bool:
        return column in columns and columns[column].references != study.root.name

    return all(study.tables[t].reference is not None or (t == study.root.name and own(t, c)) for t, c in given.used)
