"""Starts dbt without work that changes nothing, nearly half of what `dbt parse` takes. Run as a script by `runners.dbt`.

What dbt does with a project is the same (`tests/runners/test_dbt_start.py` holds it to that); what it read of it is not written
where nobody looks. Where another version has no such place, its work is done as ever.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

PLAIN = (type(None), bool, int, float, str)
Make = Callable[..., None]


def hurry() -> None:
    """Before dbt is imported."""
    gc.disable()  # a search for cycles among millions of objects that stay
    _lazily()
    _defaults_as_they_are()
    _each_text_once()
    _without_source_lines()


def _lazily() -> None:
    """Code for (de)serialising dbt's many classes is made for those that need it, when they do.

    That is an option of mashumaro; with it, still two methods a class and format are compiled that would make that code.
    """
    from mashumaro.config import BaseConfig

    BaseConfig.lazy_compilation = True
    place: Any = import_module("mashumaro.mixins.dict")
    builder: Any = import_module("mashumaro.core.meta.code.builder").CodeBuilder
    for way, code, name in (("packer", "encoder", "get_pack_method_name"), ("unpacker", "decoder", "get_unpack_method_name")):
        if hasattr(place, f"compile_mixin_{way}") and hasattr(builder, name):
            made = _later(getattr(place, f"compile_mixin_{way}"), getattr(builder, name), code)
            setattr(place, f"compile_mixin_{way}", made)


def _later(make: Make, named: Callable[..., Any], code: str) -> Make:
    """What does `make` for a class when the methods that it makes are first asked for."""

    def later(cls: type, format_name: str = "dict", **how: Any) -> None:
        name = named(format_name=format_name, **{code: how.get(code)})
        for each in (name, name.public):
            setattr(cls, each, _Later(cls, each, lambda: make(cls, format_name=format_name, **how)))

    return later


class _Later:
    """A method of a class; `make` puts the real one in its place."""

    def __init__(self, owner: type, name: str, make: Callable[[], None]) -> None:
        self.owner, self.name, self.make = owner, name, make

    def __get__(self, instance: object, kind: type | None = None) -> Any:
        self.make()
        return self.owner.__dict__[self.name].__get__(instance, kind)


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


def _without_source_lines() -> None:
    """Where a setting comes from is the module that asks: its name is known without the source text of all callers."""
    flag: Any = getattr(import_module("dbt_common.behavior_flags"), "BehaviorFlagRendered", None)
    if not hasattr(flag, "_default_source"):
        return

    def source() -> str:
        frame = sys._getframe(1)
        while frame.f_back and frame.f_globals["__name__"] == flag.__module__:
            frame = frame.f_back
        return str(frame.f_globals["__name__"])

    flag._default_source = staticmethod(source)


def _nothing_unread(build: bool) -> None:
    """After dbt is imported: what it read is not written for a next time, nor in the course of a build as its manifest.

    Here none reads either.
    """
    parsing: Any = import_module("dbt.parser.manifest")
    running: Any = import_module("dbt.task.runnable")
    loader: Any = getattr(parsing, "ManifestLoader", None)
    if hasattr(loader, "write_manifest_for_partial_parse"):
        loader.write_manifest_for_partial_parse = lambda self: None
    if build:
        parsing.write_manifest = running.write_manifest = lambda *what: None


if __name__ == "__main__":
    hurry()
    from dbt.cli.main import cli

    _nothing_unread("build" in sys.argv)
    cli()
