"""Masked diffusion over the columns of every patients' table, trained on sums over hospitals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from generators.diffusion.calibrate import calibrated
from generators.diffusion.chain import chain
from generators.diffusion.device import back, device, placed
from generators.diffusion.flat import views
from generators.diffusion.gradient import Rows, clipped, summed
from generators.diffusion.local import BATCH, cosine, train
from generators.diffusion.network import start
from generators.diffusion.root import Denoiser
from generators.diffusion.rows import MASKS, MOST, ByPatient
from generators.diffusion.sample import Tokens
from generators.diffusion.sheet import Sheet
from generators.marginal.code import Codes, code
from generators.marginal.learned import Learned
from generators.marginal.model import Model
from generators.marginal.structure import structure
from generators.optimise import ByAdam
from generators.rules import NoRules
from generators.trained import Coded, Floats, Weights
from specs.lang.types import Study

ROWS = 4096
"""Rows of all tables whose gradients are computed at once, about."""
STEPS = 400
"""Steps of training before the first round, per table. With more the root's network learns the noise of the histograms too."""
CHILD_STEPS = 1600
"""Those of a child table where rounds are single gradients, so that much of what is drawn is what was learned before them."""
PATIENTS = 32_768
"""Synthetic patients to train on before the first round; a quarter of them where they have child rows."""
FIRST = 3e-3
"""Largest learning rate before the first round, and of local passes."""
FAR = 0.02
"""How far noise alone may move a weight: steps are smaller where rounds are many."""
LEAST = 32
"""Steps of a local pass, at least, however few the rows."""


class Diffusion(ByAdam):
    """One network a table, and one flat vector of all their weights; the last weight is the share of local passes done."""

    def __init__(self, study: Study) -> None:
        self.study = study
        size = study.generator.width, study.generator.depth, study.generator.device
        self.device = device(study.generator.device)
        self.sheets = tuple(Sheet(plan, study.tables[plan.table].parent is None, *size) for plan in structure(study))
        # longer than most patients' gradients: with a smaller bound all have the same length, which rewards what is common
        self.clip = float(round(np.sqrt(study.generator.width * sum(sheet.network.columns for sheet in self.sheets))))
        self.rate = FAR / float(np.sqrt(study.generator.rounds))
        self._ends = np.cumsum([sheet.network.length for sheet in self.sheets])

    @property
    def length(self) -> int:
        """Number of weights."""
        return int(self._ends[-1]) + 1

    def begin(self, base: Model) -> Weights:
        """Weights (length,) from rows of `base`: networks that know what the marginal generator knows. Seeded by the study."""
        rng = np.random.default_rng([self.study.seed, 2])
        drawn = base.sample(PATIENTS // (4 if len(self.sheets) > 1 else 1), self.study.seed, NoRules())
        coded = code(self.study, drawn.tables, drawn.parents)
        found = []
        for sheet in self.sheets:
            steps = STEPS if self.study.averages or sheet.fine else CHILD_STEPS
            rates = [FIRST * cosine(step, steps) for step in range(steps)]
            tokens = sheet.tokens(coded[sheet.plan.table])
            flat = start(sheet.network, _marginals(sheet, tokens), self.study.seed).to(self.device)
            found.append(train(sheet, flat, placed(tokens, self.device), rates, rng) if len(tokens) else flat)
        return self._joined(found, 0.0)

    def gradient(self, weights: Weights, coded: Coded, clip: float, rng: np.random.Generator) -> Floats:
        """Sum over patients of their gradients (length,), over all tables' networks, each scaled to at most `clip` in L2.

        Masks, and which rows of a patient are looked at, are drawn for each patient independently of all others, not spread
        evenly over patients: that would let one patient's presence change the others' masks. Given the others' random
        numbers, which one patient more or less does not change in distribution, the sum moves by that patient's own term, at
        most `clip`. In 64-bit floats. A patient whose gradient is not finite counts as 0.
        """
        flats = [flat.double() for flat in self._parts(weights)]
        total = [torch.zeros_like(flat) for flat in flats]
        for rows, patients in self._portions(coded, rng):
            total = [a + b for a, b in zip(total, clipped(rows, flats, patients, clip), strict=True)]
        return np.append(back(torch.cat(total)), 0.0)

    def loss(self, weights: Weights, coded: Coded, rng: np.random.Generator) -> float:
        """Sum over patients of their losses, in nats: of masked columns of the own row and of rows of all child tables."""
        flats, total = self._parts(weights), 0.0
        with torch.no_grad():
            for rows, _ in self._portions(coded, rng):
                total += sum(float(summed(t, views(t.network.shapes, flat))) for t, flat in zip(rows, flats, strict=True))
        return total

    def _portions(self, coded: Coded, rng: np.random.Generator) -> Iterator[tuple[list[Rows], int]]:
        """All tables' rows of some patients after the other, with masks, and how many patients those are."""
        held = [ByPatient.of(sheet, coded[sheet.plan.table]) for sheet in self.sheets]
        patients = 1 + max(int(table.patient.max(initial=-1)) for table in held)
        size = max(1, ROWS // (MASKS + MOST * (len(held) - 1)))
        for low in range(0, patients, size):
            high = min(low + size, patients)
            yield [table.drawn(low, high, rng).to(self.device) for table in held], high - low

    def trained(self, weights: Weights, coded: Coded, rng: np.random.Generator) -> Weights:
        """Weights (length,) after a local pass: about one epoch, with a learning rate that falls from round to round."""
        rounds = self.study.generator.rounds
        done = min(max(round(float(weights[-1]) * rounds), 0), rounds - 1)
        peak, found = FIRST * cosine(done, rounds, 1), []
        for sheet, flat in zip(self.sheets, self._parts(weights), strict=True):
            tokens = sheet.tokens(coded[sheet.plan.table])
            rates = [peak] * max(len(tokens) // BATCH, LEAST)
            found.append(train(sheet, flat, placed(tokens, self.device), rates, rng) if len(tokens) else flat)
        return self._joined(found, (done + 1) / rounds)

    def learned(self, weights: Weights, base: Model) -> Learned:
        """What is drawn from: networks for all tables; how bins are shared by their parts is the base model's."""
        rng, sheet = np.random.default_rng([self.study.seed, 3]), self.sheets[0]
        flat, *parts = self._parts(weights)
        every = np.arange(PATIENTS // 2)
        aim = sheet.tokens(Codes(base.learned.root.draw(len(every), rng), every, every, every))
        root = Denoiser(sheet, back(calibrated(sheet, flat, aim, rng)), _coarse(sheet, base.learned.root.within))
        chains = zip(self.sheets[1:], map(back, parts), strict=True)
        return Learned(root, {s.plan.table: chain(s, part, base.learned.chains[s.plan.table].within) for s, part in chains})

    def _parts(self, weights: Weights) -> list[Tensor]:
        """Each table's weights."""
        if weights.shape != (self.length,):
            raise ValueError(f"weights must be ({self.length},)")
        return [placed(part.astype(np.float32), self.device) for part in np.split(weights[:-1], self._ends[:-1])]

    def _joined(self, parts: list[Tensor], done: float) -> Weights:
        return np.append(back(torch.cat(parts)), np.float32(done))


def _marginals(sheet: Sheet, tokens: Tokens) -> list[Floats]:
    """Shares of each predicted column's tokens, none 0."""
    columns = zip(sheet.predicted, tokens[:, sheet.network.context :].T, strict=True)
    counts = [np.bincount(codes[codes >= 0], minlength=column.size) + 0.1 for column, codes in columns]
    return [count / count.sum() for count in counts]


def _coarse(sheet: Sheet, within: Mapping[str, Floats]) -> dict[str, Floats]:
    """`within` of those variables that the network knows by bins only."""
    finely = {column.name.removesuffix("__fine") for column in sheet.predicted if column.codes}
    return {name: parts for name, parts in within.items() if name not in finely}
