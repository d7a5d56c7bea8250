"""What was seen, in the text form of Prometheus. Tests list every name and label, so that none slips in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from runners.service.seen import Seen

__all__ = ["CONTENT_TYPE", "text"]

CHECKS = {
    "spec": "1 when the spec can be read.",
    "database": "1 when the database file is there.",
    "ledger": "1 when the ledger verifies and fits the audit log.",
    "audit": "1 when the audit log verifies and fits the ledger.",
}


def text(seen: Seen) -> bytes:
    """The document that Prometheus reads."""
    return generate_latest(Families(seen))


@dataclass(frozen=True)
class Families(Collector):
    """The metrics of one look; nothing of this process (memory, threads) is among them."""

    seen: Seen

    def collect(self) -> Iterator[Metric]:
        """In the order in which people read them."""
        seen = self.seen
        yield _by("build_info", "Version of Wardloom.", "version", {_version(): 1})
        for name, good in seen.checks.items():
            yield GaugeMetricFamily(f"wardloom_{name}_ok", CHECKS[name], int(good))
        if seen.approved is not None:
            about = "1 when the site's steward has approved what would run now, or need not."
            yield GaugeMetricFamily("wardloom_approved", about, int(seen.approved))
        yield _counted("answers", "Messages with sums, or that help to unmask a total, that left.", "stage", seen.answers)
        yield _counted("refusals", "Signed requests that were refused.", "code", seen.refusals)
        yield _by("rho_spent", "Privacy spent, as zCDP rho.", "data_version", seen.spent)
        yield _by("rho_left", "Privacy that may still be spent, as zCDP rho.", "data_version", seen.left)
        yield _stages(seen.stages)


def _by(name: str, about: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"wardloom_{name}", about, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


def _counted(name: str, about: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(f"wardloom_{name}", about, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


def _stages(states: Mapping[str, str]) -> Metric:
    about = "1 for what has become of each stage of the latest run: waiting, running, done or failed."
    family = GaugeMetricFamily("wardloom_stage", about, labels=["stage", "state"])
    for stage, state in states.items():
        family.add_metric([stage, state], 1)
    return family


def _version() -> str:
    try:
        return version("wardloom")
    except PackageNotFoundError:
        return "0"
