"""What was asked, what it cost, how exact the sums are, and how to read all this."""

from __future__ import annotations

import math
from collections.abc import Sequence

from evaluation.compare import Row
from evaluation.report.card import View, capped
from evaluation.report.svg import WIDTH, Scale, esc, figure, num, path, pct, power, svg, text
from privacy.query import grouped


def privacy(view: View) -> str:
    """The promise, the spend, and every question with its error."""
    facts = view.facts
    if facts.none is not None:
        promise = f'<p class="red">No privacy was asked for. The reason given: <bdi>{esc(facts.none)}</bdi>.</p>'
    else:
        unit = f"<bdi>{esc(view.study.privacy.unit)}</bdi>"
        promise = (
            f"<p>The promise is differential privacy with epsilon {figure(facts.epsilon or 0)} "
            f"and delta {power(facts.delta or 0)}, for one row of {unit} with all rows below it, added or removed. "
            + (f"It costs rho {figure(facts.rho)} of zero-concentrated differential privacy. " if facts.rho else "")
            + f"It holds for this page too: whatever it shows is at most {_times(facts.epsilon or 0)} "
            "as likely with any one patient as without, but for a chance of delta. "
            "A patient known to two hospitals is counted by each, and for that person the promise is weaker.</p>"
        )
    if facts.adds_to:
        promise += (
            f"<p>The sums of {esc(facts.adds_to)} are in these. Every patient is in one of the batches "
            "and has that batch's promise; that no patient is in both is the hospitals' word.</p>"
        )
    return promise + _spend(view) + _groups(view) + _all(view) + _release(view)


def _times(epsilon: float) -> str:
    """What epsilon allows, as a factor."""
    if epsilon > 9:
        return f"{power(float(f'{math.exp(min(epsilon, 600)):.0e}'))} times"
    return f"{figure(float(f'{math.exp(epsilon):.2g}'))} times"


def _spend(view: View) -> str:
    """Each step's part of the whole, as one bar."""
    spend = {k: v for k, v in view.facts.spend.items() if v > 0}
    if len(spend) < 2:
        return ""
    x, at, body = Scale(0, sum(spend.values()), 0, WIDTH), 0.0, ""
    for i, (name, rho) in enumerate(spend.items()):
        left, right = x(at), x(at + rho)
        body += path(f"M{num(left)} 18H{num(right - 1)}v14H{num(left)}z", "s" if i % 2 == 0 else "s2")
        body += text(left, 12 if i % 2 == 0 else 46, f"{name}: rho {figure(rho)}", "l", "", 28)
        at += rho
    alt = "; ".join(f"{k} cost rho {figure(v)}" for k, v in spend.items())
    return f"<h3>Spent, by step</h3><figure>{svg(body, 50, alt)}</figure>"


def _groups(view: View) -> str:
    """Questions by what is learned from them."""
    rows = view.comparison.rows
    lines = []
    for name, members in grouped(r.query for r in rows.values()).items():
        first = rows[members[0].name]
        error = first.std * max(first.total, 1.0)
        lines.append((name, figure(len(members)), figure(sum(q.cells for q in members)), figure(error), pct(first.std)))
    heads = ("learned from them", "questions", "cells", "error in patients", "error in share of rows")
    return (
        "<h3>What was asked</h3><p class='a'>Error: one standard error of one cell. All questions of a line share one "
        "weight per patient, so that nobody counts for more than their share.</p>".replace("'", '"')
        + table(heads, lines)
    )


def _all(view: View) -> str:
    """Every question, closed."""
    heads = ("question", "cells", "off", "noise alone", "from the truth", "")
    lines = [_question(r) for r in sorted(view.comparison.rows.values(), key=lambda r: (-r.beyond * r.readable, r.query.name))]
    body = table(heads, lines)
    return f'<details class="n"><summary>All {len(lines)} questions, worst first</summary>{body}</details>'


def _question(row: Row) -> tuple[str, ...]:
    low, high = row.truth.low, row.truth.high
    between = f"{pct(low)} to {pct(high)}" if row.readable else "–"
    word = "more than noise" if row.clear else "within noise" if row.readable else "hidden by noise"
    if not row.std:
        word = "exact"
    return f"{row.query.table}: {row.title}", figure(row.query.cells), capped(row.tvd), capped(row.noise), between, word


def _release(view: View) -> str:
    """Facts of the run."""
    facts = view.facts
    lines = [("spec", f"{view.study.name}, digest {facts.digest[:12]}"), ("made", facts.created)]
    lines += [("hospitals", ", ".join(facts.sites))]
    lines += [(name, version) for name, version in facts.versions.items()]
    lines += [(f"rows of {name}", figure(rows)) for name, rows in facts.rows.items()]
    lines += [(f"{name}: drawn again for a constraint", f"{pct(share)} of rows") for name, share in facts.rejected.items()]
    return "<h3>This release</h3>" + table(("", ""), lines)


def table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Text as a table; the first cell of a line names it."""
    head = "".join(f'<th scope="col">{esc(h)}</th>' for h in heads) if any(heads) else ""
    body = "".join(
        f'<tr><th scope="row"><bdi>{esc(first)}</bdi></th>' + "".join(f"<td>{esc(c)}</td>" for c in rest) + "</tr>"
        for first, *rest in lines
    )
    top = f"<thead><tr>{head}</tr></thead>" if head else ""
    return f'<div class="x" tabindex="0"><table>{top}<tbody>{body}</tbody></table></div>'
