"""The schema: editors read it, so every part says what it is, and nothing unknown gets through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft7Validator

from specs.lang.shape import schema


def parts(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema in the schema, by its path."""
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            yield from parts(value, f"{path}/{key}")
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from parts(value, f"{path}/{place}")


def test_it_is_draft_7() -> None:
    Draft7Validator.check_schema(schema())
    assert schema()["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_every_property_has_a_description() -> None:
    silent = [
        f"{path}/{name}"
        for path, node in parts(schema())
        if path.endswith("/properties") or path.endswith("/definitions")
        for name, about in node.items()
        if not about.get("description")
    ]
    assert not silent


def test_objects_are_closed() -> None:
    open_ = [p for p, node in parts(schema()) if node.get("type") == "object" and "additionalProperties" not in node]
    assert not open_
    named = [p for p, node in parts(schema()) if "properties" in node and node.get("type") == "object"]
    assert named and all(node["additionalProperties"] is False for p, node in parts(schema()) if p in named)
