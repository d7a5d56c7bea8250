"""Holds a document against schema.json, and says what is wrong where, in plain words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError, best_match

from specs.lang.document import Document, escape
from specs.lang.problems import Problem, did_you_mean

SCHEMA = Path(__file__).resolve().parents[1] / "schema.json"


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of specs."""
    found: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return found


def problems(document: Document) -> list[Problem]:
    """Everything in the document that the schema does not allow."""
    return [p for error in Draft7Validator(schema()).iter_errors(document.data) for p in _explained(document, error)]


def _explained(document: Document, error: ValidationError) -> Iterator[Problem]:
    pointer = "".join(f"/{escape(str(step))}" for step in error.absolute_path)
    if error.validator == "additionalProperties":
        yield from _unknown(document, error, pointer)
    elif error.validator == "propertyNames" or (error.parent and error.parent.validator == "propertyNames"):
        below = f"{pointer}/{escape(str(error.instance))}"
        place = document.keys.get(below) or document.places[pointer]
        yield Problem(place, f"`{_short(error.instance)}` is not a name", below, _name_rule(error))
    elif error.validator == "required":
        missing = [k for k in error.validator_value if k not in error.instance]
        yield Problem(document.keys.get(pointer) or document.places[pointer], f"`{missing[0]}` is missing", pointer)
    elif error.validator in ("oneOf", "anyOf"):
        inner = best_match(error.context) if error.context else None
        text = _said(inner) if inner is not None and inner.validator not in ("type", "enum") else _options(error)
        yield Problem(document.places[pointer], text, pointer)
    else:
        yield Problem(document.places[pointer], _said(error), pointer, _hint(error))


def _unknown(document: Document, error: ValidationError, pointer: str) -> Iterator[Problem]:
    known = error.schema.get("properties", {})
    for key in error.instance:
        if key not in known:
            below = f"{pointer}/{escape(key)}"
            place = document.keys.get(below) or document.places[pointer]
            yield Problem(place, f"unknown key `{_short(key)}`", below, did_you_mean(key, known))


def _said(error: ValidationError) -> str:
    value, limit = error.instance, error.validator_value
    match error.validator:
        case "type":
            wanted = " or ".join(limit) if isinstance(limit, list) else limit
            return f"{_what(value)} where {_article(wanted)} is expected"
        case "enum":
            return f"`{_short(value)}` is not one of {', '.join(map(str, limit))}"
        case "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum":
            word = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most", "exclusiveMaximum": "less than"}
            return f"{_short(value)} is out of bounds: {word[str(error.validator)]} {limit}"
        case "minItems" | "minProperties" | "minLength":
            return f"too few: at least {limit}" if error.validator != "minLength" else f"too short: at least {limit} characters"
        case "maxItems" | "maxProperties" | "maxLength":
            return f"too many: at most {limit}" if error.validator != "maxLength" else f"too long: at most {limit} characters"
        case "uniqueItems":
            return "the same name twice"
        case "pattern":
            return f"`{_short(value)}` is not a name here: {error.schema.get('description', '')}".strip()
    return "not allowed here"


def _hint(error: ValidationError) -> str:
    return did_you_mean(str(error.instance), map(str, error.validator_value)) if error.validator == "enum" else ""


def _name_rule(error: ValidationError) -> str:
    return str(error.schema.get("description", "")) if isinstance(error.schema, dict) else ""


def _options(error: ValidationError) -> str:
    about = error.schema.get("description", "") if isinstance(error.schema, dict) else ""
    return f"{_what(error.instance)} does not fit: {about}".strip()


def _what(value: Any) -> str:
    kinds = {dict: "a mapping", list: "a list", bool: "true or false", type(None): "nothing", str: "text"}
    return kinds.get(type(value), f"`{_short(value)}`")


def _article(kind: str) -> str:
    words = {"object": "a mapping", "array": "a list", "string": "text", "boolean": "true or false", "integer": "a whole number"}
    return words.get(kind, f"a {kind}")


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
