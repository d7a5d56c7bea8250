"""Descent by Adam (Kingma and Ba 2015, arXiv 1412.6980), in place and on any device."""

from __future__ import annotations

from typing import Any

MEMORY = 0.9
"""What the running means of slopes and of their squares keep: both change fast while the classes part."""
FARTHEST = 60.0
"""Parameters are cut here, so that exp stays in range."""


class Adam:
    """Running means of the slope of one array of parameters and of its square."""

    def __init__(self, xp: Any, part: Any) -> None:
        self.xp, self.mean, self.square, self.steps = xp, xp.zeros_like(part), xp.zeros_like(part), 0

    def step(self, part: Any, slope: Any, rate: float) -> Any:
        """The parameters after a step of length `rate` or so. Takes `slope` for its own."""
        self.steps += 1
        known = 1 - MEMORY**self.steps
        self.mean *= MEMORY
        self.mean += (1 - MEMORY) * slope
        slope *= slope
        slope *= 1 - MEMORY
        self.square *= MEMORY
        self.square += slope
        length = self.xp.sqrt(self.square / known)
        length += 1e-8
        moved = self.mean / length
        moved *= -rate / known
        moved += part
        return self.xp.clip(moved, -FARTHEST, FARTHEST, out=moved)
