"""An ordered column on its true axis: area is share of rows, whatever the bins' widths."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence

from evaluation.axis import EPOCH
from evaluation.report.bars import Bar, grid, joined, span_label, whiskers
from evaluation.report.svg import WIDTH, Scale, figure, num, path, svg, text, ticks, tip
from specs.lang.types import Scalar

PLURAL = ("year", "month", "week", "day", "hour", "minute", "second")
HEIGHT, TOP, LEFT, FOOT = 168.0, 20.0, 34.0, 22.0
TAIL_WIDTH, TAIL_SHARE = 0.25, 0.06
"""An outer bin wider than this part of the picture that holds less than this share of rows is told, not drawn."""

NEEDLE = 0.008
"""A bin thinner than this part of the picture is a needle."""


def split(bars: Sequence[Bar]) -> tuple[list[Bar], list[Bar]]:
    """Bins to draw on the axis, and those to tell beside it: single values, and wide outer bins with few rows."""
    drawn = [b for b in bars if b.high > b.low]
    left: list[Bar] = []
    right: list[Bar] = []
    while len(drawn) > 2:
        width = drawn[-1].high - drawn[0].low
        if _tail(drawn[-1], width):
            right.insert(0, drawn.pop())
        elif _tail(drawn[0], width):
            left.append(drawn.pop(0))
        else:
            break
    told = [joined(span_label(side[0], side[-1]), side) for side in (left, right) if side]
    return drawn, sorted([*told, *(b for b in bars if b.high <= b.low)], key=lambda b: b.low)


def _tail(bar: Bar, width: float) -> bool:
    return bar.high - bar.low > TAIL_WIDTH * width and max(bar.synthetic, bar.noised) < TAIL_SHARE


def cramped(drawn: Sequence[Bar], coarse: int) -> bool:
    """Whether a true axis would show little more than one needle: of `coarse` bins few are left, or the fullest is very thin."""
    fullest = max(drawn, key=lambda b: b.synthetic)
    return len(drawn) < 4 <= coarse or fullest.high - fullest.low < NEEDLE * (drawn[-1].high - drawn[0].low)


def grouped(bars: Sequence[Bar], groups: Sequence[int]) -> list[Bar]:
    """Neighbouring parts joined into the bins (`groups`) they are parts of."""
    members: dict[int, list[Bar]] = {}
    for bar, group in zip(bars, groups, strict=True):
        members.setdefault(group, []).append(bar)
    return [joined(span_label(m[0], m[-1]), m) if len(m) > 1 else m[0] for m in members.values()]


def too_noisy(bars: Sequence[Bar]) -> bool:
    """Whether the noise is a large part of a typical bar."""
    return bool(bars) and bars[0].std > 0.25 * sum(abs(b.synthetic) for b in bars) / len(bars)


def histogram(bars: Sequence[Bar], scalar: Scalar, unit: str, alt: str, tips: Sequence[Bar]) -> str:
    """Bars side by side on the true axis, as densities; `tips` are the bins that say their numbers when pointed at."""
    x = Scale(bars[0].low, bars[-1].high, LEFT, WIDTH - 6)
    per, word = _per(bars, scalar, unit)
    y = Scale(0, max(b.top / (b.high - b.low) for b in bars) * per or 1e-6, HEIGHT - FOOT, TOP)
    area = f"M{num(x(bars[0].low))} {num(y(0))}"
    for bar in bars:
        area += f"V{num(y(per * bar.synthetic / (bar.high - bar.low)))}H{num(x(bar.high))}"
    body = grid(y, LEFT, [(v, figure(100 * v)) for v in ticks(0, y.high, 3)]) + path(area + f"V{num(y(0))}z", "s")
    points = [(x((b.low + b.high) / 2), per * b.noised / (b.high - b.low), per * b.half / (b.high - b.low)) for b in bars]
    body += whiskers(points, y, len(bars) > 45)
    body += path(f"M{num(LEFT)} {num(y(0))}H{WIDTH - 6}", "ax") + _axis(x, scalar) + text(0, 10, word, "u", most=50)
    body += "".join(tip(x(b.low), TOP, max(x(b.high) - x(b.low), 1), HEIGHT - TOP - FOOT, b.words) for b in tips)
    return svg(body, HEIGHT, alt)


def _per(bars: Sequence[Bar], scalar: Scalar, unit: str) -> tuple[float, str]:
    """The width that densities are given per: a year, a day or a round number of units, and its words."""
    width = bars[-1].high - bars[0].low
    if scalar in ("date", "timestamp"):
        day = 1.0 if scalar == "date" else 86400.0
        return (365.25 * day, "% per year") if width > 1200 * day else (day, "% per day")
    per = max(10.0 ** math.floor(math.log10(width / 8)), 1.0 if scalar == "integer" else 0.0)
    many = f"{unit}s" if unit in PLURAL and per != 1 else unit
    amount = "" if per == 1 and unit else f" {figure(per)}"
    return per, f"% per{amount} {many}".rstrip()


def _axis(x: Scale, scalar: Scalar) -> str:
    marks = _times(x, scalar) if scalar in ("date", "timestamp") else [(v, figure(v)) for v in ticks(x.low, x.high, 6)]
    body, free = "", -9.0
    for value, word in marks:
        at, half = x(value), 3.0 * len(word)
        if at - half < free:
            continue
        free = at + half + 8
        body += path(f"M{num(at)} {num(HEIGHT - FOOT)}v4", "ax") + text(min(at, WIDTH - half), HEIGHT - 5, word, "l", "m")
    return body


def _times(x: Scale, scalar: Scalar) -> list[tuple[float, str]]:
    """The first of January of round years, or round days."""
    unit = 1 if scalar == "date" else 86400
    low, high = x.low / unit, x.high / unit
    if high - low < 3 * 366:
        return [(d * unit, (EPOCH + datetime.timedelta(days=d)).date().isoformat()) for d in ticks(low, high, 4)]
    years = ticks(1970 + low / 365.2425, 1970 + high / 365.2425, 6)
    return [((datetime.datetime(round(y), 1, 1) - EPOCH).days * unit, str(round(y))) for y in years if 1 <= y <= 9999]
