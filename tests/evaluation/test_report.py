"""The report as a file: it stands alone, is well formed and small, says what it must, and quotes nothing unescaped."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest

from evaluation.facts import Facts
from evaluation.report.page import report
from generators.marginal.structure import queries
from privacy.sums import Sums
from specs.lang.types import Bins, Column, Constraint, Key, Outputs, Parent, Place, Privacy, Study, Table
from tests.evaluation.releases import OPEN, PRIVATE, STD, drawn, noised
from tests.generators.studies import clinic

VOID = {"meta", "br", "hr", "img", "input", "link", "wbr", "col"}
HOSTILE = "</style><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u202e]]>"


class Page(HTMLParser):
    """Reads HTML strictly: every element is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in {tag}"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.text += data + " "

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [a for t, a in self.tags if t == tag]


@pytest.fixture(scope="module")
def text() -> str:
    return report(clinic(), noised(clinic(), drawn(1)), drawn(2), PRIVATE)


@pytest.fixture(scope="module")
def page(text) -> Page:
    return Page(text)


def test_it_stands_alone(text, page):
    bare = re.sub(r'<svg xmlns="http://www.w3.org/2000/svg"', "<svg", text)
    assert not re.findall(r"https?:|\bsrc=|@import|url\(|javascript:|<link|<script|<iframe|<object|data:", bare)
    policy = next(m for m in page.named("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in str(policy["content"])
    assert not [a for t, tag in page.tags for a in tag if a.startswith("on")]


def test_every_link_leads_somewhere_on_the_page(page):
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert not [i for i, n in Counter(ids).items() if n > 1]
    links = [a["href"] for a in page.named("a")]
    assert links and all(link.startswith("#") and link[1:] in ids for link in links)


def test_it_can_be_read_without_seeing_it(page):
    assert dict(page.tags[0:1][0][1]) == {"lang": "en"}
    assert len(page.named("h1")) == 1
    for picture in page.named("svg"):
        assert picture.get("aria-hidden") == "true" or (picture.get("role") == "img" and picture.get("aria-label"))
    levels = [int(t[1]) for t, _ in page.tags if re.fullmatch(r"h[1-6]", t)]
    assert levels[0] == 1 and all(b - a <= 1 for a, b in pairwise(levels))


def test_no_number_went_wrong(text):
    assert not re.findall(r"\bnan\b|\binf\b|None|np\.|float64|array\(", Page(text).text)
    assert not re.findall(r'(?:d|x|y|x1|y1|width|height|viewBox|transform)="[^"]*(?:nan|inf|None|e[+-]\d)', text)


def test_the_same_input_gives_the_same_bytes(text):
    assert text == report(clinic(), noised(clinic(), drawn(1)), drawn(2), PRIVATE)


def test_it_says_the_promise_and_has_no_alarm(page):
    assert re.search(r"epsilon 1\b", page.text) and "ε 1" in page.text and "δ = " in page.text
    assert "No privacy" not in page.text and "NO PRIVACY" not in page.text


def test_without_privacy_a_banner_says_so_and_why():
    said = Page(report(clinic(), noised(clinic(), drawn(1), 0.0), drawn(2), OPEN))
    assert "No privacy" in said.text and "simulated, in public" in said.text
    assert [a for _, a in said.tags if "banner" in str(a.get("class")) and a.get("role") == "alert"]


@pytest.mark.parametrize("std", [0.0, 0.5, 200.0, 1e5])
def test_any_amount_of_noise_makes_a_page(std):
    facts = PRIVATE if std else OPEN
    said = report(clinic(), noised(clinic(), drawn(1), std), drawn(2), facts)
    test_no_number_went_wrong(said)


@pytest.mark.parametrize("fill", [0.0, -3.0])
def test_sums_and_tables_of_nothing_make_a_page(fill):
    asked = {q.name: q for q in queries(clinic())}
    sums = Sums(asked, {n: np.full(q.shape, fill) for n, q in asked.items()}, dict.fromkeys(asked, STD), ("north",))
    said = report(clinic(), sums, {n: np.zeros(q.shape) for n, q in asked.items()}, PRIVATE)
    test_no_number_went_wrong(said)


def hostile() -> Study:
    """A study whose every free text tries to be markup."""
    when = Bins(((0.0, 10.0, 20.0),))
    columns = {
        HOSTILE: Column(HOSTILE, "string", True, values=(HOSTILE, "b" * 300, "日本語の値", "\x00"), about=HOSTILE, unit=HOSTILE),
        "seen": Column("seen", "number", False, range=(0, 20), bins=when, unit=HOSTILE, about=HOSTILE),
    }
    patient = Table("patient", (Key("patient_id"),), columns, about=HOSTILE)
    visit = Table(HOSTILE, (Key("visit_id"),), dict(columns), parent=Parent("patient", ("patient_id",), 3), order_by="seen")
    tables = {t.name: t for t in (patient, visit)}
    constraint = Constraint(HOSTILE, "patient", ("patient",), Place(HOSTILE, 1, 1))
    privacy = Privacy("patient", None, HOSTILE)
    return Study(HOSTILE, HOSTILE, "0" * 64, tables, {}, privacy, Outputs("o"), HOSTILE, constraints=(constraint,))


@pytest.mark.parametrize("private", [True, False])
def test_text_of_a_spec_stays_text(private):
    study = hostile()
    rng = np.random.default_rng(3)
    asked = {q.name: q for q in queries(study)}
    answers = {n: rng.poisson(90, q.shape).astype(float) for n, q in asked.items()}
    sums = Sums(asked, answers, dict.fromkeys(asked, 2.0 if private else 0.0), (HOSTILE,))
    facts = Facts(HOSTILE, HOSTILE, (HOSTILE,), 1.0 if private else None, 1e-6, 0.1, None if private else HOSTILE)
    facts = replace(facts, versions={HOSTILE: HOSTILE}, rows={HOSTILE: 3}, rejected={HOSTILE: 0.1}, spend={HOSTILE: 0.1})
    found = report(study, sums, {n: a[..., ::-1] for n, a in answers.items()}, facts)
    said = Page(found)
    assert not {t for t, _ in said.tags} & {"script", "img"}
    assert len(said.named("style")) == 1
    assert not [a for _, tag in said.tags for a in tag if a.startswith("on")]
    assert "\u202e" not in found and "\x00" not in found
    assert "alert(1)" in said.text


def test_a_large_study_stays_under_two_megabytes():
    """About 130 questions and 50 000 cells, all far off, is more than any demo asks."""
    bins = lambda n: Bins((tuple(float(x) for x in np.linspace(0, 1000, n + 1)),))  # noqa: E731
    column = lambda i: Column(f"c{i}", "number", True, range=(0, 1000), bins=bins(20), about="a measured number")  # noqa: E731
    kind = Column("kind", "string", False, values=tuple(f"kind number {i}" for i in range(30)))
    patient = Table("patient", (Key("patient_id"),), {f"c{i}": column(i) for i in range(13)})
    when = Column("when", "integer", range=(0, 999), bins=bins(20))
    own = {"when": when, "kind": kind} | {f"c{i}": column(i) for i in range(2)}
    visit = Table("visit", (Key("visit_id"),), own, parent=Parent("patient", ("patient_id",), 50), order_by="when")
    tables = {t.name: t for t in (patient, visit)}
    study = Study("large", "l.yml", "0" * 64, tables, {}, Privacy("patient", None, "x"), Outputs("o"))
    asked = {q.name: q for q in queries(study)}
    assert len(asked) >= 130 and sum(q.cells for q in asked.values()) >= 50_000
    rng = np.random.default_rng(5)
    values = {n: rng.gamma(0.5, 100, q.shape) for n, q in asked.items()}
    synthetic = {n: rng.gamma(0.5, 100, q.shape) for n, q in asked.items()}
    found = report(study, Sums(asked, values, dict.fromkeys(asked, 3.0), ("north",)), synthetic, PRIVATE)
    assert len(found.encode()) < 2_000_000
    Page(found)
