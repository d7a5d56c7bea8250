"""The generators that train, by name. Torch is imported only when one is asked for."""

from __future__ import annotations

from generators.trained import Trainable
from specs.lang.corrects import corrects
from specs.lang.types import Study


def trainable(study: Study) -> Trainable:
    """The study's generator. Raises ImportError when the packages it needs are not installed."""
    match study.generator.name:
        case "diffusion":
            if corrects("diffusion", study.privacy, study.tables):
                from generators.correction.correction import Correction

                return Correction(study)
            from generators.diffusion.diffusion import Diffusion

            return Diffusion(study)
        case "timeline":
            from generators.timeline.timeline import Transformer

            return Transformer(study)
        case "ctgan":
            from generators.ctgan.ctgan import Ctgan

            return Ctgan(study)
        case "tvae":
            from generators.tvae.tvae import Tvae

            return Tvae(study)
    raise ValueError(f"{study.generator.name} does not train")
