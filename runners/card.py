"""The model card of a release (Mitchell et al. 2019, arXiv 1810.03993): what was learned, from what, for whom, and how good."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from runners.files import write_text
from specs.lang.types import Study

CARD = "card.md"
WHAT = {
    "marginal": "latent classes for patients, chains of log-linear conditionals for the rows below them",
    "copula": "a Gaussian copula for patients, chains of log-linear conditionals for the rows below them",
    "diffusion": "masked discrete diffusion, one network a table",
    "timeline": "a transformer over each patient's rows of all tables",
    "ctgan": "a conditional GAN (Xu et al. 2019) for patients, chains of log-linear conditionals for the rows below them",
    "tvae": "a variational autoencoder (Xu et al. 2019) for patients, chains of log-linear conditionals for the rows below them",
}


def write_card(study: Study, facts: Mapping[str, Any], release: Path) -> Path:
    """Markdown in the folder `release`, from the facts of the run: all of it is public."""
    parts = (_head(study, facts), _learned(facts), _training(facts), _quality(facts), _use(study))
    write_text(release / CARD, "\n".join(line for part in parts for line in part) + "\n")
    return release / CARD


def _head(study: Study, facts: Mapping[str, Any]) -> Iterator[str]:
    yield f"# {study.name}: model card"
    yield ""
    if study.about:
        yield from (html.escape(study.about), "")
    yield from ("| | |", "|---|---|")
    yield f"| spec | `{facts['digest']}` |"
    yield f"| run | `{facts['run']}`, {facts['made']}, Wardloom {facts['wardloom']} |"
    yield f"| generator | `{facts['generator']}`: {WHAT[facts['generator']]} |"
    yield f"| privacy | {facts['privacy']} |"
    if facts["epsilon"] is not None:
        yield f"| budget | epsilon {facts['epsilon']:g}, delta {facts['delta']:g} (rho {facts['rho']:.6f}) |"
    yield f"| purpose | {_cell(study.governance.purpose) or 'not said in the spec'} |"


def _cell(text: str) -> str:
    """Words of the spec in a table: neither HTML nor the end of a cell or of its row."""
    return " ".join(html.escape(text).replace("|", "\\|").split())


def _learned(facts: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", "## Learned from", "")
    for site in facts["sites"]:
        yield f"- {site}, data version {', '.join(facts['data_versions'].get(site, []))}"
    if facts["adds_to"]:
        yield f"- the noised sums of run {facts['adds_to']['run']}"
    noise = facts["noise_std_patients"]
    yield f"- {facts['queries']} histograms, noise of at most {noise:.3g} patients in a cell" if noise else "- exact histograms"
    if facts.get("couples"):
        couples = ", ".join(" with ".join(f"`{name}`" for name in couple) for couple in facts["couples"])
        yield f"- taken as one column each, for the histograms say they hang together: {couples}"


def _training(facts: Mapping[str, Any]) -> Iterator[str]:
    training = facts.get("training")
    if not training:
        return
    yield from ("", "## Training", "")
    kind = "rounds of federated averaging" if training["federated"] == "averaging" else "sums of gradients of all patients"
    kind = "sums of clipped gradients of all patients" if facts["epsilon"] is not None else kind
    yield f"- {training['rounds']} {kind}, after a start from rows of the histograms' model"
    if facts["epsilon"] is not None:
        yield f"- noise in each: {training['noise']:.3g} times what one patient with all rows can move it by"
    if training["losses"]:
        yield f"- patients' mean loss in each round, before its step: {', '.join(f'{loss:.4g}' for loss in training['losses'])}"
    if training["trials"] > 1:
        yield f"- the closest to the noised sums of {training['trials']} trials, which shared the budget"
    size = f"{training['weights']:,} weights, width {training['width']}, depth {training['depth']}"
    if training["moving"] < training["weights"]:
        size = f"a correction of the histograms' model, {training['moving']} numbers a round"
    yield f"- {size} (SHA-256 `{training['sha256']}`)"


def _quality(facts: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", "## How close", "", "Mean total variation distance from the noised sums; more in `report.html`.", "")
    yield from ("| columns | tables | distance | noise alone |", "|---|---|---|---|")
    for level in facts["quality"]:
        yield f"| {level['ways']} | {level['queries']} | {_percent(level['tvd'])} | {_percent(level['noise'])} |"


def _use(study: Study) -> Iterator[str]:
    yield from ("", "## Use", "")
    yield "For development, teaching, method work and first looks. Confirm findings that matter at the hospitals."
    yield "Patterns of four columns and more, rare values and single rows are the model's guess."
    if study.privacy.budget is None:
        yield "**No privacy was asked for: nothing protects a patient.**"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2g} %"
