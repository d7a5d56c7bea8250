"""Three sites that can train, in the test's own process: dbt's part is done, rows are in their memory."""

import numpy as np

from generators.frame import Sample, Series, known
from generators.marginal.code import code
from generators.trains import trainable
from runners.coordinator import FederatedDoor
from runners.places import private_of
from runners.site.agent import SiteAgent
from runners.site.training import Held
from specs.lang.types import Generator
from tests.federation.hall import Hall
from tests.runners.small import make_hospital

FEW = Generator("diffusion", measure=0.5, rounds=3, width=8, depth=1)


def rows(study, seed):
    """Code columns of thirty patients, each with two labs."""
    rng = np.random.default_rng(seed)
    sex = Series(rng.integers(0, 2, 30), np.zeros(30, bool), ("F", "M"))
    test = Series(rng.integers(0, 2, 60), np.zeros(60, bool), ("hdl", "sbp"))
    patient = {"age": known(rng.integers(0, 100, 30)), "sex": sex}
    lab = {"days": known(rng.integers(0, 1000, 60)), "test": test}
    sample = Sample({"patient": patient, "lab": lab}, {"lab": np.repeat(np.arange(30), 2)}, {})
    return code(study, sample.tables, sample.parents)


def federation(study, tmp_path, **changed):
    """A door to three sites with thirty patients each; dbt's part is done."""
    agents = {}
    for seed, site in enumerate(study.sites.values()):
        make_hospital(site)
        held = Held()
        held.keep(study, site, rows(study, seed))
        agents[site.name] = SiteAgent(site, study, private_of(site, study), held=held)
    return FederatedDoor(study, Hall(agents), tmp_path / "run", "r1", warn=lambda text: None, **changed)


def weights(study, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, trainable(study).length).astype(np.float32)
