"""A document whose only faults are unknown keys, put right as far as can be guessed, so that later checks can still run."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from jsonschema import Draft7Validator


def mended(data: Any, schema: dict[str, Any]) -> Any | None:
    """A copy in which misspelt keys have the name that was likely meant, and other unknown keys are gone.

    None when more is wrong. It only serves to find more problems: a spec with unknown keys is never used.
    """
    copy = _copy(data)
    validator = Draft7Validator(schema)
    for error in list(validator.iter_errors(copy)):
        if error.validator != "additionalProperties" or not isinstance(error.instance, dict):
            continue
        known: dict[str, Any] = error.schema["properties"] if isinstance(error.schema, dict) else {}
        _rename(error.instance, list(known))
    return copy if validator.is_valid(copy) else None


def _rename(mapping: dict[str, Any], known: list[str]) -> None:
    for key in [k for k in mapping if k not in known]:
        value = mapping.pop(key)
        meant = get_close_matches(key[:80], [k for k in known if k not in mapping], 1, 0.6)
        if meant:
            mapping[meant[0]] = value


def _copy(data: Any) -> Any:
    if isinstance(data, dict):
        return {k: _copy(v) for k, v in data.items()}
    return [_copy(v) for v in data] if isinstance(data, list) else data
