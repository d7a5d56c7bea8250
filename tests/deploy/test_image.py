"""The image: linted, nothing unpinned, nobody is root, and no database, key or kit of this machine can get into it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

SECRETS = (
    ".git/config",
    ".env",
    "data/nafld/north.duckdb",
    "out/nafld/nafld.duckdb",
    "specs/north.duckdb",
    "specs/north.duckdb.key",
    "specs/north.duckdb.ledger",
    "runners/north.duckdb.ledger.replies/a",
    "specs/site.env",
    "specs/kits/north/startup/client.key",
    "kits/authority/cert.json",
    "runners/server.key",
    "runners/rootCA.pem",
    "dbt/client.crt",
    "dbt/target/run_results.json",
    "dbt/logs/dbt.log",
    "runners/.wardloom/error.log",
    ".wardloom/kits/nafld/north/startup/client.key",
)


@pytest.fixture(scope="module")
def dockerfile(root):
    return root / "runners" / "deploy" / "Dockerfile"


@pytest.fixture(scope="module")
def steps(dockerfile):
    """Instructions with their words."""
    text = re.sub(r"\\\n\s*", "", dockerfile.read_text())
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line and not line.startswith("#")]


def said(steps, name):
    return [text for step, text in steps if step == name]


def test_hadolint_finds_nothing(dockerfile):
    words = [Path(sys.executable).with_name("hadolint"), str(dockerfile)]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_bases_are_slim_and_pinned_and_the_same(steps, root):
    bases = {text.split(" AS ")[0] for text in said(steps, "FROM")}
    (base,) = bases
    version = re.fullmatch(r"python:(3\.\d+)\.\d+-slim-bookworm", base)
    assert version
    wanted = tomllib.loads((root / "pyproject.toml").read_text())["project"]["requires-python"]
    assert wanted == f">={version[1]}"


def test_it_installs_pinned_versions(steps):
    (install,) = [text for text in said(steps, "RUN") if "pip install" in text]
    assert "-c constraints.txt" in install and "nvflare" in install and "service" in install


def test_the_last_stage_runs_as_somebody_with_a_fixed_number(steps):
    last = max(i for i, (step, _) in enumerate(steps) if step == "FROM")
    assert said(steps[last:], "USER") == ["10001:10001"]
    assert [s for s in steps if s[0] in ("USER", "RUN", "COPY")][-1] == ("USER", "10001:10001")
    assert said(steps, "ENTRYPOINT") == ['["wardloom"]']


def test_what_is_copied_can_be_read_by_that_user(steps):
    """Files keep their modes when they are copied, and a checkout may be its owner's alone."""
    last = max(i for i, (step, _) in enumerate(steps) if step == "FROM")
    assert all(text.startswith("--from=build ") for text in said(steps[last:], "COPY"))
    assert "chmod -R a+rX /dbt" in said(steps[:last], "RUN")


def test_nothing_is_fetched_and_nothing_secret_is_named(steps):
    names = {step for step, _ in steps}
    assert "ADD" not in names and "ARG" not in names
    assert not [text for text in said(steps, "RUN") if re.search(r"curl|wget|https?:|apt", text)]
    assert not [text for text in said(steps, "ENV") if re.search(r"(?i)key|secret|token|password", text)]


def copied(steps):
    words = [shlex.split(text) for text in said(steps, "COPY")]
    return [source for line in words if not line[0].startswith("--from") for source in line[:-1]]


def test_only_the_rooms_are_copied(steps, root):
    rooms = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]["include"]
    wanted = {"LICENSE", "README.md", "constraints.txt", "pyproject.toml", "dbt", *(r for r in rooms if not r.endswith(".*"))}
    assert set(copied(steps)) == wanted


def pattern(rule):
    """A line of .dockerignore as an expression on paths; what it matches, it matches with all below."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", rule)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts) + "(?:/.*)?")


@pytest.fixture(scope="module")
def kept(root):
    """Whether a path of the repository gets into the build."""
    lines = (root / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"

    def is_kept(path):
        last = [rule for rule in rules if pattern(rule.removeprefix("!")).fullmatch(path)][-1]
        return last.startswith("!")

    return is_kept


@pytest.mark.parametrize("path", SECRETS)
def test_what_must_not_get_in_does_not(kept, path):
    assert not kept(path)


def test_all_that_is_installed_gets_in(kept, root, steps):
    files = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
    rooms = tuple(f"{source}/" for source in copied(steps) if (root / source).is_dir())
    wanted = [f for f in files if f.startswith(rooms) and not f.startswith("runners/deploy/")]
    assert len(wanted) > 200 and all(kept(source) for source in copied(steps))
    assert not [f for f in wanted if not kept(f)]
