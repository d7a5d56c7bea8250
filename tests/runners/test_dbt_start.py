"""dbt started by Wardloom does what dbt does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runners.dbt import QUIET, START
from runners.places import DBT

SCHEMAS = """
import json, sys
if sys.argv[1:]:
    sys.path.insert(0, sys.argv[1])
    from runners.dbt_start import hurry
    hurry()
from dbt.cli.main import cli
from dbt_common.dataclass_schema import dbtClassMixin

def below(kind):
    return {kind} | {deep for child in kind.__subclasses__() for deep in below(child)}

def schema(kind):
    try:
        return kind.json_schema()
    except Exception as problem:
        return type(problem).__name__

print(json.dumps({f"{k.__module__}.{k.__qualname__}": schema(k) for k in below(dbtClassMixin)}, sort_keys=True, default=repr))
"""


def _manifest(start: tuple[str, ...], target: str, folder: Path) -> dict[str, Any]:
    """What dbt read of the whole project, without the times at which it did."""
    folder.mkdir()
    places = ["--project-dir", str(DBT), "--profiles-dir", str(DBT), "--target-path", str(folder), "--log-path", str(folder)]
    words = [sys.executable, *start, "--quiet", "--no-partial-parse", "parse", "--target", target, *places]
    environ = os.environ | QUIET | {"WARDLOOM_RELEASE": str(folder.parent / "nafld.duckdb")}
    subprocess.run(words, cwd=folder, env=environ, check=True, capture_output=True)
    found = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    del found["metadata"]
    return dict(json.loads(json.dumps(found), object_hook=lambda d: {k: v for k, v in d.items() if k != "created_at"}))


@pytest.mark.slow
@pytest.mark.parametrize("target", ["site", "release"])
def test_it_reads_the_same_from_a_project(target: str, tmp_path: Path) -> None:
    ours, plain = _manifest(START, target, tmp_path / "ours"), _manifest(("-m", "dbt.cli.main"), target, tmp_path / "plain")
    assert len(ours["macros"]) > 400 and any(n["config"]["enabled"] for n in ours["nodes"].values())
    assert ours == plain
    unread = Path("partial_parse.msgpack")
    assert (tmp_path / "plain" / unread).exists() and not (tmp_path / "ours" / unread).exists()


CLASSES = """
import sys
sys.path.insert(0, sys.argv[1])
from runners.dbt_start import hurry
hurry()
from dataclasses import dataclass
from dbt_common.dataclass_schema import dbtClassMixin

@dataclass
class Above(dbtClassMixin):
    number: int
    def __post_serialize__(self, told, context=None):
        return told | {"told": type(self).__name__}

@dataclass
class Below(Above):
    inner: Above

one = Below.from_dict({"number": 1, "inner": {"number": 2}})
assert one == Below(1, Above(2)), one
assert one.to_dict() == {"number": 1, "inner": {"number": 2, "told": "Above"}, "told": "Below"}, one.to_dict()
assert one.to_dict() == one.__mashumaro_to_dict__() and Above(3).to_dict() == {"number": 3, "told": "Above"}
"""


def test_classes_become_dictionaries_and_come_back() -> None:
    subprocess.run([sys.executable, "-c", CLASSES, str(DBT.parent)], check=True)


ASKS = """
from dbt_common.behavior_flags import Behavior
found = Behavior([{"name": "a", "default": False, "docs_url": "u"}], {})
print(found.a._behavior_change_event.flag_source)
"""


def test_a_setting_comes_from_the_module_that_asks(tmp_path: Path) -> None:
    (tmp_path / "asks.py").write_text(ASKS, encoding="utf-8")
    for before in ("", "from runners.dbt_start import hurry; hurry();"):
        code = f"import sys; sys.path[:0] = sys.argv[1:]; {before} import asks"
        done = subprocess.run([sys.executable, "-c", code, str(DBT.parent), str(tmp_path)], check=True, capture_output=True)
        assert done.stdout == b"asks\n"


@pytest.mark.slow
def test_it_accepts_the_same_settings() -> None:
    def schemas(*words: str) -> Any:
        done = subprocess.run([sys.executable, "-c", SCHEMAS, *words], check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    ours, plain = schemas(str(DBT.parent)), schemas()
    made = {name: schema for name, schema in plain.items() if isinstance(schema, dict)}
    assert len(made) > 100
    assert {name: ours[name] for name in made} == made
