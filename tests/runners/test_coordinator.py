"""The coordinator adds up shares of enough sites, and remembers what it was told."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from generators.marginal.structure import queries
from privacy.secure_sum import share as share_of
from runners.coordinator import FederatedDoor
from runners.errors import DATA, INTERNAL, REFUSED, Stop
from runners.site.message import Reply, Request, silence
from runners.site.trouble import Trouble
from runners.transport.base import Answer
from specs.lang.types import Federation
from tests.runners.small import public


@dataclass
class Fake:
    """Every site's vector is its number in every cell; `bodies` are other answers."""

    cells: int
    bodies: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def exchange(self, run, round, stage, payloads, deadline, heard):
        answers = {}
        for number, (site, body) in enumerate(payloads.items(), 1):
            self.asked.append((Request.unpack(body).stage, site))
            vector = np.full(self.cells if stage == "sums" else 0, number * 1024)
            good = Answer("reply", Reply(site, share_of(vector, np.zeros_like(vector))).pack())
            answers[site] = self.bodies.get(site, good)
            heard(site, answers[site])
        return answers


@pytest.fixture
def fake(study):
    return Fake(sum(q.cells for q in queries(study)))


def door(study, fake, tmp_path, **changed):
    return FederatedDoor(study, fake, tmp_path / "run", "r1", warn=lambda text: None, **changed)


def test_sums_are_those_of_all_sites_in_patients(study, fake, tmp_path):
    sums = door(public(study), fake, tmp_path).ask(queries(study), 1.0)
    for query in queries(study):
        assert sums.values[query.name].shape == query.shape
        assert (sums.values[query.name] == 6.0).all()
        assert sums.std[query.name] == 0.0
    assert sums.sites == ("north", "lake", "coast")


def test_an_answered_round_is_not_asked_again(study, fake, tmp_path):
    first = door(study, fake, tmp_path).ask(queries(study), 1.0)
    again = Fake(0)
    second = door(study, again, tmp_path)
    second.ready(queries(study), 1.0)
    found = second.ask(queries(study), 1.0)
    assert again.asked == []
    assert all((found.values[n] == first.values[n]).all() and found.std[n] == first.std[n] for n in first.values)


def test_the_standard_error_is_what_all_sites_noise_adds_up_to(study, fake, tmp_path):
    """Each site adds variance v / (n - dropouts - colluders); n sites add n times that."""
    asked = queries(study)
    plain = door(study, fake, tmp_path / "a").ask(asked, 1.0)
    careful = replace(study, federation=Federation(min_sites=2, dropouts=1, colluders=1))
    more = door(careful, fake, tmp_path / "b").ask(asked, 1.0)
    assert more.std[asked[0].name] ** 2 == pytest.approx(3 * plain.std[asked[0].name] ** 2)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (silence("lake", Trouble("budget")).pack(), REFUSED),
        (silence("lake", Trouble("column", table="lab", column="days")).pack(), DATA),
        (b"not a reply", INTERNAL),
        (silence("north", Trouble("budget")).pack(), INTERNAL),
    ],
)
def test_too_few_sites_stop_the_run_and_all_reasons_are_said(study, fake, tmp_path, answer, code):
    fake.bodies = {"lake": Answer("reply", answer), "coast": Answer("missing")}
    with pytest.raises(Stop) as stop:
        door(study, fake, tmp_path).ask(queries(study), 1.0)
    assert stop.value.code == code
    assert "site lake" in stop.value.message and "site coast did not answer" in stop.value.message
    assert not list((tmp_path / "run").glob("*"))


def test_as_many_sites_as_the_spec_says_may_drop_out(study, fake, tmp_path):
    study = replace(public(study), federation=Federation(min_sites=2, dropouts=1))
    fake.bodies = {"north": Answer("missing")}
    warned = []
    found = door(study, fake, tmp_path)
    found.warn = warned.append
    sums = found.ask(queries(study), 1.0)
    assert sums.sites == ("lake", "coast")
    assert (sums.values[queries(study)[0].name] == 5.0).all()
    assert "north" in warned[0]


def test_a_site_that_was_not_ready_is_not_asked_and_spends_nothing(study, fake, tmp_path):
    study = replace(study, federation=Federation(min_sites=2, dropouts=1))
    fake.bodies = {"north": Answer("reply", silence("north", Trouble("locked")).pack())}
    found = door(study, fake, tmp_path)
    found.ready(queries(study), 1.0)
    found.ask(queries(study), 1.0)
    assert ("sums", "north") not in fake.asked
