"""A coordinator that is killed wherever it has just written something goes on: same total, one spend, the same bytes."""

from __future__ import annotations

import numpy as np
import pytest

from generators.marginal.structure import queries
from privacy.ledger import Ledger
from runners import attempt, coordinator
from runners.coordinator import FederatedDoor
from runners.places import ledger_of
from specs.lang.types import Federation
from tests.federation.chair import league, seats
from tests.federation.counts import say
from tests.federation.hall import Hall
from tests.runners.small import small_study


class Killed(BaseException):
    """The coordinator's process ends here."""


def killed(writes, moment, monkeypatch):
    """Dies right before or after it writes something for the so-manyth time."""
    left = [writes]

    def deadly(write):
        def both(*args, **named):
            left[0] -= 1
            if left[0] == 0 and moment == "before":
                raise Killed
            write(*args, **named)
            if left[0] == 0:
                raise Killed

        return both

    monkeypatch.setattr(attempt, "put", deadly(attempt.put))
    monkeypatch.setattr(attempt, "write_json", deadly(attempt.write_json))
    monkeypatch.setattr(coordinator, "_save", deadly(coordinator._save))


def replies(hall):
    """Bytes by what was asked: one answer for each request."""
    found = {}
    for _, site, request, reply in hall.seen:
        assert found.setdefault((site, request), reply) == reply
    return found


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_every_point_it_goes_on(tmp_path, monkeypatch, moment):
    points, ended = 0, False
    while not ended:
        points += 1
        folder = tmp_path / str(points)
        study = league(small_study(folder), folder, 3, Federation(min_sites=3))
        hall = Hall(seats(study))
        with monkeypatch.context() as patch:
            killed(points, moment, patch)
            try:
                FederatedDoor(study, hall, folder / "run", "r1").ask(queries(study), 1.0)
                ended = True
            except Killed:
                pass
        sums = FederatedDoor(study, hall, folder / "run", "r1").ask(queries(study), 1.0)
        flat = np.concatenate([sums.values[q.name].ravel() * q.scale for q in queries(study)])
        assert (flat == sum(seat.vector for seat in hall.agents.values())).all()
        assert len(replies(hall)) == 15
        assert [len(Ledger(ledger_of(site)).entries()) for site in study.sites.values()] == [1, 1, 1]
    say(f"points {moment} which the coordinator was killed", points - 1)
    assert points - 1 >= 12


@pytest.mark.parametrize("times", [2, 5])
def test_the_same_round_asked_again_gives_the_same_bytes(tmp_path, times):
    study = league(small_study(tmp_path), tmp_path, 3, Federation(min_sites=3))
    hall = Hall(seats(study))
    FederatedDoor(study, hall, tmp_path / "run", "r1").ask(queries(study), 1.0)
    for _ in range(times):
        for stage, site, request, reply in list(hall.seen):
            if stage != "sums":  # once a round is over, its secrets are gone
                assert hall.agents[site].handle(request) == reply
