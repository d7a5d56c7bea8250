"""The only thing a transport does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class Answer:
    """What came back from one site: its bytes, or that it turned the message away, or that nothing came in time."""

    state: Literal["reply", "refused", "missing"]
    body: bytes = b""


Heard = Callable[[str, Answer], None]
"""Called with a site's name and its answer as soon as it is there."""


class Transport(Protocol):
    """Carries one message to each site and one back."""

    def exchange(
        self, run: str, round: str, stage: str, payloads: Mapping[str, bytes], deadline: float, heard: Heard
    ) -> Mapping[str, Answer]:
        """One answer per site of `payloads`, at most `deadline` seconds later."""
        ...

    def close(self) -> None:
        """Ends what it has started; there are no more messages."""
        ...
