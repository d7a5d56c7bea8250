"""Draws of what is missing have the distribution that the classes imply, whatever is known."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from generators.impute import complete, posterior
from generators.marginal.mixture import Mixture
from generators.marginal.structure import structure
from tests.generators.studies import clinic

ROWS = 40_000


@pytest.fixture(scope="module", params=["single", "couples"])
def mixture(request) -> Mixture:
    """Five classes with shares of their own; the weight may be NULL, more often in some classes.

    With couples age and weight, sex and until hang together within classes too.
    """
    rng = np.random.default_rng(3)
    plan = structure(clinic())[0]
    size = {s.variable.name: s.variable.size for s in plan.steps}
    couples = [("weight", "age"), ("sex", "until")] if request.param == "couples" else []
    cliques = [*((v,) for v in size if not any(v in c for c in couples)), *couples]
    shapes = {c: [size[v] for v in c] for c in cliques}
    shares = {c: rng.dirichlet(np.full(np.prod(shape), 0.5), 5).reshape(5, *shape) for c, shape in shapes.items()}
    return Mixture(plan, rng.dirichlet(np.ones(5)), shares, {})


def wanted(mixture: Mixture, known: dict[str, int], variable: str) -> np.ndarray:
    """p(variable | known), by the definition: sums over classes of joint probabilities, cell by cell."""
    found = np.zeros(mixture.margins[variable].shape[1])
    for code in range(len(found)):
        fixed = known | {variable: code}
        each = mixture.weight.copy()
        for clique, shares in mixture.shares.items():
            at = tuple(fixed.get(v, slice(None)) for v in clique)
            each = each * shares[:, *at].reshape(len(each), -1).sum(1)
        found[code] = each.sum()
    return found / found.sum()


def check(codes: np.ndarray, shares: np.ndarray) -> None:
    found = np.bincount(codes, minlength=len(shares)) / len(codes)
    assert (np.abs(found - shares) < 5 * np.sqrt(shares * (1 - shares) / len(codes)) + 1e-3).all()


def test_a_network_keeps_what_is_known_and_draws_values_where_they_are_asked_for():
    pytest.importorskip("torch")
    from generators.diffusion.root import Denoiser
    from generators.diffusion.sheet import Sheet

    rng = np.random.default_rng(0)
    sheet = Sheet(structure(clinic())[0], True, 8, 1)
    root = Denoiser(sheet, rng.normal(0, 0.3, sheet.network.length).astype(np.float32), {})
    sex = np.where(rng.random(2000) < 0.5, -1, 1)
    free = complete(root, {"sex": sex}, (), 2000, np.random.default_rng(1))
    asked = complete(root, {"sex": sex}, ("weight",), 2000, np.random.default_rng(1))
    null = next(s for s in root.plan.steps if s.variable.name == "weight").domain.values
    assert (free["sex"][sex == 1] == 1).all() and (free["sex"] == 0).any()
    assert (free["weight"] == null).any() and (asked["weight"] < null).all()


@pytest.mark.parametrize(("sex", "age"), list(product((0, 1), (2, 7))))
def test_missing_given_known(mixture, sex, age):
    known = {"sex": np.full(ROWS, sex), "age": np.full(ROWS, age)}
    found = complete(mixture, known, (), ROWS, np.random.default_rng(1))
    assert (found["sex"] == sex).all() and (found["age"] == age).all()
    for variable in ("weight", "until", "visit__count"):
        check(found[variable], wanted(mixture, {"sex": sex, "age": age}, variable))


def test_two_missing_columns_hang_together(mixture):
    found = complete(mixture, {"sex": np.ones(ROWS, np.int64)}, (), ROWS, np.random.default_rng(2))
    for age in (1, 5):
        check(found["until"][found["age"] == age], wanted(mixture, {"sex": 1, "age": age}, "until"))


def test_rows_know_different_things(mixture):
    age = np.where(np.arange(ROWS) % 2, 4, -1)
    found = complete(mixture, {"age": age}, (), ROWS, np.random.default_rng(3))
    check(found["until"][1::2], wanted(mixture, {"age": 4}, "until"))
    check(found["age"][::2], wanted(mixture, {}, "age"))


def test_gaps_are_filled_with_values_as_if_there_always_was_one(mixture):
    found = complete(mixture, {"weight": np.full(ROWS, -1)}, ("weight",), ROWS, np.random.default_rng(4))
    shares = wanted(mixture, {}, "weight")
    check(found["weight"], np.append(shares[:-1] / shares[:-1].sum(), 0.0))
    age = sum(shares[c] / shares[:-1].sum() * wanted(mixture, {"weight": c}, "age") for c in range(len(shares) - 1))
    check(found["age"], age)


def test_with_nothing_known_classes_are_as_heavy_as_they_are(mixture):
    assert np.allclose(np.exp(posterior(mixture, {}, (), 3)), mixture.weight)
