"""What `kubectl kustomize` makes of a folder, for the few fields that runners/deploy/kustomize uses; any other is an error.

Where kubectl is installed, a test compares the two.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]
KNOWN = {"apiVersion", "kind", "namespace", "resources", "images", "patches"}
CLUSTER_WIDE = {"Namespace"}


def settings(folder: Path) -> Manifest:
    """The folder's kustomization."""
    found: Manifest = yaml.safe_load((folder / "kustomization.yml").read_text(encoding="utf-8"))
    assert found["kind"] == "Kustomization" and found["apiVersion"] == "kustomize.config.k8s.io/v1beta1"
    assert set(found) <= KNOWN, f"{folder} uses what this does not know: {set(found) - KNOWN}"
    return found


def build(folder: Path) -> list[Manifest]:
    """All manifests, with namespace, images and patches applied."""
    said = settings(folder)
    made = [m for name in said["resources"] for m in _resource(folder / name)]
    made = [_patched(m, said.get("patches", [])) for m in made]
    for patch in said.get("patches", []):
        assert any(_meant(m, patch["target"]) for m in made), f"{folder}: nobody is meant by {patch['target']}"
    for manifest in made:
        if "namespace" in said and manifest["kind"] not in CLUSTER_WIDE:
            manifest["metadata"]["namespace"] = said["namespace"]
        for container in containers(manifest):
            container["image"] = _image(container["image"], said.get("images", []))
    return made


def pod(manifest: Manifest) -> Manifest:
    """The pod that a workload makes; empty for anything else."""
    found: Manifest = manifest.get("spec", {}).get("template", {}).get("spec", {})
    return found


def containers(manifest: Manifest) -> list[Manifest]:
    """All containers of a workload."""
    return [*pod(manifest).get("initContainers", []), *pod(manifest).get("containers", [])]


def _resource(path: Path) -> list[Manifest]:
    if path.is_dir():
        return build(path)
    return [m for m in yaml.safe_load_all(path.read_text(encoding="utf-8")) if m]


def _meant(manifest: Manifest, target: dict[str, str]) -> bool:
    assert set(target) == {"kind", "name"}
    return manifest["kind"] == target["kind"] and manifest["metadata"]["name"] == target["name"]


def _patched(manifest: Manifest, patches: list[Manifest]) -> Manifest:
    made = copy.deepcopy(manifest)
    for patch in patches:
        if _meant(made, patch["target"]):
            for step in yaml.safe_load(patch["patch"]):
                _step(made, step)
    return made


def _step(manifest: Manifest, step: Manifest) -> None:
    """One step of a JSON patch (RFC 6902)."""
    *way, last = step["path"].lstrip("/").split("/")
    at: Any = manifest
    for part in way:
        at = at[int(part)] if isinstance(at, list) else at[part]
    assert isinstance(at, dict) and step["op"] in ("add", "replace")
    assert step["op"] == "add" or last in at, f"there is no {step['path']} to replace"
    at[last] = step["value"]


def _image(image: str, images: list[Manifest]) -> str:
    name, _, tag = image.partition(":")
    for new in images:
        if new["name"] == name:
            return f"{new.get('newName', name)}:{new.get('newTag', tag)}"
    return image
