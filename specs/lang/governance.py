"""What hospitals agree to: purpose, approvals, expiry and consent, and the keys they sign with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from specs.lang.bounds import DATE
from specs.lang.document import Path
from specs.lang.expression import ExpressionError, canonical, columns, parse
from specs.lang.kinds import kind_of
from specs.lang.names import check_name
from specs.lang.notes import Notes
from specs.lang.problems import did_you_mean, quoted
from specs.lang.types import Consent, Governance, Site, Table

if TYPE_CHECKING:
    from sqlglot import exp

Said = Mapping[str, Any]
PLACE: Path = ("governance",)


def governance(notes: Notes, said: Said, sites: Mapping[str, Site], root: Table | None) -> Governance:
    """The section; `root` is the table of the privacy unit, None where the spec names none that there is."""
    if "purpose" in said and not said["purpose"].strip():
        notes.say((*PLACE, "purpose"), "no purpose is given", "say what the synthetic data will be used for")
    for number, name in enumerate(said.get("approvals", [])):
        if name not in sites:
            notes.say((*PLACE, "approvals", number), f"there is no site {quoted(name)}", did_you_mean(name, sites))
    consent = _consent(notes, said["consent"], root) if "consent" in said else None
    return Governance(said.get("purpose", ""), tuple(said.get("approvals", [])), _expires(notes, said.get("expires")), consent)


def check_keys(notes: Notes, sites: Mapping[str, Site], transport: str) -> None:
    """Notes sites without a public key where others must be able to tell who speaks, and two sites with one key."""
    owners: dict[str, str] = {}
    for site in sites.values():
        path = ("sites", site.name)
        if site.key is None and transport != "embedded":
            hint = "the hospital's steward prints it with `wardloom site init`"
            notes.say(path, f"{quoted(site.name)} has no `key`, and the transport is {quoted(transport)}", hint, True)
        if site.key is not None and owners.setdefault(site.key, site.name) != site.name:
            notes.say((*path, "key"), f"{quoted(site.name)} has the key of {quoted(owners[site.key])}", "each makes its own")


def _expires(notes: Notes, said: str | None) -> date | None:
    if said is None:
        return None
    try:
        if not DATE.fullmatch(said):
            raise ValueError
        return date.fromisoformat(said)
    except ValueError:
        notes.say((*PLACE, "expires"), f"{quoted(said)} is not a day", "the last day on which sites answer, e.g. 2027-12-31")
        return None


def _consent(notes: Notes, said: Said, root: Table | None) -> Consent | None:
    place = (*PLACE, "consent")
    key = (said["key"],) if isinstance(said["key"], str) else tuple(said["key"])
    check_name(notes, (*place, "table"), said["table"])
    for name in key:
        check_name(notes, (*place, "key"), name)
    if root is not None and root.key and len(root.key) != len(key):
        wanted = ", ".join(k.name for k in root.key)
        notes.say((*place, "key"), f"the key of {quoted(root.name)} has another number of columns", f"one for each of: {wanted}")
    try:
        tree = parse(said["where"])
        return Consent(said["table"], key, canonical(_unqualified(tree, said["table"])), _named(tree))
    except ExpressionError as error:
        notes.say((*place, "where"), error.message, error.hint, inside=error.offset)
        return None


def _unqualified(tree: exp.Expression, table: str) -> exp.Expression:
    """The condition, its columns without their table. Raises ExpressionError for one that is no condition on that table."""
    from sqlglot import exp

    for column in list(tree.find_all(exp.Column)):
        if column.table not in ("", table):
            raise ExpressionError(f"there is no table {quoted(column.table)} here", 0, f"only columns of {quoted(table)}")
        column.set("table", None)
    if (kind := kind_of(_untyped(tree), _none)) != "condition":
        what = "of a type that is not known here" if kind == "null" else f"a {kind}"
        raise ExpressionError(f"this is {what}, not a condition", 0, "compare it with something, e.g. status = 'given'")
    return tree


def _named(tree: exp.Expression) -> tuple[str, ...]:
    """The columns of the condition. Raises ExpressionError when there is none: then it says nothing about a patient."""
    found = tuple(dict.fromkeys(name for _, name in columns(tree)))
    if not found:
        raise ExpressionError("the condition names no column", 0, "e.g. status = 'given'")
    return found


def _untyped(tree: exp.Expression) -> exp.Expression:
    """A copy for looking at kinds: a spec does not say of which types the columns are, so they stand for any."""
    from sqlglot import exp

    def stand_in(node: Any) -> Any:
        if not isinstance(node, exp.Column):
            return node
        timed = isinstance(node.parent, exp.Year | exp.Month | exp.Day)
        return exp.cast(exp.Literal.string("2000-01-01"), "DATE") if timed else exp.Null()

    copy: exp.Expression = tree.copy().transform(stand_in)
    return copy


def _none(table: str | None, name: str) -> Any:
    raise ExpressionError(f"there is no column {quoted(name)} here")
