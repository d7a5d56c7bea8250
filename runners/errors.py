"""How a command ends when it does not end well: one message, one exit code, never a traceback."""

from __future__ import annotations

from typing import Any

FINE = 0
WRONG = 1
"""The spec or the command line is wrong."""
REFUSED = 2
"""A site refused: its budget is used up, or it knows another spec."""
DATA = 3
"""Data or database trouble at a site, or on the machine of the release."""
GATE = 4
"""A gate or a dbt test failed."""
INTERNAL = 5
"""An error of Wardloom itself."""
INTERRUPTED = 130

NO_TABLES = "{} finds bins: it has no tables"
"""Of a study, by name, whose tables somebody asks for."""

EXITS = """exit codes: 0 fine; 1 the spec or the command line is wrong; 2 a site refused (budget, approval);
3 data or database trouble at a site; 4 a gate or a dbt test failed; 5 internal error; 130 interrupted"""


class Stop(Exception):
    """Ends a command with `code`. `message` may have several lines and holds no value from a patient's row.

    `facts` are the same in fields, for `--json`.
    """

    def __init__(self, code: int, message: str, facts: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.facts = facts or {}

    def __reduce__(self) -> tuple[type[Stop], tuple[int, str, dict[str, Any]]]:
        """So that it can come from another process."""
        return Stop, (self.code, self.message, self.facts)
