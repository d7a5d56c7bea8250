"""Puts the report together: one HTML file that asks nothing of any server."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from evaluation.compare import Comparison, compare
from evaluation.distance import Floats
from evaluation.facts import Facts
from evaluation.report.card import View, section
from evaluation.report.columns import columns
from evaluation.report.pairs import pairs
from evaluation.report.privacy import privacy
from evaluation.report.relations import relations
from evaluation.report.summary import summary
from evaluation.report.svg import esc
from evaluation.report.timeline import timeline
from generators.marginal.structure import structure
from privacy.sums import Sums
from specs.lang.types import Study

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What a browser may load for this page: nothing."""
KEY = (
    '<svg viewBox="0 0 210 18" role="img" aria-label="Key: bars are synthetic, dots the sums of hospitals with 95 % intervals">'
    '<path class="s" d="M0 4H22v10H0z"/><text x="27" y="13">synthetic</text>'
    '<path class="w" d="M90 9H116"/><path class="d" d="M103 9h.01"/><text x="121" y="13">hospitals ± 95 %</text></svg>'
)
INTRO = {
    "columns": "The bar is the share of synthetic rows, the dot what the hospitals' sums say, "
    "with the 95 % interval of their noise. Where the interval reaches the end of the bar, noise can explain the difference.",
    "together": "Columns taken together: how far each table of two or three columns is off. "
    "Colour shows what noise does not explain. Underlined numbers lead to a closer look.",
    "relations": "How many rows hang below a row, and how that depends on it.",
    "time": "When rows come and in what order.",
    "privacy": "What the hospitals were asked, and what it cost.",
    "reading": "How these figures were made, and what they cannot tell.",
}
NAMES = {
    "overview": "Overview",
    "columns": "Columns",
    "together": "Together",
    "relations": "Relations",
    "time": "Time",
    "privacy": "Privacy",
    "reading": "Reading",
}


def report(study: Study, sums: Sums, synthetic: Mapping[str, Floats], facts: Facts) -> str:
    """The quality report as HTML. Everything in it is public: the study, the noised sums, synthetic answers and `facts`.

    `sums.values[q]` and `synthetic[q]` are histograms in patients of shape `Query.shape`. The same input gives the same bytes.
    Raises KeyError when an answer is missing, ValueError when one has another shape.
    """
    return page(study, compare(study, sums, synthetic), facts)


def page(study: Study, comparison: Comparison, facts: Facts) -> str:
    """The same from a comparison that was made before."""
    view = View(study, comparison, facts, {p.table: p for p in structure(study)})
    parts = {
        "columns": columns(view),
        "together": pairs(view),
        "relations": relations(view),
        "time": timeline(view),
        "privacy": privacy(view),
        "reading": (files("evaluation.report") / "reading.html").read_text("utf-8"),
    }
    body = summary(view) + "".join(section(k, NAMES[k], INTRO[k], text) for k, text in parts.items())
    links = "".join(f'<a href="#{k}">{n}</a>' for k, n in NAMES.items() if k == "overview" or parts[k])
    title = f"{'NO PRIVACY: ' if facts.none is not None else ''}{study.name}: quality of synthetic tables"
    style = (files("evaluation.report") / "style.css").read_text("utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f'<meta name="referrer" content="no-referrer"><title>{esc(title)}</title><style>{style}</style></head>'
        f'<body{_marked(facts)}><a class="skip" href="#overview">Skip to the figures</a>{_banner(facts)}'
        f'<nav aria-label="Sections"><div>{links}</div>{KEY}</nav><main>{body}</main>'
        "<footer>Made by Wardloom from the hospitals' sums and synthetic rows; no patient's row was read for it. "
        f"{esc(facts.created)}</footer></body></html>\n"
    )


def _marked(facts: Facts) -> str:
    return ' class="open"' if facts.none is not None else ""


def _banner(facts: Facts) -> str:
    """What stays in sight, on screen and on paper, when there is no promise to patients."""
    if facts.none is None:
        return ""
    reason = f"Made without noise because: <bdi>{esc(facts.none)}</bdi>."
    return f'<div class="banner" role="alert"><strong>No privacy.</strong> {reason} Do not do this with patients\' data.</div>'
