"""Governance in a whole run: a site that was not asked, or says no more, answers nothing; what leaves is on its record."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from generators.marginal.structure import queries
from privacy.identity import Identity
from privacy.ledger import Ledger
from privacy.query import digest
from runners.errors import REFUSED, Stop
from runners.noise import cost, noisy_sites
from runners.places import DBT, Places, key_of, ledger_of
from runners.site import audit, project
from runners.site.approval import Approval
from runners.site.verify import check
from tests.runners import test_run
from tests.runners.test_run import go

transport = test_run.transport


@pytest.fixture
def north(study, transport):
    """North has a key; the two others have none and need no approval."""
    site = study.sites["north"]
    audit.open_log(site, Identity.create(key_of(site)))
    return site


def approve(site, study):
    sql = project.digest(project.files(study, DBT))
    asked = digest(queries(study))
    audit.record(site, "approve", Approval(study.name, study.digest, sql, asked, "x", None, study.privacy.budget).facts())


def refused(study):
    with pytest.raises(Stop) as stop:
        go(study)
    assert stop.value.code == REFUSED
    assert not any(ledger_of(site).exists() and Ledger(ledger_of(site)).entries() for site in study.sites.values())
    return stop.value.message


def test_a_site_that_was_not_asked_answers_nothing_and_notes_it(study, north):
    assert "north has not approved this spec" in refused(study)
    codes = [line.facts["code"] for line in audit.read(north) if line.facts["kind"] == "refused"]
    assert codes and set(codes) == {"approval"}
    assert check(north).key == Identity.load(key_of(north)).public


def test_revoked_before_a_run_stops_it(study, north):
    approve(north, study)
    audit.record(north, "revoke", {"name": study.name})
    assert "north has revoked its approval" in refused(study)


def test_an_approval_of_another_spec_is_none(study, north):
    approve(north, replace(study, digest="6" * 64))
    assert "north has not approved this spec" in refused(study)


def test_every_vector_that_left_is_on_every_sites_record(study, north):
    approve(north, study)
    go(study)
    asked = queries(study)
    for site in study.sites.values():
        found = check(site)
        assert bool(found.key) is (site.name == "north")
        lines = [line.facts for line in audit.read(site) if line.facts["kind"] == "sent"]
        assert [line["stage"] for line in lines] == ["sums", "reveal"]
        sums, reveal = lines
        assert sums["queries"] == digest(asked) and sums["cells"] == sum(q.cells for q in asked)
        assert sums["recipients"] == reveal["survivors"] == "coast lake north"
        assert sums["transcript"] == reveal["transcript"] and sums["round"] == reveal["round"]
        own = cost(study, asked, 1.0)[1] / noisy_sites(study)
        numerator, _, denominator = str(sums["variance"]).partition("/")
        assert math.isclose(int(numerator) / int(denominator or 1), own)
    transcripts = {audit.read(site)[-1].facts["transcript"] for site in study.sites.values()}
    assert len(transcripts) == 1


def test_revoked_after_a_run_stops_the_next_and_leaves_the_release(study, north, transport):
    approve(north, study)
    go(study)
    audit.record(north, "revoke", {"name": study.name})
    sent = [line for line in audit.read(north) if line.facts["kind"] == "sent"]
    assert Places(study).database.is_file()
    transport.study = replace(study, digest="6" * 64, seed=1)
    with pytest.raises(Stop, match="north has revoked its approval"):
        go(transport.study)
    assert [line for line in audit.read(north) if line.facts["kind"] == "sent"] == sent
    assert check(north).audit > len(sent)
    assert Path(Places(study).database).is_file()
