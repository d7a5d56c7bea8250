"""One line per stage, and how long the rest may take."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

from runners.out import seconds
from runners.state import State

EVERY = 10.0
"""Seconds between two lines about the same stage where lines cannot be rewritten."""


@dataclass
class Ticker:
    """Prints to `out` (standard error: results go to standard output). `typical` are seconds per stage, from runs before."""

    state: State
    typical: Mapping[str, float]
    quiet: bool = False
    out: TextIO = field(default_factory=lambda: sys.stderr)
    names: Sequence[str] = ()
    _began: float = 0.0
    _said: float = 0.0
    _current: str = ""

    def __post_init__(self) -> None:
        self.names = [s.name for s in self.state.stages]

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times a stage, remembers how it ended, and says so."""
        self._began = self._said = time.monotonic()
        self._current = name
        self.state.set(name, "running")
        self._show("", 0.0)
        try:
            yield
        except Exception:
            self.state.set(name, "failed", time.monotonic() - self._began)
            self._line(f"{self._head()} failed", end=True)
            raise
        took = time.monotonic() - self._began
        self.state.set(name, "done", took)
        rest = self._left(1.0)
        self._line(f"{self._head()} done in {seconds(took)}" + (f", about {seconds(rest)} left" if rest >= 1 else ""), end=True)

    def tell(self, doing: str, share: float) -> None:
        """What the stage is doing, and how much of it is done (0 to 1): a `generators.progress.Progress`."""
        if self.out.isatty() or time.monotonic() - self._said >= EVERY:
            self._show(doing, share)

    def note(self, text: str) -> None:
        """A line that stays."""
        self._line(f"      {text}", end=True)

    def _show(self, doing: str, share: float) -> None:
        rest = self._left(share)
        parts = [self._head(), doing, f"about {seconds(rest)} left" if rest >= 1 else ""]
        if self.out.isatty() or doing:
            self._line("  ".join(p for p in parts if p), end=False)

    def _head(self) -> str:
        return f"[{self.names.index(self._current) + 1}/{len(self.names)}] {self._current:<10}"

    def _left(self, share: float) -> float:
        """Seconds left: of this stage by its pace (or as it usually takes), of the later ones as they usually take."""
        later = self.names[self.names.index(self._current) + 1 :]
        took = time.monotonic() - self._began
        usual = self.typical.get(self._current, 0.0)
        this = took * (1 - share) / share if share > 0.05 else max(usual - took, 0.0)
        return this + sum(self.typical.get(name, 0.0) for name in later)

    def _line(self, text: str, end: bool) -> None:
        if self.quiet:
            return
        self._said = time.monotonic()
        if self.out.isatty():
            self.out.write(f"\r\x1b[2K{text}" + ("\n" if end else ""))
        else:
            self.out.write(text + "\n")
        self.out.flush()
