"""Holds a document against schema.json, and says what is wrong where, in plain words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from specs.lang.mend import mended
from specs.lang.notes import Notes
from specs.lang.problems import MOST, SpecError, did_you_mean, quoted
from specs.lang.text import foreign

FOLDER = Path(__file__).resolve().parents[1]
FILES = {"spec": ("a spec", "wardloom check FILE"), "cohort": ("a cohort", "wardloom cohort FILE")}
"""Kinds of files by their first key, and a command that reads them."""
KINDS = {dict: "a mapping", list: "a list", bool: "true or false", type(None): "nothing", str: "text"}
WANTED = {
    "object": "a mapping", "array": "a list", "string": "text", "boolean": "true or false", "integer": "a whole number",
    "number": "a number",
}  # fmt: skip
MORE = {
    "minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most", "exclusiveMaximum": "less than",
    "minItems": "at least", "minProperties": "at least", "minLength": "at least",
    "maxItems": "at most", "maxProperties": "at most", "maxLength": "at most",
}  # fmt: skip


@cache
def schema(file: str = "schema.json") -> dict[str, Any]:
    """The JSON Schema of specs, or of another kind of file."""
    found: dict[str, Any] = json.loads((FOLDER / file).read_text(encoding="utf-8"))
    return found


def checked(notes: Notes, wanted: dict[str, Any], what: str) -> dict[str, Any]:
    """The document's mapping, after noting what the schema `wanted` does not allow; misspelt keys are put right.

    Raises SpecError when so much is wrong that no later check makes sense. `what` is the kind of file, as in "not a spec".
    """
    other = [k for k in FILES if isinstance(notes.document.data, dict) and k in notes.document.data]
    if other and wanted["required"][0] not in other:
        kind, command = FILES[other[0]]
        notes.say((other[0],), f"this is {kind}, not {what}", f"for {kind} there is {quoted(command)}", True)
        notes.stop()
    if not isinstance(notes.document.data, dict) or not any(key in wanted["properties"] for key in notes.document.data):
        raise foreign(notes.document.file, what)
    for error in islice(Draft7Validator(wanted).iter_errors(notes.document.data), MOST):
        _explain(notes, error, tuple(error.absolute_path))
    said: dict[str, Any] | None = mended(notes.document.data, wanted) if notes.problems else notes.document.data
    if said is None:
        raise SpecError(notes.problems)
    return said


def _explain(notes: Notes, error: ValidationError, path: tuple[str | int, ...]) -> None:
    rule = str(error.validator)
    if rule == "additionalProperties":
        known = _known(error)
        for key in islice((k for k in _list(error.instance) if k not in known), MOST):
            notes.say((*path, key), f"unknown key {quoted(key)}", did_you_mean(key, known), key=True)
    elif "propertyNames" in error.absolute_schema_path:
        notes.say((*path, str(error.instance)), *_said(error), key=True)
    elif rule == "required":
        missing = [k for k in _list(error.validator_value) if k not in _list(error.instance)]
        extra = [k for k in _list(error.instance) if k not in _known(error)]
        missing = [k for k in missing if not get_close_matches(k, extra, 1, 0.6)]  # that one is misspelt, and said to be
        if missing and error.message.startswith(repr(missing[0])):
            notes.say(path, f"missing: {', '.join(map(quoted, missing))}", key=True)
    elif rule == "oneOf":
        _alternatives(notes, error, path)
    else:
        notes.say(path, *_said(error))


def _known(error: ValidationError) -> dict[str, Any]:
    return dict(error.schema.get("properties", {})) if isinstance(error.schema, dict) else {}


def _alternatives(notes: Notes, error: ValidationError, path: tuple[str | int, ...]) -> None:
    """Explains the only alternative whose kind of value fits; else names what is allowed."""
    branches: dict[Any, list[ValidationError]] = {}
    for inner in _leaves(error):
        branches.setdefault(_branch(inner, error), []).append(inner)
    fitting = [b for b in branches.values() if not any(_misfit(e, error) for e in b)]
    if len(fitting) == 1:
        for inner in fitting[0]:
            _explain(notes, inner, tuple(inner.absolute_path))
        return
    about = error.schema.get("description", "") if isinstance(error.schema, dict) else ""
    what = quoted(error.instance) if isinstance(error.instance, str) else _what(error.instance)
    choices = [str(c) for e in _leaves(error) if e.validator == "enum" for c in _list(e.validator_value)]
    hint = did_you_mean(error.instance, choices) if isinstance(error.instance, str) and choices else str(about)
    notes.say(path, f"{what} does not fit here", hint)


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    for inner in error.context or ():
        if inner.validator == "oneOf":
            yield from _leaves(inner)
        else:
            yield inner


def _branch(found: ValidationError, error: ValidationError) -> tuple[Any, ...]:
    """Which of the alternatives of `error`, nested ones told apart, an error belongs to."""
    steps: list[Any] = []
    inner: Any = found
    while inner is not error and inner.parent is not None:
        if inner.parent.validator == "oneOf":
            steps.append(inner.relative_schema_path[0])
        inner = inner.parent
    return tuple(steps)


def _misfit(inner: ValidationError, error: ValidationError) -> bool:
    return len(inner.absolute_path) == len(error.absolute_path) and inner.validator in ("type", "enum")


def _said(error: ValidationError) -> tuple[str, str]:
    """Message and hint of one broken rule."""
    value: Any = error.instance
    limit: Any = error.validator_value
    rule = str(error.validator)
    about = str(error.schema.get("description", "")) if isinstance(error.schema, dict) else ""
    if rule == "type":
        return f"{_what(value)} where {_wanted(limit)} is expected", _type_hint(value, limit)
    if rule == "enum":
        return f"{quoted(value)} is not one of {', '.join(map(str, limit))}", did_you_mean(str(value), map(str, limit))
    if rule == "pattern":
        return f"{quoted(value)} cannot be used here", about
    if rule == "uniqueItems":
        return "the same name twice", ""
    if rule.endswith(("Items", "Properties")):
        count = f"{len(value)} entr{'y' if len(value) == 1 else 'ies'}" if value else "an empty list or mapping"
        return f"{count}: {MORE.get(rule, '')} {limit}", about
    if rule.endswith("Length"):
        return f"a text of {len(value)} characters: {MORE[rule]} {limit}", about
    if rule in MORE:
        return f"{quoted(value)} is out of bounds: {MORE[rule]} {limit}", about
    return f"{_what(value)} is not allowed here", about


def _list(value: Any) -> list[Any]:
    return list(value)


def _what(value: Any) -> str:
    return KINDS.get(type(value)) or f"the number {quoted(value)}"


def _wanted(limit: str | Iterable[str]) -> str:
    return " or ".join(WANTED.get(k, k) for k in ([limit] if isinstance(limit, str) else limit))


def _type_hint(value: Any, limit: Any) -> str:
    if limit == "string" and isinstance(value, int | float):
        return f'text: write it in quotes, "{str(value).lower()}"'
    if isinstance(value, str) and limit in ("integer", "number"):
        return "write the number without quotes, spaces, commas or _"
    if isinstance(value, str) and limit == "boolean":
        return "write true or false"
    return ""
