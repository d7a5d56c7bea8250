"""Starts dbt without work that changes nothing, a quarter of what `dbt parse` takes. Run as a script by `runners.dbt`.

What dbt does with a project, and what it writes, is the same (`tests/runners/test_dbt_start.py` holds it to that). Where another
version has no such place, its work is done as ever.
"""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Any

PLAIN = (type(None), bool, int, float, str)


def hurry() -> None:
    """Before dbt is imported, and after."""
    gc.disable()  # a search for cycles among millions of objects that stay
    _lazily()
    _defaults_as_they_are()
    _each_text_once()


def _lazily() -> None:
    """Code for (de)serialising dbt's many classes is made for those that need it, when they do: an option of mashumaro."""
    from mashumaro.config import BaseConfig

    BaseConfig.lazy_compilation = True


def _defaults_as_they_are() -> None:
    """For a JSON schema mashumaro makes a class for each default value, to serialise it. Plain values are what they are."""
    place: Any = import_module("mashumaro.jsonschema.schema")
    if not hasattr(place, "_default"):
        return
    made = place._default

    def default(kind: Any, value: Any, config: Any) -> Any:
        return value if type(value) in PLAIN else made(kind, value, config)

    place._default = default


def _each_text_once() -> None:
    """Each macro is read twice, for its name and for what it calls: the second time dbt gets the tree of the first."""
    environment: Any = getattr(import_module("dbt_common.clients.jinja"), "MacroFuzzEnvironment", None)
    if environment is None:
        return
    read = environment.parse
    trees: dict[str, Any] = {}

    def parse(self: Any, source: str, *names: Any) -> Any:
        if names:
            return read(self, source, *names)
        if source not in trees:
            trees[source] = read(self, source)
        return trees[source]

    environment.parse = parse


if __name__ == "__main__":
    hurry()
    from dbt.cli.main import cli

    cli()
