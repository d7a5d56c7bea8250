"""NumPy arrays and words as Arrow arrays, without copying numbers.

`pyarrow.array` would do, but first it imports pandas wherever that is installed, which takes longer than all of its work here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def numbers(values: NDArray[Any], null: NDArray[np.bool_] | None = None, kind: pa.DataType | None = None) -> pa.Array:
    """Values (rows,), NULL where `null` is true; of the type `kind`, which must be as wide, or of their own."""
    own = np.packbits(values, bitorder="little") if values.dtype == bool else np.ascontiguousarray(values)
    valid = pa.py_buffer(np.packbits(~null, bitorder="little")) if null is not None and null.any() else None
    return pa.Array.from_buffers(kind or pa.from_numpy_dtype(values.dtype), len(values), [valid, pa.py_buffer(own)])


def words(texts: Sequence[str]) -> pa.Array:
    """Strings."""
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))
