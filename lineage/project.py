"""Reads a dbt project's files: every model's SQL with its references resolved. Nothing is run, no database is opened.

The files are in the repository, so they are public; dbt's own compiled files lie in a site's private folder and stay unread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lineage.datasets import Field
from lineage.sql import Untraceable
from specs.lang.document import LOADER

MODEL, SOURCE = "model", "source"


@dataclass(frozen=True)
class Read:
    """A table some model reads: a model or seed (`schema` is empty), or a table of a source."""

    schema: str
    name: str
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True)
class Model:
    """One model. In `sql`, tables are named by the keys of `reads`: `model.NAME` or `source.SOURCE.TABLE`."""

    name: str
    sql: str
    reads: tuple[str, ...]
    config: Mapping[str, Any]
    fields: tuple[Field, ...] = ()


class Project:
    """The models under `dbt/models`, as dbt sees them with the environment variables `environ`."""

    def __init__(self, dbt: Path, environ: Mapping[str, str]) -> None:
        self.dbt, self.environ = dbt, environ
        self.files = {f.stem: f for f in sorted((dbt / "models").rglob("*.sql"))}
        self.seeds = {f.stem: f for f in sorted((dbt / "seeds").rglob("*.csv"))}
        self.macros = "".join(self._macros())
        self.described: dict[str, tuple[Field, ...]] = {}
        self.sources: dict[str, Read] = {}
        for file in sorted((dbt / "models").rglob("*.y*ml")):
            self._describe(file)

    def model(self, name: str) -> Model:
        """One model. Raises Untraceable when it cannot be rendered, and for models in Python."""
        if name not in self.files:
            raise Untraceable(f"no SQL for model {name}")
        reads: dict[str, None] = {}
        config: dict[str, Any] = {}
        sql = self._render(self.macros + self.files[name].read_text(encoding="utf-8"), reads, config)
        return Model(name, sql, tuple(reads), config, self.described.get(name, ()))

    def below(self, folder: str) -> dict[str, Model]:
        """The models in a folder under `models/` and all they read, what is read first. Raises Untraceable."""
        found: dict[str, Model] = {}
        for name, file in self.files.items():
            if (self.dbt / "models" / folder) in file.parents:
                self._reach(name, found, ())
        return found

    def read(self, key: str) -> Read | None:
        """What a key of `Model.reads` means, unless it is a model."""
        kind, name = key.split(".", 1)
        if kind == SOURCE:
            return self.sources.get(name)
        if name in self.seeds:
            with self.seeds[name].open(encoding="utf-8-sig") as lines:
                return Read("", name, tuple(Field(c.strip().strip('"')) for c in lines.readline().split(",")))
        return None

    def _reach(self, name: str, found: dict[str, Model], way: tuple[str, ...]) -> None:
        """Adds a model to `found` after all it reads; `way` leads to it. Raises Untraceable when it reads itself."""
        if name in found:
            return
        if name in way:
            raise Untraceable(f"model {name} reads itself")
        model = self.model(name)
        for key in model.reads:
            kind, other = key.split(".", 1)
            if kind == MODEL and other not in self.seeds:
                self._reach(other, found, (*way, name))
        found[name] = model

    def _render(self, text: str, reads: dict[str, None], config: dict[str, Any]) -> str:
        """The SQL of a template. Stand-ins for dbt's functions put what it reads into `reads`, and settings into `config`."""
        from jinja2 import ChainableUndefined
        from jinja2.exceptions import TemplateError
        from jinja2.sandbox import SandboxedEnvironment

        def table(*names: str, **_: Any) -> str:
            reads[".".join((MODEL, names[-1]))] = None
            return f'"{MODEL}"."{names[-1]}"'

        def source(name: str, of: str) -> str:
            reads[f"{SOURCE}.{name}.{of}"] = None
            return f'"{SOURCE}"."{name}.{of}"'

        def configure(**said: Any) -> str:
            config.update(said)
            return ""

        known: dict[str, Any] = {"ref": table, "source": source, "config": configure, "env_var": self._variable, "var": _setting}
        known |= {"is_incremental": bool, "execute": False, "return": str}
        place = SandboxedEnvironment(undefined=ChainableUndefined, extensions=["jinja2.ext.do"])
        try:
            return place.from_string(text).render(**known)
        except (TemplateError, TypeError, ValueError, ArithmeticError) as problem:
            raise Untraceable(type(problem).__name__) from None

    def _variable(self, name: str, default: str = "") -> str:
        return self.environ.get(name, default)

    def _macros(self) -> Iterator[str]:
        """Macro files; those in dbt's own dialect (tests, materializations) are of no use to a SELECT."""
        from jinja2 import Environment
        from jinja2.exceptions import TemplateSyntaxError

        for file in sorted((self.dbt / "macros").rglob("*.sql")):
            text = file.read_text(encoding="utf-8")
            try:
                Environment(extensions=["jinja2.ext.do"]).parse(text)  # noqa: S701 - parsed, not rendered
            except TemplateSyntaxError:
                continue
            yield text

    def _describe(self, file: Path) -> None:
        said = _parsed(file.read_text(encoding="utf-8"))
        for model in [*(said.get("models") or ()), *(said.get("seeds") or ())]:
            self.described[model["name"]] = _fields(model)
        for source in said.get("sources") or ():
            schema = self._render(str(source.get("schema") or source["name"]), {}, {})
            for table in source.get("tables") or ():
                name = str(table.get("identifier") or table["name"])
                self.sources[f"{source['name']}.{table['name']}"] = Read(schema, name, _fields(table))


@cache
def _parsed(text: str) -> Mapping[str, Any]:
    """A yml file; once for all that read the project: each site, and the release. Nobody changes it."""
    import yaml

    try:
        return yaml.load(text, LOADER) or {}  # noqa: S506 - a safe loader
    except yaml.YAMLError:
        raise Untraceable("a yml file does not parse") from None


def _fields(said: Mapping[str, Any]) -> tuple[Field, ...]:
    """Names and types only: what a yml file says about a column is for people, and stays in dbt's docs."""
    return tuple(Field(str(c["name"]), str(c.get("data_type") or "")) for c in said.get("columns") or ())


def _setting(name: str, default: Any = "") -> Any:
    return default
