"""docs/join.md: every command is one that wardloom has, every file is there, no code and no metric is left out."""

from __future__ import annotations

import re
import shlex

import pytest
import yaml

from runners.cli import parser
from runners.service.metrics import CHECKS
from runners.site.own import study_at
from runners.site.trouble import CODES
from tests.runners.test_service import LABELS


@pytest.fixture(scope="module")
def guide(root):
    return (root / "docs" / "join.md").read_text()


def commands(guide):
    """Every wardloom command of the shell blocks."""
    lines = [line for block in re.findall(r"```sh\n(.*?)```", guide, re.S) for line in block.splitlines()]
    found = [re.search(r"(?:^|-- )wardloom (.*)$", line) for line in lines]
    return [shlex.split(match[1], comments=True) for match in found if match]


def test_commands_can_be_typed(guide):
    found = commands(guide)
    assert len(found) >= 10
    for words in found:
        parser().parse_args(words)


def test_the_demo_with_the_author_s_sections_is_a_spec_that_the_hospital_can_serve(guide, root, tmp_path, monkeypatch):
    (sections,) = re.findall(r"```yaml\n(.*?)```", guide, re.S)
    for letter, name in zip("AEI", ("NORTH", "LAKE", "COAST"), strict=True):
        sections = sections.replace(f"KEY OF {name}", f"ed25519:{letter * 43}")
    demo = yaml.safe_load((root / "specs" / "nafld.yml").read_text())
    file = tmp_path / "nafld.yml"
    file.write_text(yaml.safe_dump(demo | yaml.safe_load(sections), sort_keys=False))
    monkeypatch.setenv("NORTH_DB", "/srv/wardloom/data/north.duckdb")
    study, site = study_at(file, "north")
    assert study.federation.transport == "nvflare" and site.database == "/srv/wardloom/data/north.duckdb"


def test_files_are_there(guide, root):
    named = set(re.findall(r"(?:checkout/)?(runners/[\w/.-]*\w)", guide))
    assert len(named) >= 5 and not [name for name in named if not (root / name).exists()]


def test_every_code_is_explained_once(guide):
    table = guide.partition("| code | what to do here |")[2].partition("\n\n")[0]
    explained = [code for row in table.splitlines() for code in re.findall(r"`(\w+)`", row.split("|")[1] if "|" in row else "")]
    assert sorted(explained) == sorted(CODES)


def test_every_metric_is_explained(guide):
    table = guide.partition("| metric | says |")[2].partition("\n\n")[0]
    said = {name: set(re.findall(r"\w+", labels)) for name, labels in re.findall(r"`(wardloom_\w+)(\{[\w, ]*\})?`", table)}
    assert said == LABELS
    assert {f"wardloom_{check}_ok" for check in CHECKS} < set(said)
