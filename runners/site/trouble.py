"""What a site may say about itself when it cannot answer: a code of this list and public names, never a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Self

from runners.errors import DATA, GATE, INTERNAL, REFUSED

CODES: dict[str, tuple[int, str, str]] = {
    # code: (exit code, what is said, what helps)
    "spec": (REFUSED, "knows another version of the spec", "give the site the same spec file"),
    "queries": (REFUSED, "was asked for queries its own copy of the spec does not ask", "use the same version of Wardloom"),
    "noise": (REFUSED, "would add too little noise of its own for the privacy claim", "lower epsilon"),
    "budget": (
        REFUSED,
        "has too little privacy budget left for this data version",
        "`wardloom plan` says how much is left; ask for less epsilon. A ledger keeps the budget it was opened with: in the spec\n"
        "  sites.<name>.budget can lower it, and sets it only where nothing was spent yet. New data are a new data_version",
    ),
    "ledger": (
        REFUSED,
        "has a ledger that is gone, older than its audit log, or changed by something else",
        "ask the hospital to run `wardloom verify` on its database: it says which, and where",
    ),
    "approval": (
        REFUSED,
        "has not approved this spec",
        "ask its steward to read the spec and its SQL, and to run `wardloom site approve SPEC --site NAME` there",
    ),
    "revoked": (REFUSED, "has revoked its approval", "its steward may run `wardloom site approve SPEC --site NAME` again"),
    "expired": (REFUSED, "answers no more: the day is over", "ask for a later day in governance.expires, and for approval"),
    "sql": (
        REFUSED,
        "has other SQL than its steward approved",
        "give the site the dbt files that were approved, or ask its steward to approve these",
    ),
    "audit": (REFUSED, "has an audit log that does not verify", "ask the hospital to run `wardloom verify` on its database"),
    "key": (REFUSED, "signs with another key than the spec says", "write the hospital's own public key into sites.<name>.key"),
    "round": (REFUSED, "was asked for something that does not fit this secure sum", "run again: a new round begins"),
    "forged": (REFUSED, "sent a reply that it did not sign for this request", "check who can write to the transport"),
    "sites": (
        REFUSED,
        "has helped to make a total for this question with other hospitals",
        "ask these same hospitals: the difference of two totals would show a single one's share",
    ),
    "database": (DATA, "has no database file", "check sites.<name>.database and the environment variables in it"),
    "locked": (DATA, "has a database that another process holds open", "close the other program, then run again"),
    "corrupt": (DATA, "has a database file that DuckDB cannot read", "restore it, or write it with this version of DuckDB"),
    "permission": (DATA, "may not read its database or write beside it", "check the file permissions"),
    "busy": (DATA, "is already working for another run of this spec", "wait for it to end, then run again"),
    "disk": (DATA, "has no disk space left", "free space beside its database, then run again"),
    "memory": (
        DATA,
        "ran out of memory",
        "give it more memory, or ask for fewer columns; if it was training, for less `width` or `depth`",
    ),
    "diverged": (
        DATA,
        "cannot train on: its weights or its loss are not finite",
        "the weights before are kept; run again, or ask for fewer `rounds` or another seed",
    ),
    "package": (DATA, "lacks a package that training needs", 'install it there: pip install "wardloom[torch]"'),
    "table": (DATA, "has no such table", "check sites.<name>.schema, or the table's name"),
    "column": (DATA, "has no such column", "it may have been renamed at this hospital"),
    "type": (DATA, "has a column of another type", "change the staging model or the hospital's table"),
    "cast": (DATA, "has values that cannot be read as the type asked for", "clean them in the staging model"),
    "test": (GATE, "fails a dbt test", "run dbt build at the hospital to see the rows"),
    "bound": (GATE, "has rows beyond the contribution bound after bounding", "run `wardloom compile` again"),
    "marginals": (GATE, "has marginals that do not fit their queries", "run `wardloom compile` again"),
    "model": (DATA, "cannot build a dbt model", "run dbt build at the hospital to see the error"),
    "dbt": (DATA, "cannot run dbt", "run dbt build at the hospital to see the error"),
    "crash": (INTERNAL, "ended without an answer", "look at agent.log in the site's private folder"),
    "late": (DATA, "did not answer: it was stopped, or took too long", "run again; nothing is spent twice"),
}
NAME = re.compile(r"[\w .,()-]{0,128}")
FIELDS = ("table", "column", "expected", "found", "part")


class Trouble(Exception):
    """A reason of `CODES`, with names the spec or the dbt project contains."""

    def __init__(self, code: str, table: str = "", column: str = "", expected: str = "", found: str = "", part: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.table, self.column, self.expected, self.found, self.part = table, column, expected, found, part

    @property
    def exit(self) -> int:
        """The exit code of a run that this stops."""
        return CODES[self.code][0]

    def facts(self) -> dict[str, str]:
        """The code and the names that are set."""
        return {"code": self.code} | {f: getattr(self, f) for f in FIELDS if getattr(self, f)}

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """From what a site sent. Raises ValueError for an unknown code or for text that cannot be a name."""
        names = {f: str(facts.get(f, "")) for f in FIELDS}
        if facts.get("code") not in CODES or not all(NAME.fullmatch(n) for n in names.values()):
            raise ValueError("not a reason")
        return cls(str(facts["code"]), **names)

    def text(self, site: str) -> str:
        """For people: hospital, what, where, what helps."""
        _, what, helps = CODES[self.code]
        where = ", ".join(f"{f} {getattr(self, f)}" for f in ("table", "column", "part") if getattr(self, f))
        types = f" (expected {self.expected}, found {self.found})" if self.expected else ""
        return f"site {site} {what}{': ' + where if where else ''}{types}\n  {helps}"
