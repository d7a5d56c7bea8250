"""A study over NVFLARE on one machine: time to start, time of each stage, a message's way, and memory.

    python tests/benchmarks/federation.py specs/nafld.yml --out results.json

Runs the study with `wardloom federation up`'s own parts. Memory is the largest resident size that was seen, by process;
stages are wall seconds of one exchange with all sites, `sums` with dbt.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

import runners.loopback as loopback
from runners.transport.nvflare.transport import Nvflare

MOMENT = 0.1


class Watch(threading.Thread):
    """Looks at the memory of all processes below this one."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most: dict[str, int] = {}
        self.over = threading.Event()

    def run(self) -> None:
        """Until it is over."""
        while not self.over.wait(MOMENT):
            for process in psutil.Process().children(recursive=True):
                try:
                    words, size = process.cmdline(), process.memory_info().rss
                except psutil.Error:
                    continue
                kind = next((k for k in ("server_train", "client_train", "runners.site") if any(k in w for w in words)), "")
                if kind:
                    self.most[kind] = max(self.most.get(kind, 0), size)


def timed(stages: dict[str, float], ways: list[float]) -> None:
    """Notes how long each exchange takes; before the first, how long it takes to be there at all."""
    exchange = Nvflare.exchange

    def noted(self: Nvflare, run: str, round: str, stage: str, payloads: Any, deadline: float, heard: Any) -> Any:
        start = time.monotonic()
        if self.process is None:
            exchange(self, run, round, stage, dict.fromkeys(payloads, b"hello"), deadline, lambda site, answer: None)
            stages["start"] = time.monotonic() - start
            for _ in range(20):
                start = time.monotonic()
                exchange(self, run, round, stage, dict.fromkeys(payloads, b"hello"), deadline, lambda site, answer: None)
                ways.append(time.monotonic() - start)
            start = time.monotonic()
        found = exchange(self, run, round, stage, payloads, deadline, heard)
        stages[stage] = time.monotonic() - start
        return found

    Nvflare.exchange = noted  # type: ignore[method-assign]


def main() -> None:
    """Runs the study once and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", type=Path)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    stages: dict[str, float] = {}
    ways: list[float] = []
    timed(stages, ways)
    watch = Watch()
    watch.start()
    begun = time.monotonic()
    loopback.loopback(args.spec, quiet=True)
    whole = time.monotonic() - begun
    watch.over.set()
    found = {
        "machine": platform.machine(),
        "versions": {name: version(name) for name in ("nvflare", "grpcio", "duckdb", "dbt-core")},
        "whole_s": round(whole, 1),
        "stage_s": {name: round(seconds, 2) for name, seconds in stages.items()},
        "message_to_all_and_back_s": {"median": round(statistics.median(ways), 4), "max": round(max(ways), 4)},
        "most_memory_mb": {kind: size >> 20 for kind, size in watch.most.items()},
    }
    Path(args.out).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
