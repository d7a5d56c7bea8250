"""Five hospitals, threshold three: whoever leaves, and whenever, the total is right over the sites it names, or there is none."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from generators.marginal.structure import queries
from runners.coordinator import FederatedDoor
from runners.errors import Stop
from runners.site import rounds
from runners.site.message import STAGES
from specs.lang.types import Federation
from tests.federation.chair import NAMES, league, seats
from tests.federation.counts import FULL, say
from tests.federation.hall import Hall
from tests.runners.small import small_study

MOMENTS = ("before", "during", "after")
"""A site is gone before it gets a message, while it writes down what it did, or before its reply leaves."""
PAIRS = list(combinations(NAMES[:5], 2))


class Killed(BaseException):
    """The process of a site ends here."""


def killed_at(hall, deaths, monkeypatch):
    """From its stage and moment on each site of `deaths` is gone."""
    gone: set[str] = set()

    def there(stage, site, data):
        if (stage, "before") == deaths.get(site):
            gone.add(site)
        return None if site in gone else data

    def back(stage, site, data):
        if (stage, "after") == deaths.get(site):
            gone.add(site)
            return None
        return data

    keep = rounds.Rounds.keep

    def keep_or_die(self, round):
        site = self.folder.name.partition(".")[0]
        stage = list(round.done)[-1]
        if (stage, "during") == deaths.get(site):
            gone.add(site)
            raise OSError("gone")
        keep(self, round)

    monkeypatch.setattr(rounds.Rounds, "keep", keep_or_die)
    hall.there, hall.back = there, back
    return gone


def outcome(folder, deaths, monkeypatch):
    """The sites of the total, which is right; None when the round was given up."""
    study = league(small_study(folder), folder, 5, Federation(min_sites=3, dropouts=2))
    hall = Hall(seats(study))
    killed_at(hall, deaths, monkeypatch)
    try:
        sums = FederatedDoor(study, hall, folder / "run", "r1", warn=lambda text: None).ask(queries(study), 1.0)
    except Stop:
        return None
    flat = np.concatenate([sums.values[q.name].ravel() * q.scale for q in queries(study)])
    assert (flat == sum(hall.agents[site].vector for site in sums.sites)).all()
    return set(sums.sites)


def cases():
    """Pairs at one stage each; in full, every pair at every two stages and moments."""
    both = [(s, m) for s in STAGES for m in MOMENTS]
    if FULL:
        return [(pair, deaths) for pair in PAIRS for deaths in product(both, repeat=2)]
    return [(PAIRS[i % len(PAIRS)], (both[i % 15], both[(i * 7 + i // 15) % 15])) for i in range(45)]


def test_every_pair_of_sites_killed_at_every_stage(tmp_path, monkeypatch):
    for number, (pair, deaths) in enumerate(cases()):
        with monkeypatch.context() as patch:
            found = outcome(tmp_path / str(number), dict(zip(pair, deaths, strict=True)), patch)
        assert found is not None, (pair, deaths)
        said = {site for site, (stage, _) in zip(pair, deaths, strict=True) if STAGES.index(stage) > STAGES.index("sums")}
        assert found == set(NAMES[:5]) - set(pair) | said
    say("pairs of sites killed", len(cases()))


@pytest.mark.parametrize("stage", STAGES)
def test_three_of_five_gone_is_a_clean_stop(tmp_path, monkeypatch, stage):
    deaths = dict.fromkeys(NAMES[:3], (stage, "before"))
    assert outcome(tmp_path, deaths, monkeypatch) is None
