"""Looks for canaries in every byte of files: as text, as binary numbers, and in what is packed."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib

import duckdb
import numpy as np
import pyarrow.parquet as pq

from tests.e2e.hospitals import WHOLE, WORDS, YEARS

SPREAD = 10_000
DAYS = tuple(int(np.datetime64(f"{year}-01-01", "D").astype(np.int64)) for year in YEARS)
MICROSECONDS = 86_400_000_000
DIGITS = str(WHOLE)[:11]
PATTERNS = (
    *WORDS,
    DIGITS,
    rf"{DIGITS[0]}\.{DIGITS[1:]}",  # with an exponent
    rf"{DIGITS[:3]}[,_ ]{DIGITS[3:6]}[,_ ]{DIGITS[6:9]}",
    rf"{YEARS[0] // 10}[6-9]-\d\d-\d\d",
    rf"{YEARS[1] // 10}[5-8]-\d\d-\d\d",
)
TEXTS = re.compile("|".join(PATTERNS).encode())


def found_in(data):
    """What kind of canary is in these bytes; "" when none is."""
    match = TEXTS.search(data.lower()) or TEXTS.search(data.replace(b"\0", b"").lower())  # UTF-16 and UTF-32 lose their zeros
    if match:
        return f"text at {match.start()}"
    for offset in range(8):
        size = (len(data) - offset) // 8
        if size < 1:
            break
        number = np.frombuffer(data, "<i8", size, offset)
        real = np.frombuffer(data, "<f8", size, offset)
        if (np.abs(np.abs(number) - WHOLE) < SPREAD).any():
            return "integer"
        with np.errstate(invalid="ignore"):
            if (np.abs(np.abs(real) - WHOLE) < SPREAD).any():
                return "number"
        if ((number >= DAYS[1]) & (number < DAYS[1] + 1000)).any():
            return "date"
        stamps = number[number % MICROSECONDS == 0] // MICROSECONDS
        if ((stamps >= DAYS[0]) & (stamps < DAYS[0] + 1000)).any():
            return "timestamp"
    return ""


def layers(file):
    """The bytes of a file, and of what is packed in it."""
    data = file.read_bytes()
    yield "", data
    if data[:2] == b"\x1f\x8b":
        yield "gz", gzip.decompress(data)
    elif data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for name in packed.namelist():
                yield name, packed.read(name)
    elif data[:4] == b"PAR1":
        yield "parquet", str(pq.read_table(file).to_pylist()).encode()
    elif data[8:12] == b"DUCK":
        yield from tables(file)
    elif data[:1] == b"\x78":
        try:
            yield "zlib", zlib.decompress(data)
        except zlib.error:
            return


def tables(file):
    """Every table of a DuckDB file as text, and its dates, which four bytes are too short to tell, as dates."""
    with duckdb.connect(str(file), read_only=True) as con:
        yield "names", str(con.sql("from duckdb_columns()").fetchall()).encode()
        for schema, name in con.sql("select schema_name, table_name from duckdb_tables()").fetchall():
            lines = con.sql(f'select t::varchar from "{schema}"."{name}" t').fetchall()
            yield f"{schema}.{name}", "\n".join(line for (line,) in lines).encode()


def leaks(folder, apart=()):
    """Places of canaries in all files and names below `folder`; the files `apart` are not opened."""
    found = []
    for file in sorted(folder.rglob("*")):
        if found_in(str(file.relative_to(folder)).encode()):
            found.append(f"name: {file}")
        if file.is_file() and file not in apart:
            found += [f"{file} {part}: {kind}" for part, data in layers(file) if (kind := found_in(data))]
    return found


def searched(folder, apart=()):
    """How many bytes `leaks` looks at."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file() and f not in apart)

