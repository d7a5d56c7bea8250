"""`wardloom site approve`: what a study would read, ask and spend here; then the steward's signature under it."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from runners.commands.base import command
from runners.commands.here import add_spec_here, budget_of, day_of, study_here
from runners.errors import FINE, WRONG, Stop
from runners.out import emit, say, table

if TYPE_CHECKING:
    from runners.site.agree import Agreement

NOTES = """signed are the digests of the spec, of its queries and of all dbt files that will run here (macros and settings
included), the purpose, the last day and the budget. Read those files: they are what sees patients. Change one of them,
or the spec, and the site refuses until it is approved again. Without --yes it asks before it signs.
"""


def add(actions: Any) -> None:
    """Declares the action."""
    example = "wardloom site approve specs/nafld.yml --site north --expires 2027-12-31"
    found = command(actions, "approve", "show what a study would do here, and sign an approval", example, NOTES)
    add_spec_here(found)
    found.add_argument("--budget", type=budget_of, metavar="EPSILON,DELTA", help="most it may claim (default: what it asks)")
    found.add_argument("--expires", type=day_of, metavar="DAY", help="last day on which it may run (default: the spec's)")
    found.add_argument("--purpose", default="", metavar="TEXT", help="what for, where the spec does not say")
    found.add_argument("--queries", action="store_true", help="list every query")
    found.add_argument("--yes", action="store_true", help="sign without asking")


def run(args: argparse.Namespace) -> int:
    """Shows, asks, signs."""
    study, site = study_here(args)
    from runners.site.agree import agreement, sign

    found = agreement(study, site, args.purpose, args.expires, args.budget)
    if not args.json:
        say(*_lines(found, args.queries))
    signed = args.yes or _agreed(args)
    line = sign(found).number if signed else None
    if args.json:
        emit({**_document(found), "signed": line})
    elif line:
        say("", f"approved: line {line} of the audit log of {site.name}")
    else:
        say("", "nothing was signed")
    return FINE


def _agreed(args: argparse.Namespace) -> bool:
    if args.json:
        return False
    if not sys.stdin.isatty():
        raise Stop(WRONG, "nothing was signed: there is nobody to ask\n  add --yes when all of this has been read")
    return input("\nsign this? [y/N] ").strip().lower() in ("y", "yes")


def _lines(found: Agreement, every: bool) -> list[str]:
    study, approval = found.study, found.approval
    consent = study.governance.consent
    lines = [
        f"study    {study.name} (spec {study.digest})",
        f"site     {found.site.name}, data version {found.site.data_version}",
        f"purpose  {approval.purpose}",
        f"expires  {approval.expires or 'never'}",
        "",
        "what is read, of this hospital's database:",
        *(f"  {want.table}: {', '.join(want.columns)}" for want in found.reads),
        f"consent  only patients with a row in {consent.table} where {consent.where}" if consent else "consent  everyone counts",
        "",
        "what leaves: sums over all patients of bounded integer vectors, masked and with noise",
        *_questions(found, every),
        "",
        *_budget(found),
        "",
        f"dbt files that will run here (digest {approval.sql}):",
        *(f"  {sha256[:12]}  {path}" for path, sha256 in found.files.items()),
    ]
    return lines


def _questions(found: Agreement, every: bool) -> list[str]:
    from runners.task import asked, rounds

    queries = found.queries
    lines = [
        f"  {len(queries)} histograms, {sum(q.cells for q in queries)} cells (queries {found.approval.queries})",
        f"  one patient with all rows moves all of them together by at most {found.bound:.4g} patients (L2)",
    ]
    if found.study.privacy.budget:
        noise = f"this site's own {found.own:.4g}, in the sum of all sites {found.total:.4g}"
        lines.append(f"  noise in each cell, standard deviation in patients: {noise}")
    for later in rounds(found.study):
        name = found.study.generator.name
        lines.append(f"  then {later.number} rounds of training of the generator {name}, in each {asked(found.study)}")
        if found.study.privacy.budget:
            lines.append(f"  noise in each: {later.noise:.3g} times what one patient with all rows can move it by (L2)")
    if every:
        rows = [[q.name, ", ".join(q.columns), "x".join(map(str, q.shape)), q.scale] for q in queries]
        lines += table(["query", "columns", "shape", "bound (1024 = one patient)"], rows, "  ")
    return lines


def _budget(found: Agreement) -> list[str]:
    asks, left = found.study.privacy.budget, found.left
    if asks is None or left.budget is None:
        return [f"privacy  NONE: exact sums leave the site, because: {found.study.privacy.none}"]
    paid = " (this study is paid for already)" if left.booked else ""
    given = found.approval.budget or asks
    lines = [
        f"privacy  one {found.study.privacy.unit} with all rows: epsilon {asks.epsilon:g}, delta {asks.delta:g}",
        f"         approved up to epsilon {given.epsilon:g}, delta {given.delta:g}",
        f"budget   epsilon {left.epsilon_left:.4g} left for this data version, {found.after:.4g} afterwards{paid}",
    ]
    noted = [f"         {left.note}"] if left.note else []
    return [*lines, *noted, *([f"         it would be refused: {left.trouble}"] if left.trouble else [])]


def _document(found: Agreement) -> dict[str, Any]:
    from runners.site.sent import shown
    from runners.task import rounds

    asks = found.study.privacy.budget
    return {
        "approval": found.approval.facts(),
        "site": found.site.name,
        "data_version": found.site.data_version,
        "reads": {want.table: list(want.columns) for want in found.reads},
        "queries": [shown(query) for query in found.queries],
        "training": [asdict(trial) for trial in rounds(found.study)],
        "l2_bound_patients": found.bound,
        "epsilon": asks.epsilon if asks else None,
        "delta": asks.delta if asks else None,
        "noise_std_patients": {"own": found.own, "total": found.total},
        "epsilon_left": {"before": found.left.epsilon_left, "after": found.after},
        "would_refuse": found.left.trouble,
        "files": dict(found.files),
    }
