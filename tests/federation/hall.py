"""A transport within the test's own process: messages can be lost, kept or changed on their way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from runners.site.agent import SiteAgent
from runners.transport.base import Answer, Heard

Change = Callable[[str, str, bytes], bytes | None]


def untouched(stage: str, site: str, data: bytes) -> bytes | None:
    return data


@dataclass
class Hall:
    """`there` and `back` change what is sent, or lose it (None); `seen` is all that was carried, in order."""

    agents: Mapping[str, SiteAgent]
    there: Change = untouched
    back: Change = untouched
    seen: list[tuple[str, str, bytes, bytes | None]] = field(default_factory=list)

    def exchange(
        self, run: str, round: str, stage: str, payloads: Mapping[str, bytes], deadline: float, heard: Heard
    ) -> Mapping[str, Answer]:
        answers: dict[str, Answer] = {}
        for site, body in payloads.items():
            answers[site] = self._carried(stage, site, body)
            heard(site, answers[site])
        return answers

    def _carried(self, stage: str, site: str, body: bytes) -> Answer:
        sent = self.there(stage, site, body)
        reply = self.agents[site].handle(sent) if sent is not None else None
        came = self.back(stage, site, reply) if reply is not None else None
        self.seen.append((stage, site, body, came))
        return Answer("missing") if came is None else Answer("reply", came)

    def stages(self, site: str) -> list[str]:
        """What a site was asked."""
        return [stage for stage, name, _, _ in self.seen if name == site]

    def close(self) -> None:
        """Nothing was started."""
