"""Shares of rows (or means) as bars: the synthetic one is the bar, the noised one a dot with its 95 % interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.report.svg import WIDTH, Scale, dots, esc, figure, num, path, pct, svg, text, ticks, tip

Z = 1.96
"""Half a 95 % interval of a normal variable, in standard deviations."""
MOST = 16
"""Bars of one picture; the rest are joined into one."""
LINE = 19.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One category or interval: the synthetic and the noised number, the standard error of the latter, its place on an axis.

    Numbers are shares of rows, or, with `mean`, means in units of their own.
    """

    label: str
    synthetic: float
    noised: float
    std: float
    low: float = 0.0
    high: float = 0.0
    mean: bool = False

    @property
    def half(self) -> float:
        """Half the width of the 95 % interval."""
        return Z * self.std

    @property
    def top(self) -> float:
        """How high a picture must reach: the bar, the dot, and an interval no longer than the dot is high."""
        return max(self.synthetic, self.noised + min(self.half, abs(self.noised)))

    @property
    def numbers(self) -> tuple[str, str, str]:
        """Synthetic, noised, half the interval."""
        form = figure if self.mean else pct
        return form(self.synthetic), form(self.noised), form(self.half)

    @property
    def words(self) -> str:
        """All of it in one line."""
        synthetic, noised, half = self.numbers
        return f"{self.label}: synthetic {synthetic}, hospitals {noised}" + (f" ± {half}" if self.std else "")


def joined(label: str, bars: Sequence[Bar]) -> Bar:
    """Several bars' shares as one; their errors are independent."""
    std = sum(b.std**2 for b in bars) ** 0.5
    synthetic, noised = sum(b.synthetic for b in bars), sum(b.noised for b in bars)
    return Bar(label, synthetic, noised, std, min(b.low for b in bars), max(b.high for b in bars))


def span_label(first: Bar, last: Bar) -> str:
    """The label of everything from one interval to another."""
    if first is last:
        return first.label
    return f"{first.label.split(' to ')[0]} to {last.label.split(' to ')[-1]}"


def largest(bars: Sequence[Bar], most: int = MOST) -> list[Bar]:
    """By noised share, the largest first; beyond `most`, the others as one bar at the end."""
    ranked = sorted(bars, key=lambda b: -b.noised)
    if len(ranked) <= most:
        return ranked
    rest = ranked[most - 1 :]
    return [*ranked[: most - 1], joined(f"{len(rest)} others", rest)]


def rows(bars: Sequence[Bar], alt: str, least: float = 0.0) -> str:
    """Lying bars with their labels, one line each, from 0 to the largest (at least `least`)."""
    scale = Scale(
        0, max(least, 1e-6, *(b.top for b in bars)), min(max(40.0, 6.3 * max(len(b.label) for b in bars) + 6), 132.0), 306
    )
    height = LINE * len(bars) + 2
    body = "".join(_row(b, LINE * i + 10, scale) for i, b in enumerate(bars))
    return svg(body + path(f"M{num(scale.start)} 0V{num(height)}", "ax"), height, alt)


def _row(bar: Bar, y: float, scale: Scale) -> str:
    left = scale.start
    whisker = f"M{num(scale(bar.noised - bar.half))} {num(y)}H{num(scale(bar.noised + bar.half))}" if bar.half else ""
    return (
        text(left - 6, y + 4, bar.label, "l", "e", int((left - 8) / 6))
        + path(f"M{num(left)} {num(y - 6)}H{num(scale(bar.synthetic))}v12H{num(left)}z", "s")
        + path(whisker, "w")
        + dots([(scale(bar.noised), y)])
        + text(WIDTH, y + 4, bar.numbers[0], "v", "e")
        + tip(0, y - 9, WIDTH, LINE, bar.words)
    )


def steps(bars: Sequence[Bar], alt: str, unit: str) -> str:
    """Standing bars of equal width, one per interval or category, with as many labels as fit."""
    height, top, left = 172.0, 20.0, 34.0
    foot = height - 34
    y = Scale(0, max(1e-6, *(b.top for b in bars)), foot, top)
    wide = (WIDTH - left) / len(bars)
    form = figure if bars[0].mean else pct
    body = grid(y, left, [(v, form(v)) for v in ticks(0, y.high, 3)])
    centres = [left + wide * (i + 0.5) for i in range(len(bars))]
    for x, bar in zip(centres, bars, strict=True):
        body += path(f"M{num(x - wide * 0.42)} {num(foot)}V{num(y(bar.synthetic))}h{num(wide * 0.84)}V{num(foot)}z", "s")
    body += whiskers([(x, b.noised, b.half) for x, b in zip(centres, bars, strict=True)], y)
    body += path(f"M{num(left)} {num(foot)}H{WIDTH}", "ax") + _labels(bars, centres, height - 20)
    body += "".join(tip(x - wide / 2, top, wide, foot - top, b.words) for x, b in zip(centres, bars, strict=True))
    return svg(body + text(WIDTH, height - 4, unit, "u", "e", 54), height, alt)


def _labels(bars: Sequence[Bar], centres: Sequence[float], y: float) -> str:
    """As many labels as fit side by side, the first always; of an interval its lower end."""
    body, free = "", 0.0
    for x, bar in zip(centres, bars, strict=True):
        word = bar.label.split(" to ")[0]
        short = word if len(word) <= 14 else word[:13] + "…"
        half = 3.0 * len(short)
        if x - half >= free and x + half <= WIDTH + 4:
            body += text(x, y, short, "l", "m")
            free = x + half + 8
    return body


def grid(y: Scale, left: float, marks: Sequence[tuple[float, str]]) -> str:
    """Lines across and their values at the left."""
    lines = "".join(f"M{num(left)} {num(y(v))}H{WIDTH}" for v, _ in marks if v)
    return path(lines, "g") + "".join(text(left - 4, y(v) + 3.5, word, "l", "e") for v, word in marks)


def whiskers(points: Sequence[tuple[float, float, float]], y: Scale, thin: bool = False) -> str:
    """Dots with intervals at (pixel, value, half width)."""
    lines = "".join(f"M{num(x)} {num(y(v - h))}V{num(y(v + h))}" for x, v, h in points if h)
    return path(lines, "w f" if thin else "w") + dots([(x, y(v)) for x, v, _ in points], "d f" if thin else "d")


def table(bars: Sequence[Bar], head: str) -> str:
    """The same numbers as a table, closed: the text alternative of a picture."""
    lines = "".join(
        f'<tr><th scope="row">{esc(b.label)}</th>' + "".join(f"<td>{n}</td>" for n in b.numbers) + "</tr>" for b in bars
    )
    heads = "".join(f'<th scope="col">{h}</th>' for h in (esc(head), "synthetic", "hospitals", "± 95 %"))
    return (
        '<details class="n"><summary>Numbers</summary><div class="x"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div></details>"
    )
