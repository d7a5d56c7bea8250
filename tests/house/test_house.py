"""What a reader of this repository can rely on: small files, links that lead somewhere, no trace of anyone's machine."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

CODE = {".py", ".sql", ".toml", ".html", ".css", ".js"}
LONGEST = 400
MACHINE = re.compile(r"(?<![\w.$}])/(?:work|root|home|Users|mnt|opt|var)/[\w.-]+|(?<![\w.$}])/tmp/[\w.-]+|[A-Z]:\\\\Users")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")


@pytest.fixture(scope="module")
def tracked(root: Path) -> list[Path]:
    """Files git knows and that exist."""
    try:
        out = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [path for name in out.split("\0") if name and (path := root / name).is_file()]


def text(path: Path) -> str:
    """The text of a file; nothing for binary files."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_no_code_file_is_long(tracked: list[Path], root: Path) -> None:
    long = {str(p.relative_to(root)): n for p in tracked if p.suffix in CODE and (n := len(text(p).splitlines())) > LONGEST}
    assert not long


def test_no_file_names_a_place_on_someones_machine(tracked: list[Path], root: Path) -> None:
    found = {
        f"{path.relative_to(root)}: {match.group()}"
        for path in tracked
        if path.name != "test_house.py"
        for match in MACHINE.finditer(text(path))
    }
    allowed = {f for f in found if "/fixtures/" in f or "hostile" in f}  # hostile specs name such places on purpose
    assert not found - allowed


def test_the_search_for_places_finds_some() -> None:
    for place in ("work/x", "root/.cache", "tmp/y", "home/me/z"):
        assert MACHINE.search(f"see /{place} for it")
    for innocent in ("docs/work/x", "and/or", "{env:TMP}/tmp/y", "https://a.org/home/x"):
        assert not MACHINE.search(innocent)


def test_links_in_documents_lead_somewhere(tracked: list[Path], root: Path) -> None:
    broken = []
    for path in (p for p in tracked if p.suffix == ".md"):
        for match in LINK.finditer(text(path)):
            target = (match.group(1) or match.group(2)).split("#")[0]
            if target and "://" not in target and not target.startswith("mailto:") and not (path.parent / target).exists():
                broken.append(f"{path.relative_to(root)} -> {target}")
    assert not broken


def test_the_dbt_project_does_not_shadow_dbt(root: Path) -> None:
    assert not list((root / "dbt").rglob("__init__.py"))


def test_every_package_is_typed(root: Path) -> None:
    rooms = ("specs", "privacy", "generators", "runners", "evaluation", "lineage")
    packages = [path.parent for room in rooms for path in (root / room).rglob("__init__.py")]
    assert packages
    assert not [str(p.relative_to(root)) for p in packages if not (p / "py.typed").is_file()]


def test_every_folder_of_python_files_is_a_package(root: Path) -> None:
    rooms = ("specs", "privacy", "generators", "runners", "evaluation", "lineage")
    folders = {path.parent for room in rooms for path in (root / room).rglob("*.py")}
    assert not [str(f.relative_to(root)) for f in folders if not (f / "__init__.py").is_file()]


def test_pins_fit_the_ranges(root: Path) -> None:
    """Every dependency named in pyproject.toml is pinned, without local builds, and torch is one of them."""
    project = tomllib.loads(text(root / "pyproject.toml"))["project"]
    pins = dict(re.findall(r"^([\w.-]+)==([\w.+-]+)$", text(root / "constraints.txt"), re.M))
    names = {name.lower().replace("_", "-") for name in pins}
    extras = [line for extra, lines in project["optional-dependencies"].items() if extra != "gpu" for line in lines]
    wanted = {re.split(r"[\[<>=! ]", line)[0].lower() for line in [*project["dependencies"], *extras]} - {"pip"}
    assert wanted <= names, wanted - names
    assert not [v for v in pins.values() if "+" in v]
    assert pins["torch"].count(".") == 2


def test_data_with_pickles_is_pinned_by_hash(root: Path) -> None:
    lines = [x for x in text(root / "requirements-demo.txt").splitlines() if x and not x.startswith("#")]
    assert lines
    assert all(re.fullmatch(r"[\w-]+==[\d.]+ --hash=sha256:[0-9a-f]{64}", line) for line in lines)


def test_ci_runs_the_command_a_developer_runs(root: Path) -> None:
    assert "make test" in text(root / ".ci" / "run")
