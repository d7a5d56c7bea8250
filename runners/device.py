"""Whether the device that a spec asks for is on this machine."""

from __future__ import annotations

from pathlib import Path

from generators.arrays import arrays
from specs.lang.document import document
from specs.lang.problems import Problem, SpecError
from specs.lang.text import load
from specs.lang.types import Study


def check_device(study: Study) -> None:
    """Raises SpecError, with its place, where the spec says `gpu` and this machine has none that the generator can use.

    It is the coordinator's machine that is looked at: a hospital takes a GPU if it has one (`generators.diffusion.device`).
    """
    if study.generator.device != "gpu":
        return
    if study.generator.trains:
        from generators.diffusion.device import gpu_there

        there, with_ = gpu_there(), "a Torch that is made for it (pytorch.org says which)"
    else:
        there, with_ = _cupy(), 'pip install "wardloom[gpu]"'
    if not there:
        where = document(study.file, load(Path(study.file))).place(("generator", "device"))
        hint = f"say `auto`, which takes the CPU here; a GPU needs {with_}"
        raise SpecError([Problem(where, "no GPU found on this machine", "/generator/device", hint)])


def _cupy() -> bool:
    try:
        arrays("gpu")
    except RuntimeError:
        return False
    return True
