"""A YAML file as plain values, with the place of every key and value; only the part of YAML that has one meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from specs.lang.problems import Problem, SpecError, quoted
from specs.lang.scalars import resolve
from specs.lang.text import LIKE, forbidden, foreign
from specs.lang.types import Place

MOST_DEPTH, MOST_NODES, MOST_LENGTH = 20, 20_000, 2_000
Path = tuple[str | int, ...]
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Document:
    """`data` are dicts, lists, text, numbers, booleans and None; `places` (of values) and `keys` are by JSON pointer.

    `texts` are the places of the first characters of texts that the file holds just as they are, in one line.
    """

    file: str
    data: Any
    places: Mapping[str, Place]
    keys: Mapping[str, Place]
    texts: Mapping[str, Place]

    def place(self, path: Path, key: bool = False) -> Place:
        """Where the part is, or the nearest part around it."""
        for end in range(len(path), 0, -1):
            for found in (self.keys, self.places) if key else (self.places, self.keys):
                if pointer(path[:end]) in found:
                    return found[pointer(path[:end])]
        return self.places.get("", Place(self.file, 1, 1))

    def inside(self, path: Path, offset: int) -> Place:
        """The place `offset` characters into the text at `path`; its start, where that cannot be told."""
        start = self.texts.get(pointer(path))
        return Place(start.file, start.line, start.column + offset) if start else self.place(path)


def escape(step: str) -> str:
    """One step of a JSON pointer (RFC 6901)."""
    return step.replace("~", "~0").replace("/", "~1")


def pointer(path: Path) -> str:
    """The JSON pointer of a path."""
    return "".join("/" + escape(str(step)) for step in path)


def document(file: str, text: str, what: str = "a spec") -> Document:
    """Reads one YAML document. Raises SpecError at the first thing that is not allowed in it."""
    try:
        return _document(file, text)
    except SpecError:
        if LIKE.search(text):
            raise
        raise foreign(file, what) from None


def _document(file: str, text: str) -> Document:
    reader = _Reader(file)
    try:
        return reader.read(yaml.parse(text, Loader=LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
        raise SpecError([Problem(place, f"this is not YAML: {error.problem or 'unreadable'}", "", error.context or "")]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SpecError([Problem(Place(file, 1, 1), f"this is not YAML ({type(error).__name__})", "")]) from None


@dataclass
class _Reader:
    """Walks the events of the parser, which needs no recursion however deep the file is."""

    file: str
    places: dict[str, Place] = field(default_factory=dict)
    keys: dict[str, Place] = field(default_factory=dict)
    texts: dict[str, Place] = field(default_factory=dict)
    nodes: int = 0

    def read(self, events: Iterator[Any]) -> Document:
        data: Any = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._stop(event, "a second document", "a file holds one spec: remove the `---`")
                if event.version or event.tags:
                    self._stop(event, "a YAML directive", "remove the line that starts with %")
                data = self._node(events, next(events), ())
        return Document(self.file, data, self.places, self.keys, self.texts)

    def _node(self, events: Iterator[Any], event: Any, path: Path) -> Any:
        self._check(event, path)
        self.places[pointer(path)] = self._place(event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(item := next(events), yaml.SequenceEndEvent):
                items.append(self._node(events, item, (*path, len(items))))
            return items
        return self._mapping(events, path)

    def _mapping(self, events: Iterator[Any], path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            self._check(event, path)
            if not isinstance(event, yaml.ScalarEvent):
                self._stop(event, "a key that is not a word")
            key = event.value
            if key == "<<" and event.implicit[0]:
                self._stop(event, "a merge key `<<`", "write the keys out")
            if key in found:
                first = self.keys[pointer((*path, key))]
                self._stop(event, f"the key {quoted(key)} is here twice", f"first in line {first.line}", (*path, key))
            self._text(event, key, path)
            self.keys[pointer((*path, key))] = self._place(event)
            found[key] = self._node(events, next(events), (*path, key))
        return found

    def _scalar(self, event: Any, path: Path) -> Any:
        self._text(event, event.value, path)
        start, end, quotes = event.start_mark, event.end_mark, int(event.style in ("'", '"'))
        if start.line == end.line and end.column - start.column == len(event.value) + 2 * quotes:
            self.texts[pointer(path)] = Place(self.file, start.line + 1, start.column + 1 + quotes)
        if not event.implicit[0]:
            return event.value
        try:
            return resolve(event.value)
        except ValueError as error:
            self._stop(event, str(error), path=path)

    def _text(self, event: Any, text: str, path: Path) -> None:
        if len(text) > MOST_LENGTH:
            self._stop(event, f"a text of more than {MOST_LENGTH} characters", path=path)
        if not text.isprintable():
            for char in text:
                if why := forbidden(char):
                    self._stop(event, why, path=path)

    def _check(self, event: Any, path: Path) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            self._stop(event, f"more than {MOST_NODES} parts")
        if len(path) > MOST_DEPTH:
            self._stop(event, f"nested deeper than {MOST_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            self._stop(event, f"an alias {quoted('*' + str(event.anchor))}", "write the value out", path)
        if event.anchor is not None:
            self._stop(event, f"an anchor {quoted('&' + str(event.anchor))}", "write values out where they are used", path)
        if event.tag is not None:
            self._stop(event, f"a tag {quoted(event.tag)}", "values need no tags", path)

    def _place(self, event: Any) -> Place:
        return Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _stop(self, event: Any, message: str, hint: str = "", path: Path = ()) -> NoReturn:
        raise SpecError([Problem(self._place(event), message, pointer(path), hint)])
