"""Imports run one way, and the rooms that learn and protect import with NumPy alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

LEVEL = {"specs": 0, "privacy": 1, "generators": 2, "evaluation": 2, "lineage": 2, "runners": 3}
SMALL = {"numpy", "scipy", "torch", "cupy", "cupyx", "array_api_compat", "opacus", "cryptography", "Crypto"}
PUBLIC = {f"specs.lang.{name}" for name in ("types", "domain", "quorum", "corrects", "sought")}
"""What the small rooms may know of a spec."""
ASKED = {"generators.frame", *(f"generators.marginal.{name}" for name in ("ask", "implied", "plan", "structure"))}
"""What a generator asks, and how tables are held: those who judge and prove may read that, never how it learns."""
TORCH = {"diffusion", "timeline", "ctgan", "tvae"}
"""Generators made of Torch load it."""
HEAVY = ("duckdb", "yaml", "sqlglot", "dbt", "openlineage", "jsonschema", "pyarrow", "pandas", "torch")


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports, at the top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: write absolute imports"
            yield from (f"{node.module}.{a.name}" if node.module in {"specs", "specs.lang"} else node.module for a in node.names)


def allowed(room: str, name: str) -> bool:
    """May a file of `room` import `name`?"""
    other = name.partition(".")[0]
    if other not in LEVEL or other == room or LEVEL[other] < LEVEL[room]:
        return True
    return room in {"evaluation", "lineage"} and name in ASKED


def files(root: Path, room: str) -> list[Path]:
    return sorted((root / room).rglob("*.py"))


@pytest.mark.parametrize("room", LEVEL)
def test_imports_run_one_way(root: Path, room: str) -> None:
    wrong = [
        f"{path.relative_to(root)} imports {name}"
        for path in files(root, room)
        for name in imports(path)
        if not allowed(room, name)
    ]
    assert not wrong


@pytest.mark.parametrize("room", ["privacy", "generators"])
def test_the_small_rooms_need_numpy_alone(root: Path, room: str) -> None:
    wrong = [
        f"{path.relative_to(root)} imports {name}"
        for path in files(root, room)
        for name in imports(path)
        if (top := name.split(".")[0]) not in sys.stdlib_module_names | SMALL
        and top not in {"privacy", "generators"}
        and name not in PUBLIC
    ]
    assert not wrong


def loaded_by(root: Path, statement: str, heavy: tuple[str, ...]) -> str:
    """Which of `heavy` a fresh interpreter has loaded after `statement`."""
    check = f"import sys\n{statement}\nprint(*sorted(m for m in {heavy!r} if m in sys.modules))"
    return subprocess.run([sys.executable, "-c", check], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def test_every_module_of_the_small_rooms_loads_without_the_big_ones(root: Path) -> None:
    names = [
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        for room in ("privacy", "generators")
        for path in files(root, room)
        if path.stem != "__main__" and not TORCH & {*path.parts}
    ]
    assert loaded_by(root, "import " + ", ".join(names), HEAVY) == ""


def test_the_command_line_starts_without_what_only_a_run_needs(root: Path) -> None:
    statement = "from runners.cli import parser\nparser()"
    assert loaded_by(root, statement, ("torch", "dbt", "pandas", "scipy", "openlineage")) == ""


def test_a_run_loads_what_it_needs_when_it_does(root: Path) -> None:
    """What only some studies need takes longer to load than the rest of the run's own code."""
    assert loaded_by(root, "import runners.stages", ("torch", "dbt", "pandas", "scipy", "sqlglot")) == ""


def test_the_language_package_itself_imports_nothing(root: Path) -> None:
    assert not list(imports(root / "specs" / "lang" / "__init__.py"))
