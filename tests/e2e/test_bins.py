"""Bins found through the door, from the command that writes the spec to the study that uses them: as users run it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.e2e.hospitals import SITES
from tests.e2e.place import Place, made

pytestmark = pytest.mark.slow
UNSAID = ("until: {type: integer, range: [0, 1000], bins: 4}", "until: {type: integer, range: [0, 1000]}")
BINS = "whole-path_bins.yml"
BUDGET = ("--epsilon", "3", "--delta", "1e-6")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Three hospitals, a spec that says no bins for one column of many numbers, and the bins that were found for it."""
    found = made(tmp_path_factory.mktemp("bins"))
    found.write(UNSAID)
    done = found.wardloom("bins", found.spec.name, *BUDGET)
    assert done.code == 0 and "finds bins for until\n" in done.out, done.said
    assert found.wardloom("compile", BINS).code == 0
    done = found.wardloom("run", BINS)
    assert done.code == 0 and "bins: [0, " in done.out, done.said
    return found


def released(place: Place) -> Path:
    return place.folder / "study" / "out" / "whole-bins"


def test_commands_name_what_they_find_and_what_they_need(place: Place) -> None:
    place.write(UNSAID)
    assert "bins by default: until (" in place.wardloom("plan", place.spec.name).out
    done = place.wardloom("bins", place.spec.name)
    assert done.code == 1 and "--epsilon E --delta D" in done.err
    assert "finds bins for until" in place.wardloom("plan", BINS).out


def test_found_bins_are_used_and_paid_for_besides(place: Place) -> None:
    paid = {site: len(entries) for site, entries in place.paid().items()}
    edges = yaml.safe_load((released(place) / "bins.yml").read_text())["tables"]["patient"]["columns"]["until"]["bins"]
    assert edges[0] == 0 and edges[-1] == 1000 and edges == sorted(edges)
    place.write((UNSAID[0], f"until: {{type: integer, range: [0, 1000], bins: {edges}}}"))
    assert place.wardloom("compile", place.spec.name).code == 0
    done = place.run()
    assert done.code == 0, done.err
    assert {site: len(entries) for site, entries in place.paid().items()} == {site: paid[site] + 1 for site in SITES}


def test_what_was_found_is_a_release_like_any_other(place: Place) -> None:
    paid = place.paid()
    assert place.wardloom("run", BINS).code == 0
    assert place.paid() == paid  # the reply they gave, again
    facts = json.loads((released(place) / "manifest.json").read_text())
    assert (facts["epsilon"], facts["generator"], facts["sites"]) == (3.0, "bins", list(SITES))
    assert facts["noise_std_patients"] > 0
    assert set(facts["files"]) == {"bins.yml", "lineage.ndjson"}
    assert place.wardloom("verify", str(released(place))).code == 0
    assert "bins.yml" in place.wardloom("status", BINS).out
    made_of = [json.loads(line) for line in (released(place) / "lineage.ndjson").read_text().splitlines()]
    assert not [d for event in made_of for d in event["outputs"] if d["name"].startswith(("synthetic", "sampled"))]
    for words in (("query", BINS, "select 1"), ("report", BINS)):
        done = place.wardloom(*words)
        assert done.code == 1 and "it has no tables" in done.err, words


def test_bins_that_someone_changed_do_not_verify(place: Place) -> None:
    file, manifest = released(place) / "bins.yml", released(place) / "manifest.json"
    text, said = file.read_text(), manifest.read_text()
    file.write_text(text.replace("bins: [0, ", "bins: [0, 1, "))
    assert place.wardloom("verify", str(released(place))).code != 0
    file.write_text(text)
    manifest.write_text(said.replace("1000\n", "999\n"))
    assert place.wardloom("verify", str(released(place))).code != 0
    manifest.write_text(said)
    assert place.wardloom("verify", str(released(place))).code == 0


def test_a_spec_that_says_all_its_bins_has_nothing_to_find(place: Place) -> None:
    place.write()
    done = place.wardloom("bins", place.spec.name, *BUDGET)
    assert done.code == 1 and "nothing to find" in done.err
