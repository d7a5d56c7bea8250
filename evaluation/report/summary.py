"""The head of the report: what this is, and how far to trust it, in one look."""

from __future__ import annotations

import math

from evaluation.compare import Level, Row
from evaluation.report.card import View, badge_words, capped
from evaluation.report.pairs import closer
from evaluation.report.svg import WIDTH, Scale, cut, dots, esc, figure, num, path, pct, power, svg, text, tip

WORDS = {1: "one column", 2: "two columns", 3: "three columns"}
LOW, HIGH = 0.0005, 1.0
"""Ends of the axes of the overview; distances beyond lie at its edge."""
MARKS = (0.001, 0.01, 0.1, 1.0)


def summary(view: View) -> str:
    """Title, verdict, key figures and the overview of all tables."""
    study = view.study
    about = f'<p class="lead">{esc(study.about)}</p>' if study.about else ""
    head = f'<p class="eyebrow">Quality of synthetic tables</p><h1><bdi>{esc(study.name)}</bdi></h1>{about}'
    return (
        f'<header id="top">{head}<p class="verdict">{verdict(view)}</p>{_tiles(view)}</header>'
        f'<section id="overview" aria-labelledby="overview-h"><h2 id="overview-h">Overview</h2><div class="two">'
        f"<figure>{_overview(view)}</figure><div>{_levels(view)}{_furthest(view)}</div></div></section>"
    )


def verdict(view: View) -> str:
    """How far to trust the tables, in a sentence or two computed from the figures."""
    levels = [x for x in view.comparison.levels if x.judged and x.ways <= 2]
    if not levels:
        return "The noise is so large that nothing can be judged: take these tables as an example of their form only."
    says = [f"tables of {WORDS[x.ways]} are {pct(x.tvd)} off the hospitals' sums{_alone(view, x)}" for x in levels]
    first = f"On average {', '.join(says)}. "
    if not view.facts.private:
        return first + "Nothing is noised, so these are exact distances."
    judged = [r for r in view.comparison.rows.values() if r.readable]
    hidden = len(view.comparison.rows) - len(judged)
    more = f"; {hidden} more are hidden by noise" if hidden else ""
    return first + f"In {sum(not r.clear for r in judged)} of {len(judged)} tables the difference is no larger than noise{more}."


def _alone(view: View, level: Level) -> str:
    return f" (noise alone: {pct(level.noise)})" if view.facts.private else ""


def _tiles(view: View) -> str:
    facts, comparison = view.facts, view.comparison
    if facts.epsilon is not None:
        promise = (f"ε {figure(facts.epsilon)}", "for each patient" + (f", with δ = {power(facts.delta)}" if facts.delta else ""))
    else:
        promise = ("no privacy", "nothing protects a patient")
    error = f" ± {figure(round(1.96 * comparison.patients_std))}" if comparison.patients_std else ""
    sites = f"patients{error} at {len(facts.sites)} hospital{'s' if len(facts.sites) != 1 else ''}"
    cells = sum(r.query.cells for r in comparison.rows.values())
    tiles = [
        promise,
        (f"{round(comparison.patients):,}".replace(",", "\N{NO-BREAK SPACE}"), sites + (", a noised number" if error else "")),
        (figure(sum(facts.rows.values())), f"synthetic rows in {len(facts.rows)} tables"),
        (figure(len(comparison.rows)), f"questions asked, {figure(cells)} cells in all"),
    ]
    return '<dl class="tiles">' + "".join(f"<div><dt>{esc(n)}</dt><dd>{esc(w)}</dd></div>" for n, w in tiles) + "</dl>"


def _levels(view: View) -> str:
    """Means by number of columns, as a table."""
    heads = ("tables of", "asked", "hidden by noise", "off", "noise alone", "from the truth")
    lines = "".join(_level(x) for x in view.comparison.levels)
    head = "".join(f'<th scope="col">{h}</th>' for h in heads)
    note = (
        "Off: total variation distance, the share of rows that would have to move to another cell to make both tables equal. "
        "From the truth: an estimated range for the distance to the patients' own tables, which nobody outside the "
        "hospitals has seen. Averages leave out what noise hides."
    )
    table = f'<table class="sum"><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>'
    return f'<div class="x" tabindex="0">{table}</div><p class="a">{note}</p>'


def _level(level: Level) -> str:
    name = WORDS.get(level.ways, f"{level.ways} columns")
    cells = [figure(level.queries), figure(level.queries - level.judged)]
    if level.judged:
        cells += [f"<b>{pct(level.tvd)}</b>", pct(level.noise), f"{100 * level.low:.1f} to {pct(level.high)}"]
    else:
        cells += ["–"] * 3
    return f'<tr><th scope="row">{name}</th>' + "".join(f"<td>{c}</td>" for c in cells) + "</tr>"


def _furthest(view: View) -> str:
    """The worst few by name, with links to their pictures."""
    drawn = {r.query.name: i for i, r in enumerate(closer(view))}
    lines = [
        f'<li><a href="#{f"p{drawn[r.query.name]}" if r.query.name in drawn else "columns"}"><bdi>{esc(r.query.table)}</bdi>: '
        f"<bdi>{esc(cut(r.title, 60))}</bdi></a> <small>{badge_words(r)}</small></li>"
        for r in view.comparison.worst[:6]
    ]
    return f'<h3>Look here first</h3><ol class="list">{"".join(lines)}</ol>' if lines else ""


def _overview(view: View) -> str:
    """Every table as a dot: what noise alone makes against what is seen; above the line is more than noise."""
    if not view.facts.private:
        return _strip(view)
    x, y = Scale(-3.3, 0, 44, WIDTH - 8), Scale(-3.3, 0, 300, 14)
    body = path(f"M{num(x(-9))} {num(y(-9))}L{num(x(0))} {num(y(0))}", "dl")
    body += path("".join(f"M44 {num(y(_log(m)))}H{WIDTH - 8}M{num(x(_log(m)))} 14V300" for m in MARKS), "g")
    body += "".join(text(40, y(_log(m)) + 3.5, pct(m), "l", "e") + text(x(_log(m)), 314, pct(m), "l", "m") for m in MARKS)
    rows = list(view.comparison.rows.values())
    for ways in (3, 2, 1):
        group = [r for r in rows if min(r.ways, 3) == ways]
        body += dots([(x(_log(r.noise)), y(_log(r.tvd))) for r in group if not r.clear], "o k")
        body += dots([(x(_log(r.noise)), y(_log(r.tvd))) for r in group if r.clear], "o m")
    body += "".join(tip(x(_log(r.noise)) - 4, y(_log(r.tvd)) - 4, 8, 8, _dot(r)) for r in rows) + _named(view, x, y)
    body += text(WIDTH - 8, 328, "off by noise alone →", "u", "e") + text(44, 7, "↑ seen off the hospitals' sums", "u")
    clear = sum(r.clear for r in rows)
    alt = f"{len(rows)} tables, distance seen against distance that noise alone makes; {clear} lie clearly above the diagonal"
    words = "Each dot is one table asked. On the line, noise explains all of it; "
    caption = f'{words}<span class="m">above it</span> the synthetic rows differ.'
    return svg(body, 334, alt) + f"<figcaption>{caption}</figcaption>"


def _dot(row: Row) -> str:
    return f"{row.query.table}: {row.title}, {capped(row.tvd)} off, noise alone {capped(row.noise)}"


def _named(view: View, x: Scale, y: Scale) -> str:
    """The worst few by name, as links to their pictures; names that would touch are left out."""
    body, taken = "", [-99.0]
    drawn = {r.query.name: i for i, r in enumerate(closer(view))}
    for row in view.comparison.worst[:8]:
        at = y(_log(row.tvd))
        if min(abs(at - t) for t in taken) < 12:
            continue
        taken.append(at)
        word = text(x(_log(row.noise)) - 6, at + 3.5, cut(f"{row.query.table}: {row.title}", 34), "nm", "e")
        body += f'<a href="#p{drawn[row.query.name]}">{word}</a>' if row.query.name in drawn else word
        if len(taken) > 5:
            break
    return body


def _strip(view: View) -> str:
    """Without noise: the distances along one line per number of columns."""
    x = Scale(-3.3, 0, 90, WIDTH - 8)
    marks = "".join(f"M{num(x(_log(m)))} 14V130" for m in MARKS)
    body = path(marks, "g") + "".join(text(x(_log(m)), 144, pct(m), "l", "m") for m in MARKS)
    for level in view.comparison.levels:
        at = 30.0 + 36 * (min(level.ways, 3) - 1)
        group: list[Row] = [r for r in view.comparison.rows.values() if r.ways == level.ways]
        body += text(84, at + 4, WORDS.get(level.ways, ""), "l", "e") + dots([(x(_log(r.tvd)), at) for r in group], "o m")
    alt = f"distances of {len(view.comparison.rows)} tables, by number of columns; median {capped(_median(view))}"
    return svg(body, 150, alt) + "<figcaption>Each dot is one table asked: how far the synthetic rows are off.</figcaption>"


def _median(view: View) -> float:
    found = sorted(r.tvd for r in view.comparison.rows.values())
    return found[len(found) // 2] if found else 0.0


def _log(share: float) -> float:
    return math.log10(min(max(share, LOW), HIGH))
