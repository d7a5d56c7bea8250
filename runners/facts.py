"""The facts of a run: what a reader of the release should know first."""

from __future__ import annotations

import datetime
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from runners.noise import cost
from runners.run import Run


def basics(run: Run) -> dict[str, Any]:
    """What was asked of whom, and what it cost."""
    assert run.sums
    budget = run.study.privacy.budget
    said = f"one {run.study.privacy.unit} with all rows, add or remove" if budget else f"none: {run.study.privacy.none}"
    return {
        "spec": run.study.name,
        "digest": run.study.digest,
        "run": run.door.run,
        "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "wardloom": _version(),
        "privacy": said,
        "epsilon": budget.epsilon if budget else None,
        "delta": budget.delta if budget else None,
        "rho": cost(run.study, run.asked, 1.0)[0],
        "queries": len(run.asked),
        "noise_std_patients": max(run.sums.std.values(), default=0.0),
        "sites": list(run.sums.sites),
        "data_versions": data_versions(run),
        "generator": run.study.generator.name,
    }


def facts(run: Run) -> dict[str, Any]:
    """All that is known of a run whose tables are written."""
    assert run.tally and run.compared and run.model
    return basics(run) | {
        "adds_to": {k: run.earlier.facts[k] for k in ("run", "digest", "epsilon", "delta")} if run.earlier else None,
        "couples": [list(couple) for couple in run.model.learned.couples],
        "training": run.training,
        "rows": dict(run.tally.rows),
        "quality": [asdict(level) for level in run.compared.levels],
        "rejected": {name: round(share, 6) for name, share in run.tally.rejected.items()},
    }


def data_versions(run: Run) -> dict[str, list[str]]:
    """By hospital the names of all batches of patients in the sums."""
    found: dict[str, list[str]] = dict(run.earlier.facts.get("data_versions", {})) if run.earlier else {}
    here = {site: run.study.sites[site].data_version for site in run.present}
    return found | {site: [*found.get(site, []), version] for site, version in here.items()}


def _version() -> str:
    try:
        return version("wardloom")
    except PackageNotFoundError:
        return "0"
