"""A batch of shards: drawn one after the other, written to one Parquet file per table, a row group per shard."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from generators.marginal.model import Model
from generators.rules import Rules
from runners.columnar import table_of
from runners.sampling.tally import Tally

FEW, MOST = 32, 64
"""There are about FEW batches, or more where a batch would have more than MOST shards."""


@dataclass(frozen=True)
class Job:
    """All that a process must know to draw: public things only. Rows go to `folder`, `shard` patients at a time."""

    model: Model
    patients: int
    seed: int
    folder: Path
    shard: int

    @property
    def batches(self) -> range:
        """The batches by number."""
        return range(-(-self._shards // self._size))

    def shards(self, batch: int) -> range:
        """The shards of a batch."""
        return range(batch * self._size, min((batch + 1) * self._size, self._shards))

    def rows(self, batch: int, table: str) -> Path:
        """The file with the rows of a table."""
        return self.folder / f"{batch:06}.{table}.parquet"

    def tally(self, batch: int) -> Path:
        """The file with what was counted; it is written last, so a batch that has it is whole."""
        return self.folder / f"{batch:06}.tally.npz"

    @property
    def _size(self) -> int:
        return max(1, min(self._shards // FEW, MOST))

    @property
    def _shards(self) -> int:
        return -(-self.patients // self.shard)


def draw(job: Job, batch: int, rules: Rules) -> None:
    """Draws a batch. Its files depend on the model, the seed and the number of patients, not on who draws it.

    No more than one shard is in memory at a time. Raises `Infeasible`, and OSError where there is no room on the disk.
    """
    study, tally = job.model.study, None
    job.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        writers: dict[str, pq.ParquetWriter] = {}
        for number in job.shards(batch):
            sample = job.model.shard(number, job.patients, job.seed, rules, job.shard)
            for name, frame in sample.tables.items():
                rows: pa.Table = table_of(study, name, frame, drawn=True)
                if name not in writers:
                    writers[name] = stack.enter_context(_writer(job.rows(batch, name), rows.schema))
                writers[name].write_table(rows, row_group_size=max(len(rows), 1))
            counted = Tally.of(study, sample)
            tally = tally + counted if tally else counted
    assert tally
    tally.save(job.tally(batch))


def _writer(file: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Integers are packed as they are, not by way of a dictionary: that takes half the time, both ways."""
    whole = [f.name for f in schema if pa.types.is_integer(f.type)]
    others = [f.name for f in schema if f.name not in whole]
    return pq.ParquetWriter(file, schema, use_dictionary=others, column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED"))
