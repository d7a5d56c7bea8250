"""What a request asks of a site, by the site's own copy of the spec: queries, its own noise, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from generators.marginal.structure import queries as queries_of
from privacy.accountant import NARROWEST
from privacy.query import Query, digest
from runners.noise import cost, noisy_sites, spend_of
from runners.site.message import Request
from runners.site.purse import Purse
from runners.site.training import Held
from runners.site.trouble import Trouble
from runners.task import Task, measured, share, task_of, tried
from specs.lang.types import Site, Study


@dataclass(frozen=True)
class Terms:
    """What is asked, the variance of this site's own noise, and what it costs, by its own reckoning.

    `task` is a round of training, None for the study's histograms.
    """

    queries: tuple[Query, ...]
    own: Fraction
    purse: Purse
    task: Task | None = None


def terms_of(site: Site, study: Study, held: Held, request: Request) -> Terms:
    """Raises Trouble for anything that the study does not ask of this site."""
    if request.site != site.name:
        raise Trouble("round")
    if request.spec != study.digest:
        raise Trouble("spec")
    asked, task = _asked(study, held, request)
    if request.queries != digest(asked):
        raise Trouble("queries")
    own = cost(study, asked, request.share)[1] / noisy_sites(study)
    if study.privacy.budget and own < NARROWEST:
        raise Trouble("noise")
    return Terms(asked, own, Purse(site, study, spend_of(study, site, request.run, asked, request.share)), task)


def _asked(study: Study, held: Held, request: Request) -> tuple[tuple[Query, ...], Task | None]:
    """The study's histograms, or a round of training, each at its own share of the budget."""
    try:
        task = task_of(study, request.body)
    except ValueError:
        raise Trouble("queries") from None
    if request.share != (share(study, task.trial) if task else measured(study)):
        raise Trouble("queries")  # the same question at another share would be answered in another total
    if task is None:
        return queries_of(study), None
    return (task.query(study, held.generator(tried(study, task.trial)).moving),), task
