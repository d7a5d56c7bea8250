"""Planted bugs: each attack's test must fail when what stops the attack is broken."""

from __future__ import annotations

import numpy as np
import pytest

import privacy.identity
import privacy.ledger
import privacy.masking.mask
import privacy.masking.roster
import privacy.masking.survivors
import privacy.masking.unmask
import privacy.signed
import runners.replies
import runners.site.keys
import runners.site.masked
import runners.site.purse
import runners.site.rounds
import runners.site.terms
from specs.lang.types import Federation
from tests.federation import test_exact, test_malice, test_mutations, test_resume
from tests.federation.chair import Chair, league, seats
from tests.runners.small import small_study

MISSED = (AssertionError, pytest.fail.Exception)


@pytest.fixture
def chair(tmp_path):
    study = league(small_study(tmp_path), tmp_path, 5, Federation(min_sites=3, dropouts=2))
    return Chair(study, seats(study))


def caught(attack, *given):
    with pytest.raises(MISSED):
        attack(*given)


def test_pair_masks_that_do_not_cancel(monkeypatch):
    add = privacy.masking.mask._add
    monkeypatch.setattr(privacy.masking.mask, "_add", lambda words, key, sign: add(words, key, 1))
    caught(test_exact.one_exact_sum, np.random.default_rng(), 100)


def test_sums_that_are_sent_in_the_clear(monkeypatch):
    monkeypatch.setattr("tests.federation.protocol.masks.masked", lambda vector, *_: vector)
    monkeypatch.setattr("tests.federation.protocol.unmask", lambda sent, *_: sum(sent.values()).view(np.int64))
    caught(test_exact.test_what_a_site_sends_is_uniform_whatever_its_sums, 3)


def test_one_mask_for_all_cells(monkeypatch):
    def constant(words, key, sign):
        words += np.uint64(int.from_bytes(key[:8], "big"))

    monkeypatch.setattr(privacy.masking.mask, "_add", constant)
    caught(test_exact.test_what_a_site_sends_is_uniform_whatever_its_sums, 3)


def test_a_threshold_that_nobody_checks(chair, monkeypatch):
    monkeypatch.setattr(privacy.masking.roster, "threshold", lambda sites, colluders: 2)
    caught(test_malice.test_rosters_that_lie_are_refused, chair, test_malice.lowered_threshold)


@pytest.mark.parametrize("lie", [test_malice.own_keys_for_another, test_malice.another_rounds_adverts])
def test_adverts_that_nobody_checks(chair, monkeypatch, lie):
    monkeypatch.setattr(privacy.masking.roster.Advert, "genuine", lambda self, context: True)
    caught(test_malice.test_rosters_that_lie_are_refused, chair, lie)


def answers_twice(monkeypatch):
    """A stage with another request is simply done again."""
    before = runners.site.rounds.Round.before

    def lenient(self, stage, request):
        found = self.done.get(stage)
        return None if found and found.request != request else before(self, stage, request)

    monkeypatch.setattr(runners.site.rounds.Round, "before", lenient)


def test_a_site_that_agrees_twice(chair, monkeypatch):
    answers_twice(monkeypatch)
    caught(test_malice.test_a_second_set_of_survivors_is_refused, chair, ("coast", "hill", "lake", "marsh"))


def test_a_site_that_takes_a_second_roster(chair, monkeypatch):
    answers_twice(monkeypatch)
    caught(test_malice.test_a_second_roster_is_refused, chair)


def test_a_ledger_that_forgets_in_whose_total_an_answer_is_known(chair, monkeypatch):
    monkeypatch.setattr(privacy.ledger.Ledger, "released", lambda self, entry: None)
    monkeypatch.setattr(privacy.ledger.Ledger, "release", lambda self, entry, survivors: None)
    caught(test_malice.test_the_same_set_less_one_is_refused_in_a_new_round_too, chair)


def test_any_share_of_the_budget_that_is_asked_for(chair, monkeypatch):
    class Any(float):
        def __ne__(self, other):
            return False

    monkeypatch.setattr(runners.site.terms, "measured", lambda study: Any(1.0))
    caught(test_malice.test_the_same_question_at_another_share_is_another_total_and_refused, chair)


def test_survivors_that_nobody_checks(chair, monkeypatch):
    monkeypatch.setattr(privacy.masking.survivors, "checked", lambda names, *_: tuple(names))
    caught(test_malice.test_survivors_that_cannot_be_are_refused, chair, ["coast"])


def test_signatures_that_nobody_checks(chair, monkeypatch):
    monkeypatch.setattr(privacy.masking.survivors, "agreed", lambda *_: None)
    caught(test_malice.test_signatures_under_another_set_are_refused, chair)


def test_a_site_that_shows_both_secrets(chair, monkeypatch):
    def both(held, survivors):
        half = {dealer: part[32:] for dealer, part in held.items()}
        return privacy.masking.unmask.Revealed(half, {dealer: part[:32] for dealer, part in held.items()})

    monkeypatch.setattr(runners.site.masked, "reveal", both)
    caught(test_malice.test_no_site_ever_shows_both_secrets_of_one_site, chair)


def test_parts_that_are_believed(chair, tmp_path, monkeypatch):
    monkeypatch.setattr(privacy.masking.unmask, "_is_seed", lambda *_: True)
    caught(test_malice.test_a_lying_site_spoils_a_sum_or_is_left_out_but_never_bends_it, chair, tmp_path, "coast", 11)


def test_messages_without_a_signature(tmp_path, monkeypatch):
    monkeypatch.setattr(privacy.signed, "verify", lambda *_: True)
    caught(test_mutations.test_changed_replies_are_not_believed, test_mutations.rounds_of(tmp_path))


def test_replies_that_are_not_bound_to_a_request(tmp_path, monkeypatch):
    monkeypatch.setattr("runners.site.agent.named", lambda data: "same")
    monkeypatch.setattr("runners.replies.named", lambda data: "same")
    caught(test_mutations.test_replies_to_anything_else_are_not_believed, test_mutations.rounds_of(tmp_path))


def test_a_site_that_answers_afresh(tmp_path, monkeypatch):
    monkeypatch.setattr(runners.site.rounds.Round, "before", lambda self, stage, request: None)
    with pytest.MonkeyPatch.context() as patch:
        caught(test_resume.test_killed_at_every_point_it_goes_on, tmp_path, patch, "before")
