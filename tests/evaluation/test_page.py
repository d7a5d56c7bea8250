"""The report: one file that asks nothing of anyone, says what it must, and survives hostile specs."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from evaluation.facts import Facts
from evaluation.report.page import report
from evaluation.report.svg import cut, esc, figure, pct
from generators.marginal.structure import queries
from privacy.sums import Sums
from specs.lang.types import Column, Key, Outputs, Parent, Privacy, Study, Table
from tests.evaluation.releases import OPEN, PRIVATE, STD, drawn, noised
from tests.generators.studies import clinic, columns, number

VOID = {"meta", "br", "hr", "img", "input", "link"}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img onerror=x>',
    "' onload='x",
    "&lt;b&gt;",
    "]]>--></style></title>",
    "\u202egnp.exe\u202c",
    "a\x00b\x1b[31m",
    "漢字" * 40,
    "e\u0301" * 50,
    "x" * 400,
]


class Tags(HTMLParser):
    """Checks that every tag is closed in order, and collects what a page holds."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self.images = self.named = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.names.add(tag)
        self.attributes |= set(found)
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [v for k, v in attrs if k == "id" and v]
        self.links += [v for k, v in attrs if k == "href" and v]
        self.images += tag == "svg"
        self.named += tag == "svg" and found.get("role") == "img" and bool(found.get("aria-label"))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def parsed(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    tags.close()
    assert not tags.open
    return tags


@pytest.fixture(scope="module")
def page() -> str:
    return report(clinic(), noised(clinic(), drawn(1)), drawn(2), PRIVATE)


@pytest.fixture(scope="module")
def open_page() -> str:
    return report(clinic(), noised(clinic(), drawn(1), 0.0), drawn(2), OPEN)


def made(study: Study, std: float = STD, seed: int = 5) -> tuple[Sums, dict[str, np.ndarray]]:
    """Noised and synthetic histograms drawn at random, for studies without tables."""
    rng = np.random.default_rng(seed)
    asked = {q.name: q for q in queries(study)}
    exact = {n: rng.gamma(0.3, 400.0, q.shape) for n, q in asked.items()}
    sums = Sums(asked, {n: x + rng.normal(0, std, x.shape) for n, x in exact.items()}, dict.fromkeys(asked, std), ("north",))
    return sums, {n: x * rng.uniform(0.9, 1.1, x.shape) for n, x in exact.items()}


def hostile() -> Study:
    """Names, values, units and texts that would break out of markup if any of them were not escaped."""
    bad = [*HOSTILE, *(f"{h} again" for h in HOSTILE)]
    root = Table(
        HOSTILE[0],
        (Key("id"),),
        columns(
            Column(HOSTILE[1], "string", True, values=tuple(bad), about=HOSTILE[2]),
            replace(number(HOSTILE[2], 0, 100, 10), unit=HOSTILE[4], about=HOSTILE[0]),
            Column(HOSTILE[3], "number", derived="1"),
        ),
        about=HOSTILE[1],
    )
    child = Table(
        HOSTILE[5],
        (Key("id"),),
        columns(number("day", 0, 900, 10), Column(HOSTILE[8], "string", values=tuple(HOSTILE))),
        parent=Parent(root.name, ("id",), 8),
        order_by="day",
        about=HOSTILE[6],
    )
    tables = {t.name: t for t in (root, child)}
    return Study(HOSTILE[0], "x.yml", "0" * 64, tables, {}, Privacy(root.name, None, "x"), Outputs("out"), about=HOSTILE[4])


def large() -> Study:
    """About 130 questions and 50,000 cells."""
    kinds = tuple(f"kind {i}" for i in range(24))
    wide = [number(f"column_{i}", 0, 1000, 26) for i in range(8)]
    root = Table("patient", (Key("id"),), columns(*wide, Column("group", "string", True, values=kinds)))
    child = Table(
        "visit",
        (Key("id"),),
        columns(
            number("day", 0, 5000, 40), Column("kind", "string", values=kinds), *(number(f"m{i}", 0, 99, 25) for i in range(4))
        ),
        parent=Parent("patient", ("id",), 60),
        order_by="day",
    )
    tables = {t.name: t for t in (root, child)}
    return Study("large", "x.yml", "0" * 64, tables, {}, Privacy("patient", None, "x"), Outputs("out"))


def test_it_asks_nothing_of_any_server(page, open_page):
    for html in (page, open_page):
        found = parsed(html)
        assert not found.names & {
            "script",
            "img",
            "link",
            "iframe",
            "object",
            "embed",
            "video",
            "audio",
            "base",
            "form",
            "image",
            "use",
        }
        assert not [a for a in found.attributes if a.startswith("on") or a in {"src", "srcset", "action", "data", "xlink:href"}]
        assert all(link.startswith("#") for link in found.links)
        assert not re.search(r"https?:|@import|url\s*\(|src\s*=|//[a-z]", html)
        assert "default-src 'none'" in html


def test_every_tag_is_closed_and_every_link_leads_somewhere(page, open_page):
    for html in (page, open_page):
        found = parsed(html)
        assert len(found.ids) == len(set(found.ids))
        assert {link.removeprefix("#") for link in found.links} <= set(found.ids)


def test_every_picture_has_words(page):
    found = parsed(page)
    assert found.images > 20
    assert found.images == found.named
    assert 'lang="en"' in page
    assert 'name="viewport"' in page
    assert "prefers-color-scheme:dark" in page


def test_the_same_input_gives_the_same_bytes(page):
    assert page == report(clinic(), noised(clinic(), drawn(1)), drawn(2), PRIVATE)


def test_it_says_what_was_promised_and_what_it_cost(page):
    text = " ".join(parsed(page).words)
    for words in (
        "ε 1",
        "10⁻⁶",
        "rho 0.02",
        "a" * 12,
        "2026-02-03T04:05:06",
        "north, lake",
        "Missing values",
        "number of visit rows",
    ):
        assert words in text, words
    assert "No privacy" not in text


def test_without_privacy_a_banner_says_so_everywhere(open_page):
    assert "<title>NO PRIVACY" in open_page
    assert 'role="alert"' in open_page
    text = " ".join(parsed(open_page).words)
    assert "No privacy." in text
    assert "simulated, in public" in text
    assert "noise alone:" not in text.lower().split("how to read a distance")[0]
    assert '<body class="open">' in open_page


def test_labels_that_look_like_markup_stay_words():
    study = hostile()
    html = report(study, *made(study), replace(PRIVATE, sites=tuple(HOSTILE), versions={h: h for h in HOSTILE}))
    found = parsed(html)
    assert not found.names & {"script", "img", "b>"}
    assert not [a for a in found.attributes if a.startswith("on")]
    assert html.count("<title>") == html.count("</title>")
    assert html.count("<style>") == html.count("</style>") == 1
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", html)
    text = " ".join(found.words)
    assert "<script>alert(1)</script>" in text  # shown as it was written


def test_a_large_study_stays_small():
    study = large()
    asked = queries(study)
    assert len(asked) > 60
    assert sum(q.cells for q in asked) > 40_000
    html = report(study, *made(study, 2.0), PRIVATE)
    assert len(html.encode()) < 2_000_000
    parsed(html)


@pytest.mark.parametrize("std", [0.0, 1e-9, 6.0, 1e6])
def test_any_amount_of_noise_gives_a_page(std):
    facts = PRIVATE if std else OPEN
    parsed(report(clinic(), noised(clinic(), drawn(1), std), drawn(2), facts))


def test_nothing_at_all_gives_a_page():
    """Hospitals without patients, and no synthetic rows."""
    empty = {q.name: np.zeros(q.shape) for q in queries(clinic())}
    for sums in (noised(clinic(), empty), noised(clinic(), empty, 0.0)):
        html = report(clinic(), sums, empty, PRIVATE)
        parsed(html)
        assert "nan" not in re.findall(r"[a-z]+", " ".join(re.findall(r' d="([^"]*)"', html)))


def test_no_number_is_lost_on_the_way(page):
    """NaN and infinities never reach a picture."""
    drawn_paths = re.findall(r' (?:d|x|y|width|height|viewBox)="([^"]*)"', page)
    assert drawn_paths
    assert not [p for p in drawn_paths if re.search("nan|inf", p)]


def test_budget_and_reason_exclude_each_other():
    with pytest.raises(ValueError, match="either"):
        Facts("a", "now", ())
    with pytest.raises(ValueError, match="either"):
        Facts("a", "now", (), 1.0, none="why")


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0"), (1, "100"), (0.1234, "12"), (0.01234, "1.2"), (0.00004, "<0.01"), (-0.02, "-2.0"), (0.000123, "0.01")],
)
def test_shares_are_told_in_percent(share, words):
    assert pct(share) == f"{words}\N{NO-BREAK SPACE}%"


def test_numbers_keep_four_figures():
    assert [figure(x) for x in (0, 1.5, 1920, 0.18507)] == ["0", "1.5", "1920", "0.1851"]
    assert figure(171753) == "171\N{NO-BREAK SPACE}753"


def test_long_labels_are_cut_by_their_width():
    assert cut("short", 5) == "short"
    assert cut("longer than", 6) == "longe…"
    assert cut("漢字漢字", 4) == "漢…"
    assert cut("e\u0301" * 5, 5) == "e\u0301" * 5
    assert esc("\u202eabc") == "\N{REPLACEMENT CHARACTER}abc"
