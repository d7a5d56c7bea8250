"""The reference of the language says everything the schema knows, and its examples work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from specs.lang.read import parse
from specs.lang.shape import schema


@pytest.fixture(scope="module")
def reference(root: Path) -> str:
    return (root / "docs" / "spec-language.md").read_text(encoding="utf-8")


def properties(node: Any) -> set[str]:
    if isinstance(node, list):
        return set[str]().union(*map(properties, node))
    if not isinstance(node, dict):
        return set()
    own = set(node["properties"]) if isinstance(node.get("properties"), dict) else set()
    return own.union(*map(properties, node.values()))


def test_every_key_is_in_the_reference(reference: str) -> None:
    prose = re.sub(r"```.*?```", "", reference, flags=re.S)
    words = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`[^`\n]+`|^## .*", prose, re.M))))
    assert sorted(properties(schema()) - words) == []


def test_whole_examples_are_correct(reference: str, root: Path) -> None:
    blocks = re.findall(r"```yaml\n(spec: .*?)```", reference, re.S)
    assert len(blocks) >= 2
    for block in blocks:
        assert parse(str(root / "specs" / "example.yml"), block, {}).tables
