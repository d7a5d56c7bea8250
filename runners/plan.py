"""What a run would ask, spend and reach, and what would stop it: from public facts and ledgers alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generators.marginal.plan import Plan
from generators.marginal.structure import queries
from privacy.accountant import NARROWEST
from privacy.query import UNIT, Query
from runners import before
from runners.coordinator import answer_of
from runners.estimate import Estimate, estimate
from runners.expected import Expected, average, expected
from runners.ledgers import Left, left_at
from runners.noise import cost, noisy_sites, total_std
from runners.places import Places
from runners.site import approval, preflight
from runners.site.trouble import Trouble
from runners.task import measured
from specs.lang.types import Site, Study


@dataclass(frozen=True)
class Outlook:
    """Everything `wardloom plan` prints."""

    study: Study
    patients: int
    rho: float
    std: float
    marginals: tuple[Expected, ...]
    budgets: tuple[Left, ...]
    warnings: tuple[str, ...]
    stops: tuple[str, ...]
    estimate: Estimate


def outlook(study: Study) -> Outlook:
    """Raises nothing for what would stop a run: that is in `stops`."""
    asked = queries(study)
    rho, variance = cost(study, asked, measured(study))
    std = total_std(study, variance, len(study.sites)) / UNIT
    patients = 0 if study.generator.finds_bins else study.rows.get(study.root.name, 0)
    budgets = tuple(left_at(site, study, asked) for site in study.sites.values())
    marginals = tuple(expected(q, std * UNIT / q.scale, patients, q.table != study.root.name) for q in asked)
    return Outlook(
        study,
        patients,
        rho,
        std,
        marginals,
        budgets,
        (*warnings(study), *(f"site {b.site}: {b.note}" for b in budgets if b.note)),
        stops(study, budgets),
        estimate(study, asked, patients),
    )


def warnings(study: Study) -> tuple[str, ...]:
    """What a reader should know before running."""
    found = []
    sites = len(study.sites)
    if study.privacy.budget is None:
        found.append(f"no privacy: exact sums leave the sites, because: {study.privacy.none}")
    if sites == 1:
        found.append("one site: its noised sums are visible to whoever runs this")
    if sites == 2:
        found.append("two sites cannot hide from each other: each can subtract its own share from the sum")
    if sites > 1:
        found.append("a patient known to two hospitals is counted, and protected, by each of them alone")
    if study.privacy.budget and study.privacy.budget.epsilon > 10:
        found.append(f"epsilon {study.privacy.budget.epsilon:g} is a weak promise")
    if study.federation.dropouts + study.federation.colluders >= sites:
        found.append("dropouts and colluders together leave no site whose noise counts: one is taken")
    return tuple(found)


def stops(study: Study, budgets: Sequence[Left]) -> tuple[str, ...]:
    """What would stop a run; where nobody would be asked any more, no site can."""
    asked = queries(study)
    found = before.problems(study, asked)
    if _all_answered(study, asked):
        return tuple(found)
    found += [why for site in study.sites.values() if (why := _unable(site, study))]
    found += [f"site {b.site}: {b.trouble}" for b in budgets if b.trouble]
    own = cost(study, asked, measured(study))[1] / noisy_sites(study)
    if study.privacy.budget and own < NARROWEST:
        found.append("each site's own noise would be too narrow to add up: lower epsilon")
    return tuple(found)


def _all_answered(study: Study, asked: tuple[Query, ...]) -> bool:
    """Whether the run that would go on keeps all that it needs from the sites."""
    from runners.run import name_of
    from runners.trial import trained

    places = Places(study)
    folder = places.run(name_of(study, places, asked))
    kept = answer_of(folder, asked, measured(study)).exists()
    return kept and (not study.generator.trains or trained(study, folder))


def _unable(site: Site, study: Study) -> str:
    """Why a site would say no, by its own checks; empty when it would not. Its database's schema is looked at, no row."""
    if not Path(site.database).is_file():
        return f"site {site.name}: no database file {site.database}"
    try:
        approval.check(site, study)
        preflight.check(site, study)
    except Trouble as trouble:
        return trouble.text(site.name)
    return ""


def by_table(plans: Sequence[Plan], marginals: Sequence[Expected]) -> list[dict[str, Any]]:
    """Per table: queries, cells and the mean error of its marginals of one, two and three columns, as an interval."""
    rows = []
    for plan in plans:
        mine = [m for m in marginals if m.table == plan.table]
        row: dict[str, Any] = {"table": plan.table, "queries": len(mine), "cells": sum(m.cells for m in mine)}
        for ways in (1, 2, 3):
            errors = [m.error for m in mine if len(m.columns) == ways and m.error is not None]
            row[f"error_{ways}"] = average(ways, errors) if errors else None
        rows.append(row)
    return rows
