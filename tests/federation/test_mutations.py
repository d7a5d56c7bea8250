"""Changed bytes and old messages: nothing that was not said to this one, now, by this one, is taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from runners.replies import Reader
from runners.site.message import STAGES, Reply
from runners.transport.base import Answer
from specs.lang.types import Federation
from tests.federation.chair import Chair, league, seats
from tests.federation.counts import count, say
from tests.runners.small import small_study


def mutated(rng, data):
    """One change: a flipped bit, another byte, one more, one less, a piece cut off, moved or doubled."""
    at, other = (int(i) for i in rng.integers(0, len(data), 2))
    first, last = sorted((at, other))
    kind = int(rng.integers(0, 7))
    changed = [
        data[:at] + bytes([data[at] ^ (1 << int(rng.integers(0, 8)))]) + data[at + 1 :],
        data[:at] + bytes([int(rng.integers(0, 256))]) + data[at + 1 :],
        data[:at] + bytes([int(rng.integers(0, 256))]) + data[at:],
        data[:at] + data[at + 1 :],
        data[:at],
        data[last:] + data[:last],
        data[:last] + data[first:],
    ][kind]
    return changed if changed != data else data + b"\0"


def rounds_of(folder):
    """Two rounds of one run and one of another, each with requests and replies by stage and site."""
    study = league(small_study(folder), folder, 3, Federation(min_sites=3))
    agents = seats(study)
    found = []
    for run in ("r1", "r1", "r2"):
        chair = Chair(study, agents, run=run)
        carried = {}
        for stage in STAGES:
            for site in study.sites:
                request = chair.request(stage, site)
                reply = agents[site].handle(request)
                chair.hear(stage, site, reply)
                carried[stage, site] = (request, reply)
        found.append((chair, carried))
    return found


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    return rounds_of(tmp_path_factory.mktemp("rounds"))


def reader(chair, stage):
    """As a coordinator reads that knows the sites' keys from their adverts."""
    keys = {advert.site: advert.identity for advert in chair.roster.adverts}
    cells = len(next(iter(chair.agents.values())).vector)
    return Reader(stage, chair.context, keys, cells)


def test_changed_requests_are_refused(rounds):
    """At a site that has answered the whole ones."""
    rng = np.random.default_rng()
    chair, carried = rounds[0]
    times = count(10_000, 1_500)
    for i in range(times):
        stage, site = list(carried)[i % len(carried)]
        reply = Reply.unpack(chair.agents[site].handle(mutated(rng, carried[stage, site][0])))
        assert reply.trouble is not None and reply.trouble.code == "round"
    say("changed requests refused", times)


def test_changed_replies_are_not_believed(rounds):
    rng = np.random.default_rng()
    chair, carried = rounds[0]
    times = count(10_000, 3_000)
    for i in range(times):
        stage, site = list(carried)[i % len(carried)]
        request, reply = carried[stage, site]
        found = reader(chair, stage).read(site, request, Answer("reply", mutated(rng, reply)))
        assert found.trouble is not None
    say("changed replies not believed", times)


def test_replies_to_anything_else_are_not_believed(rounds):
    """Of another round, another run, another site, another stage; only its own is."""
    tried = 0
    chair, carried = rounds[0]
    everything = [(number, place, reply) for number, (_, c) in enumerate(rounds) for place, (_, reply) in c.items()]
    for (stage, site), (request, _) in carried.items():
        for number, place, reply in everything:
            found = reader(chair, stage).read(site, request, Answer("reply", reply))
            assert (found.trouble is None) == (number == 0 and place == (stage, site))
            tried += 1
    say("replies of other rounds, runs, sites and stages", tried)


def test_old_requests_change_nothing(rounds):
    """A request that was answered gets the same bytes (sums: none, the round is over); at another site it is refused."""
    for chair, carried in rounds:
        for (stage, site), (request, reply) in carried.items():
            for name, agent in chair.agents.items():
                again = agent.handle(request)
                if name == site and stage != "sums":
                    assert again == reply
                else:
                    assert Reply.unpack(again).trouble.code == "round"


def test_a_mutated_round_never_ends_in_another_total(tmp_path):
    """One message of a whole round is changed on its way, and the round is then finished as far as the sites go along."""
    rng = np.random.default_rng()
    study = league(small_study(tmp_path), tmp_path, 3, Federation(min_sites=3))
    agents = seats(study)
    right = sum(seat.vector for seat in agents.values())
    times = count(300, 20)
    for i in range(times):
        chair = Chair(study, agents, run=f"run {i}")
        target = (STAGES[i % 5], list(study.sites)[int(rng.integers(0, 3))])
        for stage in STAGES:
            for site in study.sites:
                request = chair.request(stage, site)
                sent = mutated(rng, request) if (stage, site) == target else request
                chair.hear(stage, site, agents[site].handle(sent))
            if len(chair.replies[stage]) < 3:
                break
        else:
            assert (chair.total() == right).all()
        assert len(chair.replies[target[0]]) < 3
    say("rounds with a changed message", times)


def test_whoever_holds_no_key_is_heard_as_nobody(rounds):
    """A site's reply signed by another site's key is not believed."""
    chair, carried = rounds[0]
    request, reply = carried["agree", "coast"]
    keys = {advert.site: chair.roster.of("hill").identity for advert in chair.roster.adverts}
    found = replace(reader(chair, "agree"), keys=keys).read("coast", request, Answer("reply", reply))
    assert found.trouble is not None and found.trouble.code == "forged"
