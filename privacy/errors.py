"""What the door says when it does not open."""

from __future__ import annotations


class Refused(Exception):
    """A site does not answer. `site` is its name, `reason` a sentence for people; neither holds a value of a patient."""

    def __init__(self, site: str, reason: str):
        super().__init__(site, reason)
        self.site = site
        self.reason = reason

    def __str__(self) -> str:
        return f"site {self.site} refused: {self.reason}"


class LedgerBroken(Refused):
    """The site's ledger cannot be trusted: nothing is answered until its steward has mended it."""
