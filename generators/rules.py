"""What a spec promises about rows beyond their domains; whoever samples hands in an evaluator of its SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from generators.frame import Frame, length


class Rules(Protocol):
    """Evaluates derived columns and constraints of one study."""

    def derive(self, table: str, frame: Frame) -> Frame:
        """The frame with its derived columns computed."""
        ...

    def broken(self, table: str, frame: Frame, above: Mapping[str, Frame]) -> NDArray[np.bool_]:
        """Rows that break a constraint whose deepest table is `table`; ancestors come aligned row by row."""
        ...


class NoRules:
    """For studies (and tests) without derived columns and constraints."""

    def derive(self, table: str, frame: Frame) -> Frame:
        """The frame as it is."""
        return frame

    def broken(self, table: str, frame: Frame, above: Mapping[str, Frame]) -> NDArray[np.bool_]:
        """No row."""
        return np.zeros(length(frame), bool)
