"""Problems found so far in one document."""

from __future__ import annotations

from specs.lang.document import Document, Path, pointer
from specs.lang.problems import Problem, SpecError


class Notes:
    """Collects problems, so that a user sees all of them at once."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def say(self, path: Path, message: str, hint: str = "", key: bool = False, inside: int = 0) -> None:
        """Notes a problem with the part at `path`; `key` points at its key, `inside` that many characters into its text."""
        place = self.document.inside(path, inside) if inside else self.document.place(path, key)
        self.problems.append(Problem(place, message, pointer(path), hint))

    def stop(self) -> None:
        """Raises SpecError when there are problems."""
        if self.problems:
            raise SpecError(self.problems)
