"""The few pieces every picture is made of. All text that comes from a spec passes through `esc`."""

from __future__ import annotations

import html
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 360
"""All small pictures are drawn this wide, so that their letters keep their size on a phone and on a desk."""
BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def esc(text: object) -> str:
    """Text for HTML, safe in content and attributes; control characters and bidi overrides become a replacement sign."""
    clean = "".join("\N{REPLACEMENT CHARACTER}" if _control(c) else c for c in str(text))
    return html.escape(clean, quote=True)


def _control(c: str) -> bool:
    return unicodedata.category(c) in ("Cc", "Cs") or unicodedata.bidirectional(c) in BIDI


def cut(text: str, most: int) -> str:
    """At most `most` columns of text, an ellipsis at the end of what is longer; wide letters take two columns."""
    used = 0
    kept: list[str] = []
    for c in text:
        used += 0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        if used > most:
            return "".join(kept[: max(len(kept) - 1, 1)]).rstrip() + "…"
        kept.append(c)
    return text


def num(x: float) -> str:
    """A coordinate: one decimal, no trailing zero, no minus zero."""
    return f"{x + 0.0:.1f}".rstrip("0").rstrip(".").replace("-0", "0") if abs(x) < 0.05 else f"{x:.1f}".rstrip("0").rstrip(".")


def pct(share: float) -> str:
    """A share of rows in percent, to about two significant figures."""
    value = 100 * share
    if 0 < abs(value) < 0.01:
        return "<0.01\u00a0%" if value > 0 else ">-0.01\u00a0%"
    decimals = max(0, 1 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:.{min(decimals, 2)}f}\u00a0%"


def figure(value: float) -> str:
    """A number for an axis or a table: four significant figures, thousands apart from ten thousand on."""
    if value == 0:
        return "0"
    decimals = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{min(decimals, 6)}f}" if abs(value) >= 10_000 else f"{value:.{min(decimals, 6)}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(",", "\u00a0")


def power(value: float) -> str:
    """A small number as a power of ten: 3 × 10⁻⁶."""
    if value <= 0:
        return "0"
    exponent = math.floor(math.log10(value) + 1e-9)
    front = figure(float(f"{value / 10**exponent:.2g}"))
    raised = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{raised}" if front == "1" else f"{front} × 10{raised}"


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight axis from `low` to `high` onto the pixels `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel of a value; what lies outside stays at the edge."""
        width = self.high - self.low
        share = (value - self.low) / width if width > 0 else 0.5
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers within `low` and `high`, about so many."""
    if not high > low:
        return [low]
    raw = (high - low) / max(about, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def svg(body: str, height: float, alt: str) -> str:
    """A picture with a text alternative; as wide as its place, but never blown up beyond a quarter."""
    return (
        f'<svg viewBox="0 0 {num(WIDTH)} {num(height)}" role="img" aria-label="{esc(alt)}" '
        f'style="max-width:{num(WIDTH * 1.25)}px">{body}</svg>'
    )


def text(x: float, y: float, words: object, kind: str = "", anchor: str = "", most: int = 0) -> str:
    """A line of text; `anchor` m or e for middle or end; with `most` it is cut, and whole as a tooltip."""
    whole = str(words)
    short = cut(whole, most) if most else whole
    tip = f"<title>{esc(whole)}</title>" if short != whole else ""
    names = " ".join(n for n in (kind, anchor) if n)
    attribute = f' class="{names}"' if names else ""
    return f'<text x="{num(x)}" y="{num(y)}"{attribute}>{tip}{esc(short)}</text>'


def path(steps: str, kind: str) -> str:
    """A path of a class; nothing for no steps."""
    return f'<path class="{kind}" d="{steps}"/>' if steps else ""


def dots(points: Sequence[tuple[float, float]], kind: str = "d") -> str:
    """Round dots as one path."""
    return path("".join(f"M{num(x)} {num(y)}h.01" for x, y in points), kind)


def tip(x: float, y: float, width: float, height: float, words: str) -> str:
    """An unseen field that says `words` when pointed at."""
    place = f'x="{num(x)}" y="{num(y)}" width="{num(width)}" height="{num(height)}"'
    return f'<rect class="t" {place}><title>{esc(words)}</title></rect>'
