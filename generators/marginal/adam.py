"""Descent by Adam (Kingma and Ba 2015, arXiv 1412.6980), in place and on any device."""

from __future__ import annotations

import math
from typing import Any

MEMORY = 0.9
"""What the running sums of slopes and of their squares keep: both change fast while the classes part."""
TINY = 3e-8
"""Beside a length of none: no step where there never was a slope."""
FARTHEST = 60.0
"""Parameters are cut here, so that exp stays in range."""


class Adam:
    """Running sums of the slope of one array of parameters and of its square."""

    def __init__(self, xp: Any, part: Any) -> None:
        self.xp, self.sum, self.squares, self.steps = xp, xp.zeros_like(part), xp.zeros_like(part), 0

    def step(self, part: Any, slope: Any, rate: float) -> Any:
        """The parameters after a step of length `rate` or so, in place. Takes `slope` for its own."""
        self.steps += 1
        self.sum *= MEMORY
        self.sum += slope
        slope *= slope
        self.squares *= MEMORY
        self.squares += slope
        length = self.xp.sqrt(self.squares, out=slope)
        length += TINY
        moved = self.xp.divide(self.sum, length, out=slope)
        # means are sums times (1 - MEMORY), over what they know of a whole mean
        moved *= rate * math.sqrt((1 - MEMORY) / (1 - MEMORY**self.steps))
        part -= moved
        return self.xp.clip(part, -FARTHEST, FARTHEST, out=part)
