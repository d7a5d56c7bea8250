"""Judges event files by the official schemas, ours, and what an OpenLineage reader relies on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "tests" / "fixtures" / "openlineage"
CORE = "https://openlineage.io/spec/2-0-2/OpenLineage.json"
ENDS = {"COMPLETE", "FAIL", "ABORT"}
FREE_TEXT = {"errorMessage", "environmentVariables", "extractionError", "executionParameters", "sql", "sourceCode"}
NUMBERS = {"inputStatistics", "outputStatistics", "dataQualityMetrics", "dataQualityAssertions"}
DENIED = re.compile(r"(?i)seed|rng|password|token|secret|path$|^file|count$|^min$|^max$")


def _documents() -> list[dict[str, Any]]:
    files = [*SCHEMAS.rglob("*.json"), *(ROOT / "lineage" / "facets").glob("*.json")]
    return [json.loads(f.read_text(encoding="utf-8")) for f in files]


def _retrieve(uri: str) -> Resource[Any]:
    """Facets name the core by the version they were written against; the newest one will do."""
    if re.fullmatch(r"https://openlineage\.io/spec/[0-9-]+/OpenLineage\.json", uri):
        return Resource.from_contents(json.loads((SCHEMAS / "OpenLineage.json").read_text()), DRAFT202012)
    raise KeyError(uri)


REGISTRY: Registry[Any] = Registry(retrieve=_retrieve).with_resources(
    [(d["$id"], Resource.from_contents(d, DRAFT202012)) for d in _documents()]
)


def read(path: Path) -> list[dict[str, Any]]:
    """All events of a file; every line is one JSON object."""
    lines = path.read_bytes().split(b"\n")
    assert lines.pop() == b"", "the file does not end with a whole line"
    return [json.loads(line) for line in lines]


def valid(path: Path, private: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Reads a file of finished runs and asserts all there is to assert."""
    events = read(path)
    for event in events:
        _conforms(event)
        _keeps_secrets(event, private)
    _alive(events)
    _complete(events)
    _acyclic(events)
    return events


def _conforms(event: dict[str, Any]) -> None:
    _check(f"{CORE}#/$defs/RunEvent", event)
    for position in (event["run"], event["job"], *event["inputs"], *event["outputs"]):
        for key, facet in position["facets"].items():
            url = facet["_schemaURL"]
            if key.startswith("wardloom_"):
                _check(url, {key: facet})
            else:
                assert re.match(r"https://openlineage\.io/spec/facets/\d+-\d+-\d+/\w+\.json#/\$defs/\w+$", url)
                _check(url, facet)


def _check(url: str, content: Any) -> None:
    errors = list(Draft202012Validator({"$ref": url}, registry=REGISTRY).iter_errors(content))
    assert not errors, errors[0].message


def _keeps_secrets(event: dict[str, Any], private: tuple[str, ...]) -> None:
    assert not FREE_TEXT & set(event["run"]["facets"]) and not FREE_TEXT & set(event["job"]["facets"])
    for data in (*event["inputs"], *event["outputs"]):
        assert not NUMBERS & {*data["facets"], *data.get("inputFacets", ()), *data.get("outputFacets", ())}
        assert data["namespace"] in private or data["namespace"].startswith(("duckdb://release/", "wardloom://"))
        assert "/" not in data["name"].replace("wardloom://", "")
    for key in _keys({k: event[k] for k in ("run", "job")}):
        assert not DENIED.search(key), key


def _keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(k for v in value.values() for k in _keys(v))]
    return [k for v in value for k in _keys(v)] if isinstance(value, list) else []


def _alive(events: list[dict[str, Any]]) -> None:
    """One START and one end per run, in that order, under one job; a parent is known and still open."""
    runs: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        runs.setdefault(event["run"]["runId"], []).append(event)
        above = event["run"]["facets"].get("parent")
        if above:
            first = runs[above["run"]["runId"]][0]
            assert {k: first["job"][k] for k in ("namespace", "name")} == above["job"]
    for told in runs.values():
        assert [e["eventType"] == "START" for e in told] == [True, False]
        assert told[1]["eventType"] in ENDS
        assert told[0]["job"] == told[1]["job"]
        assert told[0]["eventTime"] <= told[1]["eventTime"]


def _complete(events: list[dict[str, Any]]) -> None:
    """Every column of every output of a run that ended well comes from somewhere, and from a column that exists."""
    known: dict[tuple[str, str], set[str]] = {}
    for event in events:
        for data in (*event["inputs"], *event["outputs"]):
            fields = data["facets"].get("schema", {"fields": []})["fields"]
            known.setdefault((data["namespace"], data["name"]), set()).update(f["name"] for f in fields)
    for event in events:
        for data in event["outputs"] if event["eventType"] == "COMPLETE" else ():
            facets = data["facets"]
            assert {"schema", "version", "columnLineage"} <= set(facets)
            told = facets["columnLineage"]
            assert list(told["fields"]) == [f["name"] for f in facets["schema"]["fields"]]
            assert all(found["inputFields"] for found in told["fields"].values()), data["name"]
            for found in [*(i for f in told["fields"].values() for i in f["inputFields"]), *told["dataset"]]:
                assert found["field"] in known[found["namespace"], found["name"]], (data["name"], found)


def _acyclic(events: list[dict[str, Any]]) -> None:
    names = [(d["namespace"], d["name"]) for e in events for d in (*e["inputs"], *e["outputs"])]
    into: dict[tuple[str, str], set[tuple[str, str]]] = {n: set() for n in names}
    for event in events:
        for data in event["outputs"]:
            into[data["namespace"], data["name"]] |= {(i["namespace"], i["name"]) for i in event["inputs"]}
    while into:
        done = {n for n, above in into.items() if not above & set(into)}
        assert done, "datasets depend on each other in a circle"
        into = {n: above for n, above in into.items() if n not in done}


def origins(events: list[dict[str, Any]], namespace: str, name: str, column: str) -> set[tuple[str, str, str]]:
    """Every column that one column comes from, however far away, with those that decide about its rows."""
    links: dict[tuple[str, str], dict[str, Any]] = {}
    for event in events:
        for data in event["outputs"]:
            if "columnLineage" in data["facets"]:
                links[data["namespace"], data["name"]] = data["facets"]["columnLineage"]
    seen: set[tuple[str, str, str]] = set()
    waiting = [(namespace, name, column)]
    while waiting:
        place = waiting.pop()
        told = links.get(place[:2], {"fields": {}})["fields"].get(place[2], {"inputFields": []})
        found = {(i["namespace"], i["name"], i["field"]) for i in told["inputFields"]} - seen
        seen |= found
        waiting += found
    return seen
