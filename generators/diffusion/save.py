"""A model or a checkpoint as two files: tensors (safetensors, no pickles) and what they mean (JSON)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load as tensors_of
from safetensors.torch import save as bytes_of

from generators.diffusion.network import Network
from generators.diffusion.optimise import State
from generators.diffusion.tokens import Column, column_json, column_of

FACTS = "diffusion.json"
AGAIN = "copy the folder again from where it was saved"


class Damaged(ValueError):
    """A saved model that is not what was saved."""


@dataclass(frozen=True)
class Model:
    """A network, what its columns mean, the order they are drawn in, and where its training stands."""

    columns: tuple[Column, ...]
    network: Network
    order: tuple[int, ...]
    state: State


def save(folder: Path, model: Model) -> None:
    """Writes both files. The tensors' name is their digest and the JSON is replaced last, in one step: killed at any point,
    the folder holds either this model or the one before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = model.state
    named = {"weights": state.weights, "first": state.first, "second": state.second, "average": state.average}
    tensors = bytes_of({name: tensor.detach().contiguous() for name, tensor in named.items()})
    facts: dict[str, Any] = {
        "columns": [column_json(column) for column in model.columns],
        "network": asdict(model.network),
        "order": list(model.order),
        "step": state.step,
        "tensors": hashlib.sha256(tensors).hexdigest(),
    }
    path = _tensors(folder, facts["tensors"])
    _write(path, tensors)
    _write(folder / FACTS, json.dumps(facts | {"digest": _digest(facts)}, indent=1).encode())
    for old in folder.glob("diffusion-*.safetensors"):
        if old != path:
            old.unlink()


def load(folder: Path) -> Model:
    """The model that was saved, with its training state, bit for bit.

    Raises:
        Damaged: a file is missing, or was changed since it was saved. (Whoever can write both files can also write a new
            digest: against that a release is signed.)
    """
    try:
        facts: dict[str, Any] = json.loads((folder / FACTS).read_bytes())
        told = facts.pop("digest")
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise Damaged(f"{folder / FACTS}: no complete diffusion model here; {AGAIN}") from error
    if told != _digest(facts):
        raise Damaged(f"{folder / FACTS}: changed since it was saved; {AGAIN}")
    path = _tensors(folder, facts["tensors"])
    tensors = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(tensors).hexdigest() != facts["tensors"]:
        raise Damaged(f"{path}: missing, or changed since it was saved; {AGAIN}")
    sizes = facts["network"]
    network = Network(**(sizes | {"sizes": tuple(sizes["sizes"])}))
    return Model(
        columns=tuple(column_of(entry) for entry in facts["columns"]),
        network=network,
        order=tuple(facts["order"]),
        state=State(facts["step"], **tensors_of(tensors)),
    )


def _tensors(folder: Path, digest: str) -> Path:
    return folder / f"diffusion-{digest[:16]}.safetensors"


def _digest(facts: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _write(path: Path, content: bytes) -> None:
    part = path.with_suffix(path.suffix + ".part")
    part.write_bytes(content)
    part.replace(path)
