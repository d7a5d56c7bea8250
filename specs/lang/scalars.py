"""Plain scalars of the YAML 1.2 core schema: `no` is a word, `1e-6` a number, `1:30` a word."""

from __future__ import annotations

import math
import re

DIGITS = 18
"""Whole numbers with more digits do not fit in 64 bits."""

INTEGER = re.compile(r"[-+]?[0-9]+")
OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


def resolve(text: str) -> str | int | float | bool | None:
    """What a plain scalar means. Raises ValueError, with a message for the user, for numbers that no computer word holds."""
    if text in WORDS:
        return WORDS[text]
    if INTEGER.fullmatch(text) or OTHER_BASE.fullmatch(text):
        if len(text) > DIGITS:
            raise ValueError(f"a whole number of more than {DIGITS} digits")
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if NOT_FINITE.fullmatch(text):
        raise ValueError("not a finite number")
    if len(text) <= 60 and FLOAT.fullmatch(text):
        number = float(text)
        if not math.isfinite(number):
            raise ValueError("not a finite number")
        return number
    return text
