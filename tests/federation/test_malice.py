"""What a coordinator or a site may try, each with what the honest do about it: they say no, and no total comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import combinations

import numpy as np
import pytest

from generators.marginal.structure import queries
from privacy.masking.errors import Unfit
from privacy.masking.roster import Roster
from privacy.masking.secrets import Secrets, advert
from privacy.signed import opened, signed
from runners.coordinator import FederatedDoor
from runners.errors import Stop
from runners.site.keys import identity_of
from runners.site.message import Reply
from specs.lang.types import Federation
from tests.federation.chair import Chair, fresh_key, league, seats
from tests.federation.hall import Hall
from tests.runners.small import small_study

FIVE = Federation(min_sites=3, dropouts=2)


@pytest.fixture
def study(tmp_path):
    """Five hospitals; three must agree, two may leave."""
    return league(small_study(tmp_path), tmp_path, 5, FIVE)


@pytest.fixture
def chair(study):
    return Chair(study, seats(study))


def refused(reply, code="round"):
    assert reply.trouble is not None
    assert reply.trouble.code == code


def names(chair):
    return sorted(chair.study.sites)


# the coordinator lies about who takes part


def lowered_threshold(chair: Chair) -> dict:
    return replace(chair.roster, threshold=2).facts()


def raised_threshold(chair: Chair) -> dict:
    return replace(chair.roster, threshold=4).facts()


def too_few(chair: Chair) -> dict:
    return replace(chair.roster, adverts=chair.roster.adverts[:2]).facts()


def only_one(chair: Chair) -> dict:
    return replace(chair.roster, adverts=chair.roster.adverts[:1]).facts()


def own_keys_for_another(chair: Chair) -> dict:
    """The coordinator makes up a site's keys, to read what is sealed for it."""
    made = advert(Secrets.fresh(), fresh_key(), "lake", chair.context)
    others = [a for a in chair.roster.adverts if a.site != "lake"]
    adverts = sorted([*others, replace(made, signature=chair.roster.of("lake").signature)], key=lambda a: a.site)
    return replace(chair.roster, adverts=tuple(adverts)).facts()


def stranger(chair: Chair) -> dict:
    made = advert(Secrets.fresh(), fresh_key(), "zoo", chair.context)
    return replace(chair.roster, adverts=(*chair.roster.adverts, made)).facts()


def one_site_twice(chair: Chair) -> dict:
    return replace(chair.roster, adverts=(chair.roster.adverts[0], *chair.roster.adverts)).facts()


def one_key_for_two(chair: Chair) -> dict:
    first, second, *rest = chair.roster.adverts
    return replace(chair.roster, adverts=(first, replace(first, site=second.site), *rest)).facts()


def out_of_order(chair: Chair) -> dict:
    return replace(chair.roster, adverts=tuple(reversed(chair.roster.adverts))).facts()


def another_advert_of_this_site(chair: Chair) -> dict:
    mine = replace(chair.roster.of("coast"), mask=chair.roster.of("lake").mask)
    return replace(chair.roster, adverts=tuple(mine if a.site == "coast" else a for a in chair.roster.adverts)).facts()


def without_this_site(chair: Chair) -> dict:
    return replace(chair.roster, adverts=tuple(a for a in chair.roster.adverts if a.site != "coast")).facts()


def another_rounds_adverts(chair: Chair) -> dict:
    other = Chair(chair.study, chair.agents, run="r2")
    other.play("ready")
    mixed = [a if a.site == "coast" else other.roster.of(a.site) for a in chair.roster.adverts]
    return Roster(chair.roster.threshold, tuple(mixed)).facts()


def nonsense(chair: Chair) -> dict:
    return {"threshold": "three", "adverts": [{"site": 7}]}


ROSTERS: list[Callable[[Chair], dict]] = [
    lowered_threshold, raised_threshold, too_few, only_one, own_keys_for_another, stranger, one_site_twice, one_key_for_two,
    out_of_order, another_advert_of_this_site, without_this_site, another_rounds_adverts, nonsense,
]  # fmt: skip


@pytest.mark.parametrize("lie", ROSTERS)
def test_rosters_that_lie_are_refused(chair, lie):
    chair.play("ready")
    refused(chair.ask("deal", "coast", lie(chair)))


def test_a_second_roster_is_refused(chair):
    chair.play("deal")
    fewer = replace(chair.roster, adverts=chair.roster.adverts[:4]).facts()
    refused(chair.ask("deal", "coast", fewer))


def test_two_sites_with_two_rosters_never_open_each_others_parts(chair):
    """Each is shown a roster that is fine by itself."""
    chair.play("ready")
    fewer = replace(chair.roster, adverts=tuple(a for a in chair.roster.adverts if a.site != "north")).facts()
    for site in names(chair):
        assert not chair.ask("deal", site, fewer if site == "coast" else None).trouble
    dealt = chair.replies["deal"]
    mixed = {d: dealt[d].body["sealed"].get("coast", "") for d in ("coast", "hill", "lake", "marsh")}
    refused(chair.ask("sums", "coast", {"sealed": mixed}))


@pytest.mark.parametrize("kept", [1, 2])
def test_parts_of_too_few_sites_are_refused(chair, kept):
    chair.play("deal")
    sealed = dict(list(chair.body("sums", "coast")["sealed"].items())[:kept])
    refused(chair.ask("sums", "coast", {"sealed": sealed}))


def test_parts_that_were_sealed_for_another_site_or_by_another_are_refused(chair):
    chair.play("deal")
    for_coast, for_lake = (chair.body("sums", site)["sealed"] for site in ("coast", "lake"))
    refused(chair.ask("sums", "coast", {"sealed": for_lake}))
    refused(chair.ask("sums", "coast", {"sealed": {**for_coast, "hill": for_coast["lake"]}}))
    assert not chair.ask("sums", "coast").trouble


# the coordinator lies about who stayed


@pytest.mark.parametrize(
    "survivors",
    [
        [],
        ["coast"],
        ["coast", "hill"],
        ["hill", "lake", "marsh"],
        ["coast", "coast", "hill", "lake"],
        ["lake", "hill", "coast"],
        ["coast", "hill", "zoo"],
        "coast",
        [1, 2, 3],
        None,
    ],
)
def test_survivors_that_cannot_be_are_refused(chair, survivors):
    """Nobody, one site, too few, without this one, twice, out of order, strangers, and what is no set."""
    chair.play("sums")
    refused(chair.ask("agree", "coast", {"survivors": survivors}))


@pytest.mark.parametrize("second", list(combinations(["coast", "hill", "lake", "marsh", "north"], 4)))
def test_a_second_set_of_survivors_is_refused(chair, second):
    """All five first, then the same set less one."""
    chair.play("agree")
    for site in second:
        refused(chair.ask("agree", site, {"survivors": list(second)}))


def test_the_same_set_less_one_is_refused_in_a_new_round_too(chair):
    """What protects a single site's share holds for the question, not for the round."""
    chair.play("reveal")
    again = Chair(chair.study, chair.agents, run="r2")
    four = names(chair)[:4]
    again.play("agree", four)
    for site in four:
        refused(again.ask("reveal", site), "sites")
    with pytest.raises(Unfit):
        again.total()


def test_the_same_set_in_a_new_round_gives_the_same_total(chair):
    chair.play("reveal")
    again = Chair(chair.study, chair.agents, run="r2")
    again.play("reveal")
    assert (again.total() == chair.total()).all()
    assert (chair.total() == sum(seat.vector for seat in chair.agents.values())).all()


def test_masks_are_not_removed_without_enough_signatures(chair):
    chair.play("agree")
    body = chair.body("reveal", "coast")
    two = dict(list(body["signatures"].items())[:2])
    wrong = dict.fromkeys(body["signatures"], body["signatures"]["lake"])
    for signatures in ({}, two, wrong, {**two, "zoo": two["coast"]}, {**two, "lake": "zz"}, None):
        refused(chair.ask("reveal", "coast", {**body, "signatures": signatures}))
    assert not chair.ask("reveal", "coast").trouble


def test_signatures_under_another_set_are_refused(chair):
    """Two camps are told two sets; neither set has three signatures."""
    chair.play("sums")
    one, two = ["coast", "hill", "lake", "marsh"], ["hill", "lake", "marsh", "north"]
    camps = {"coast": one, "hill": one, "lake": two, "marsh": two, "north": two}
    for site, camp in camps.items():
        assert not chair.ask("agree", site, {"survivors": camp}).trouble
    signatures = {site: reply.body["signature"] for site, reply in chair.replies["agree"].items()}
    for site in ("coast", "hill"):
        refused(chair.ask("reveal", site, {"survivors": one, "signatures": signatures}))


def test_no_site_ever_shows_both_secrets_of_one_site(chair):
    chair.play("deal")
    for site in names(chair)[:4]:
        chair.ask("sums", site)
    for stage in ("agree", "reveal"):
        for site in names(chair)[:4]:
            assert not chair.ask(stage, site).trouble
    for reply in chair.replies["reveal"].values():
        assert set(reply.body["own"]) == set(names(chair)[:4])
        assert set(reply.body["mask"]) == {"north"}


# the coordinator asks out of turn, or is another


@pytest.mark.parametrize(("done", "stage"), [(None, "deal"), ("ready", "sums"), ("deal", "agree"), ("sums", "reveal")])
def test_stages_out_of_turn_are_refused(chair, done, stage):
    if done:
        chair.play(done)
    refused(chair.ask(stage, "coast", {"survivors": names(chair), "signatures": {}, "sealed": {}, **chair.roster.facts()}))


def test_sums_are_gone_when_the_round_is_over(chair):
    chair.play("sums")
    request = chair.request("sums", "coast")
    for stage in ("agree", "reveal"):
        for site in names(chair):
            chair.ask(stage, site)
    refused(Reply.unpack(chair.agents["coast"].handle(request)))


def test_another_coordinator_cannot_go_on_with_a_round(chair):
    chair.play("sums")
    chair.identity = fresh_key()
    refused(chair.ask("agree", "coast"))


@pytest.mark.parametrize(("changed", "code"), [({"share": 0.5}, "queries"), ({"run": "r2"}, "round")])
def test_requests_for_another_run_or_share_are_refused(chair, changed, code):
    chair.play("deal")
    refused(chair.ask("sums", "coast", **changed), code)


def test_the_same_question_at_another_share_is_another_total_and_refused(chair):
    """Five sites at one share and four of them at another would leave the fifth by itself, in the noise of two totals."""
    chair.play("reveal")
    other = Chair(chair.study, chair.agents, run="r2", share=0.49)
    for site in names(chair)[:4]:
        refused(other.ask("ready", site), "queries")


def test_requests_for_another_site_are_refused(chair):
    chair.play("deal")
    refused(chair.hear("sums", "coast", chair.agents["coast"].handle(chair.request("sums", "lake"))))


# a site lies


def lying(chair, site, stage, change):
    """A hall in which one site changes its own reply, with its own good signature."""
    agent = chair.agents[site]

    def back(now, name, data):
        if (now, name) != (stage, site):
            return data
        return signed(identity_of(agent.site), change(Reply.unpack(opened(data)[1])).pack())

    return Hall(chair.agents, back=back)


def other_part(kind):
    def change(reply):
        dealer = next(iter(reply.body[kind]))
        part = bytearray.fromhex(reply.body[kind][dealer])
        part[0] ^= 1
        return replace(reply, body={**reply.body, kind: {**reply.body[kind], dealer: part.hex()}})

    return change


def other_body(**changed):
    return lambda reply: replace(reply, body={**reply.body, **changed})


SITE_LIES = [
    ("ready", other_body(advert={})),
    ("ready", other_body(advert=None)),
    ("ready", lambda r: replace(r, body={"advert": {**r.body["advert"], "site": "lake"}})),
    ("ready", lambda r: replace(r, body={"advert": {**r.body["advert"], "mask": "00" * 32}})),
    ("deal", other_body(promise="00" * 32)),
    ("deal", other_body(promise=7)),
    ("deal", other_body(sealed={})),
    ("deal", other_body(sealed={"zoo": "00"})),
    ("sums", lambda r: replace(r, words=r.words[:-1])),
    ("sums", lambda r: replace(r, request="0" * 64)),
    ("agree", other_body(signature="00" * 64)),
    ("reveal", other_part("own")),
    ("reveal", other_body(own={}, mask={})),
    ("reveal", other_body(own={"coast": "zz"}, mask={})),
]


@pytest.mark.parametrize("liar", ["coast", "lake", "north"])
@pytest.mark.parametrize("number", range(len(SITE_LIES)))
def test_a_lying_site_spoils_a_sum_or_is_left_out_but_never_bends_it(chair, tmp_path, liar, number):
    stage, change = SITE_LIES[number]
    study, hall = chair.study, lying(chair, liar, stage, change)
    try:
        sums = FederatedDoor(study, hall, tmp_path / "run", "r1", warn=lambda text: None).ask(queries(study), 1.0)
    except Stop as stop:
        assert "Traceback" not in stop.message
        return
    flat = np.concatenate([sums.values[q.name].ravel() * q.scale for q in queries(study)])
    assert (flat == sum(chair.agents[site].vector for site in sums.sites)).all()


def test_wrong_parts_of_two_sites_do_not_stop_the_other_three(chair, tmp_path):
    first = lying(chair, "coast", "reveal", other_part("own")).back
    second = lying(chair, "lake", "reveal", other_part("own")).back
    hall = Hall(chair.agents, back=lambda stage, site, data: second(stage, site, first(stage, site, data)))
    study = chair.study
    sums = FederatedDoor(study, hall, tmp_path / "run", "r1", warn=lambda text: None).ask(queries(study), 1.0)
    assert sums.sites == tuple(names(chair))


def test_an_advert_is_only_good_for_its_round(chair):
    chair.play("ready")
    mine = chair.roster.of("coast")
    assert mine.genuine(chair.context)
    for name in asdict(chair.context):
        other = replace(chair.context, **{name: 0.5 if name == "share" else "other"})
        assert not mine.genuine(other)
