"""What is wrong with a spec, and how it is shown: file:line:column, the line, a caret, a suggestion."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from specs.lang.types import Place

MOST = 50
"""More problems than this are not listed: the first ones explain the rest."""
WIDTH = 110


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: `pointer` is its JSON pointer in the document, `hint` the likely fix.

    Its line is not `shown` where the file may be something else, with patients in it.
    """

    place: Place
    message: str
    pointer: str
    hint: str = ""
    shown: bool = True


class SpecError(Exception):
    """A spec that cannot be used, with all its problems in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        ordered = sorted(dict.fromkeys(problems), key=lambda p: (p.place.line, p.place.column))
        self.problems = tuple(ordered[:MOST])
        super().__init__("; ".join(f"{p.place.line}:{p.place.column}: {p.message}" for p in self.problems))


def render(problem: Problem, text_lines: Sequence[str]) -> str:
    """The problem in up to three lines of text; `text_lines` are the lines of its file."""
    place = problem.place
    first = f"{place.file}:{place.line}:{place.column}: {problem.message}"
    if problem.pointer:
        first += f"  [{printable(problem.pointer)}]"
    if not (problem.shown and 1 <= place.line <= len(text_lines)):
        return first + (f"\n    {problem.hint}" if problem.hint else "")
    start = max(0, place.column - WIDTH)
    line = printable(text_lines[place.line - 1].replace("\t", " "))[start : start + WIDTH + 20].rstrip()
    margin = f"{place.line:>6} | "
    caret = " " * (len(margin) - 2) + "| " + " " * (place.column - 1 - start) + "^"
    return "\n".join([first, margin + line, f"{caret} {problem.hint}".rstrip()])


def rendered(problems: Sequence[Problem]) -> list[str]:
    """All problems, each with the line of its file where that can be read."""
    files = dict.fromkeys(problem.place.file for problem in problems)
    texts = {file: _lines(file) for file in files}
    return [render(problem, texts[problem.place.file]) for problem in problems]


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def printable(text: str) -> str:
    """The text without characters that steer a terminal or hide from a reader."""
    return "".join("?" if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c for c in text)


def quoted(value: object) -> str:
    """A user's value in a message: short and harmless."""
    text = printable(str(value))
    return f"`{text[:57]}...`" if len(text) > 60 else f"`{text}`"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean ...?`, or what there is when that is little, else nothing."""
    names = list(known)
    found = get_close_matches(word[:80], names[:500], 1, 0.6) or [n for n in names if n.casefold() == word.casefold()]
    if found:
        return f"did you mean {quoted(found[0])}?"
    return f"there is {', '.join(map(quoted, names))}" if 0 < len(names) <= 12 else ""
