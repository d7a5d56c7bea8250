"""A site's purse: what opens its ledger, and whose budget holds."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from generators.marginal.structure import queries
from privacy.errors import LedgerBroken, Refused
from privacy.ledger import Ledger, Spend
from runners.ledgers import left_at
from runners.noise import spend_of
from runners.places import ledger_of
from runners.site.purse import Purse
from runners.site.trouble import Trouble
from specs.lang.types import Budget

WORDS = np.arange(3, dtype=np.uint64)


def purse_of(study, epsilon=3.0):
    """North's purse for the study's histograms, where its copy of the spec says such a budget."""
    site = replace(study.sites["north"], budget=Budget(epsilon, 1e-6))
    Path(site.database).parent.mkdir(parents=True, exist_ok=True)
    return Purse(site, study, spend_of(study, site, "r1", queries(study), 1.0))


def other(rho):
    """Another study's spend."""
    return Spend("1", "r2", "another", "question", rho, Fraction(100))


def never():
    raise AssertionError("no answer may be made")


def test_only_an_answer_opens_the_ledger(study):
    purse = purse_of(study)
    purse.check()
    assert not list(ledger_of(purse.site).parent.iterdir())
    assert (purse.answer(lambda: WORDS) == WORDS).all()
    assert Ledger(ledger_of(purse.site)).budget == Budget(3.0, 1e-6)


def test_what_is_refused_opens_no_ledger(study):
    purse = purse_of(study, 0.5)
    for ask in (purse.check, lambda: purse.answer(never)):
        with pytest.raises(Trouble, match="budget"):
            ask()
    assert not list(ledger_of(purse.site).parent.iterdir())
    purse_of(study, 1.0).answer(lambda: WORDS)


@pytest.mark.parametrize("left", [".head", ".replies"])
def test_a_ledger_that_is_gone_is_not_begun_anew(study, left):
    purse = purse_of(study)
    purse.answer(lambda: WORDS)
    path = ledger_of(purse.site)
    path.unlink()
    if left == ".replies":
        Path(f"{path}.head").unlink()
    for ask in (purse.check, lambda: purse.answer(never), lambda: purse.release(["north"])):
        with pytest.raises(LedgerBroken, match="gone"):
            ask()
    assert not path.exists()


@pytest.mark.parametrize(("epsilon", "allowed"), [(1.1, True), (0.9, False)])
def test_of_two_agents_that_open_it_at_once_the_first_ones_budget_holds(study, monkeypatch, epsilon, allowed):
    """The other one comes between the look whether there is a ledger and the making of one; both spends count."""
    purse, create = purse_of(study), Ledger.create

    def overtaken(path, *given):
        create(path, Budget(epsilon, 1e-6), "north").spend(other(1e-5))
        return create(path, *given)

    monkeypatch.setattr(Ledger, "create", overtaken)
    if allowed:
        purse.answer(lambda: WORDS)
    else:
        with pytest.raises(Refused):
            purse.answer(never)
    ledger = Ledger(ledger_of(purse.site))
    assert ledger.budget == Budget(epsilon, 1e-6)
    assert len(ledger.entries()) == 1 + allowed


@pytest.mark.parametrize("budget", [Budget(0.9, 1e-6), Budget(1.0, 1e-9)])
def test_a_lower_budget_in_the_spec_holds_though_the_ledger_has_more(study, budget):
    purse = purse_of(study)
    ledger = Ledger.create(ledger_of(purse.site), Budget(4.5, 1e-6), "north")
    lower = replace(purse, site=replace(purse.site, budget=budget))
    with pytest.raises(Trouble, match="budget"):
        lower.check()
    with pytest.raises(Refused):
        lower.answer(never)
    assert ledger.entries() == ()
    purse.answer(lambda: WORDS)
    assert (lower.answer(never) == WORDS).all()  # what was answered is answered again: that costs nothing
    lower.release(["north", "lake", "coast"])


def test_a_higher_budget_in_the_spec_does_not_raise_the_ledgers(study):
    purse = purse_of(study, 9.0)
    Ledger.create(ledger_of(purse.site), Budget(0.5, 1e-6), "north")
    with pytest.raises(Trouble, match="budget"):
        purse.check()


@pytest.mark.parametrize(("opened", "left"), [(4.5, 1.2), (1.2, 1.2), (1.1, 1.1)])
def test_what_is_left_is_of_the_smaller_budget_and_a_difference_is_said(study, opened, left):
    site = purse_of(study, 1.2).site
    Ledger.create(ledger_of(site), Budget(opened, 1e-6), "north")
    found = left_at(site, study, queries(study))
    assert found.epsilon_left == pytest.approx(left) and not found.trouble
    assert (f"opened with epsilon {opened:g}" in found.note) == (opened != 1.2)


def test_too_low_a_budget_in_the_spec_would_stop_a_run(study):
    site = purse_of(study, 0.9).site
    Ledger.create(ledger_of(site), Budget(4.5, 1e-6), "north")
    assert "spec says epsilon 0.9" in left_at(site, study, queries(study)).trouble


def test_plan_knows_that_a_ledger_that_is_gone_is_not_begun_anew(study):
    purse = purse_of(study)
    purse.answer(lambda: WORDS)
    ledger_of(purse.site).unlink()
    assert "gone" in left_at(purse.site, study, queries(study)).trouble
