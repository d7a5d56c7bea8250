"""Whatever is in the file: a study, or a SpecError with places inside the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specs.lang.expression import ExpressionError, canonical, parse
from specs.lang.problems import SpecError, render
from specs.lang.read import read

from .test_good import SPEC

PIECES = st.sampled_from(
    ["{", "}", "[", "]", ":", ",", "-", "#", "&a ", "*a ", "!!x ", "'", '"', "\\", "\n", "  ", "<<", "|", ">", "%", "\t", "\0",
     "1e999", ".nan", "9" * 30, "null", "true", "patient", "range", "bins", "derived: a", "\u202e", "é", "😀", "---\n", "? "]
)  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "code.csv").write_text("code\nA1\n", encoding="utf-8")
    return folder / "s.yml"


def survives(file: Path, raw: bytes) -> None:
    file.write_bytes(raw)
    try:
        read(file, {"ONE": "/one.duckdb"})
    except SpecError as error:
        assert error.problems
        lines = raw.decode("utf-8", errors="replace").splitlines()
        for problem in error.problems:
            assert problem.message and problem.place.line >= 1 and problem.place.column >= 1
            render(problem, lines)


@settings(max_examples=150, deadline=None)
@given(raw=st.binary(max_size=200))
def test_bytes(file: Path, raw: bytes) -> None:
    survives(file, raw)


@settings(max_examples=150, deadline=None)
@given(text=st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join))
def test_pieces_of_yaml(file: Path, text: str) -> None:
    survives(file, text.encode("utf-8", errors="surrogatepass"))


@settings(max_examples=300, deadline=None)
@given(start=st.integers(0, len(SPEC)), length=st.integers(0, 12), put=PIECES | st.text(max_size=4))
def test_a_mutated_spec(file: Path, start: int, length: int, put: str) -> None:
    survives(file, (SPEC[:start] + put + SPEC[start + length :]).encode("utf-8", errors="surrogatepass"))


@settings(max_examples=150, deadline=None)
@given(lines=st.permutations(SPEC.splitlines()), keep=st.integers(1, 40))
def test_shuffled_lines(file: Path, lines: list[str], keep: int) -> None:
    survives(file, "\n".join(lines[:keep]).encode())


WORDS = st.sampled_from(
    "a b.c 1 2.5 'x' + - * / % ^ ( ) , = < <= <> and or not is null between in case when then else end coalesce( abs( round("
    " year( date '2020-01-01' ; -- /* :: $1 ? [ ] . select from \" over cast( as integer".split(" ")
)


@settings(max_examples=400, deadline=None)
@given(sql=st.lists(WORDS, max_size=25).map(" ".join) | st.text(max_size=40))
def test_sql_is_refused_or_has_one_spelling(sql: str) -> None:
    try:
        tree = parse(sql)
    except ExpressionError as error:
        assert error.message
        return
    text = canonical(tree)
    assert canonical(parse(text)) == text
