"""The Kubernetes files: right by the API's own schema, complete, and no more privilege than the restricted profile gives."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from kubernetes_validate import validate

from runners.cli import parser
from tests.deploy.kustomize import build, containers, pod, settings

API = "1.37.0"
"""The version of Kubernetes whose schemas are asked."""
BASES = ("site", "coordinator")
FOLDERS = (*BASES, "example/site", "example/coordinator")
MADE_BY_HAND = {"wardloom-spec", "wardloom-settings", "wardloom-kit"}
"""ConfigMaps and Secrets that the guide says how to make."""
CLOSED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


@pytest.fixture(scope="module")
def deploy(root):
    return root / "runners" / "deploy" / "kustomize"


def workload(manifests):
    (found,) = [m for m in manifests if pod(m)]
    return found


def of_kind(manifests, kind):
    return [m for m in manifests if m["kind"] == kind]


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_schema_of_the_api_accepts_every_manifest(deploy, folder):
    for manifest in build(deploy / folder):
        validate(manifest, API, strict=True)


def test_the_schema_sees_a_wrong_key(deploy):
    manifest = workload(build(deploy / "site"))
    pod(manifest)["containers"][0]["readinesProbe"] = {}
    with pytest.raises(Exception, match="readinesProbe"):
        validate(manifest, API, strict=True)


@pytest.mark.parametrize("folder", FOLDERS)
def test_kubectl_makes_the_same_of_it(deploy, folder):
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    out = subprocess.run([kubectl, "kustomize", str(deploy / folder)], check=True, capture_output=True, text=True).stdout
    made, ours = list(yaml.safe_load_all(out)), build(deploy / folder)
    assert sorted(json.dumps(m, sort_keys=True) for m in made) == sorted(json.dumps(m, sort_keys=True) for m in ours)


def test_every_file_is_used(deploy):
    used = {folder / name for folder in map(deploy.joinpath, FOLDERS) for name in settings(folder)["resources"]}
    used = {path.resolve() for path in used if path.is_file()} | {deploy / f / "kustomization.yml" for f in FOLDERS}
    assert used == {path for path in deploy.rglob("*") if path.is_file()}


@pytest.mark.parametrize("folder", FOLDERS)
def test_whatever_is_named_is_there(deploy, folder):
    """Service accounts, claims, volumes and ports; and nothing but what the guide has people make is taken for granted."""
    manifests = build(deploy / folder)
    work = workload(manifests)
    claims = {m["metadata"]["name"] for m in of_kind(manifests, "PersistentVolumeClaim")}
    templates = {m["metadata"]["name"] for m in work["spec"].get("volumeClaimTemplates", [])}
    volumes = {v["name"]: v for v in pod(work)["volumes"]}
    assert pod(work)["serviceAccountName"] in {m["metadata"]["name"] for m in of_kind(manifests, "ServiceAccount")}
    assert {v["persistentVolumeClaim"]["claimName"] for v in volumes.values() if "persistentVolumeClaim" in v} == claims
    mounted = {mount["name"] for c in containers(work) for mount in c["volumeMounts"]}
    assert mounted == set(volumes) | templates
    named = {v["configMap"]["name"] for v in volumes.values() if "configMap" in v}
    named |= {v["secret"]["secretName"] for v in volumes.values() if "secret" in v}
    named |= {e["configMapRef"]["name"] for c in containers(work) for e in c["envFrom"]}
    assert named == MADE_BY_HAND
    ports = {p["name"]: p["containerPort"] for c in containers(work) for p in c.get("ports", [])}
    asked = {p["targetPort"] for s in of_kind(manifests, "Service") for p in s["spec"]["ports"]}
    probes = {c[f"{p}Probe"]["httpGet"]["port"] for c in containers(work) for p in ("liveness", "readiness") if f"{p}Probe" in c}
    assert asked | probes | {"metrics"} == set(ports)


@pytest.mark.parametrize("folder", FOLDERS)
def test_selectors_select(deploy, folder):
    manifests = build(deploy / folder)
    work = workload(manifests)
    labels = work["spec"]["template"]["metadata"]["labels"].items()
    selectors = [s["spec"]["selector"] for s in of_kind(manifests, "Service")]
    selectors += [p["spec"]["podSelector"]["matchLabels"] for p in of_kind(manifests, "NetworkPolicy")]
    selectors += [work["spec"]["selector"]["matchLabels"]] if "selector" in work["spec"] else []
    assert len(selectors) >= 2 and all(selector.items() <= labels for selector in selectors)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_restricted_profile_and_more(deploy, folder):
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/, and a root file system that is read-only."""
    work = workload(build(deploy / folder))
    spec = pod(work)
    said = spec["securityContext"]
    assert said["runAsNonRoot"] is True and said["runAsUser"] == said["runAsGroup"] == 10001
    assert said["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"} & set(spec)
    kinds = {"configMap", "secret", "emptyDir", "persistentVolumeClaim"}
    assert all(set(volume) <= {"name"} | kinds for volume in spec["volumes"])
    for container in containers(work):
        assert container["securityContext"] == CLOSED
        assert "hostPort" not in str(container) and container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_nobody_can_speak_to_the_cluster(deploy, folder):
    manifests = build(deploy / folder)
    assert pod(workload(manifests))["automountServiceAccountToken"] is False
    assert all(m["automountServiceAccountToken"] is False for m in of_kind(manifests, "ServiceAccount"))
    assert not [m for m in manifests if "Role" in m["kind"]]


def test_a_site_connects_to_the_coordinator_alone(deploy):
    (policy,) = of_kind(build(deploy / "example/site"), "NetworkPolicy")
    assert set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    ((to,),) = [rule["to"] for rule in policy["spec"]["egress"]]
    assert to == {"ipBlock": {"cidr": "192.0.2.10/32"}}
    assert [rule["ports"] for rule in policy["spec"]["egress"]] == [[{"protocol": "TCP", "port": 8102}]]
    assert [rule["ports"] for rule in policy["spec"]["ingress"]] == [[{"protocol": "TCP", "port": "metrics"}]]
    assert all(rule["from"] for rule in policy["spec"]["ingress"])
    (alias,) = pod(workload(build(deploy / "example/site")))["hostAliases"]
    assert f"{alias['ip']}/32" == to["ipBlock"]["cidr"]


def test_a_coordinator_connects_to_nobody(deploy):
    (policy,) = of_kind(build(deploy / "coordinator"), "NetworkPolicy")
    assert set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"} and "egress" not in policy["spec"]


def test_a_site_is_one_process_and_keeps_its_ledger(deploy):
    work = workload(build(deploy / "example/site"))
    assert work["kind"] == "StatefulSet" and work["spec"]["replicas"] == 1
    assert set(work["spec"]["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}
    assert [c["spec"]["accessModes"] for c in work["spec"]["volumeClaimTemplates"]] == [["ReadWriteOncePod"]]


def test_only_the_site_itself_sees_its_startup_kit(deploy):
    seen = {c["name"]: {m["name"] for m in c["volumeMounts"]} for c in containers(workload(build(deploy / "site")))}
    assert "startup" in seen["site"] and not {"startup", "kit"} & seen["steward"]


def test_the_coordinator_goes_on_after_a_crash(deploy):
    work = workload(build(deploy / "coordinator"))
    assert work["kind"] == "Job" and pod(work)["restartPolicy"] == "OnFailure" and work["spec"]["backoffLimit"] > 0


@pytest.mark.parametrize("folder", FOLDERS)
def test_commands_are_ones_that_wardloom_has(deploy, folder):
    settings = {"$(WARDLOOM_SITE)": "north", "$(WARDLOOM_SPEC)": "nafld.yml"}
    for container in containers(workload(build(deploy / folder))):
        if "args" in container:
            words = [settings.get(w, w).replace("$(WARDLOOM_SPEC)", "nafld.yml") for w in container["args"]]
            args = parser().parse_args(words)
            assert str(args.spec) == "specs/nafld.yml" and args.metrics.endswith(":9464") and args.kit == Path("/kit")


@pytest.mark.parametrize("folder", FOLDERS)
def test_images_have_a_version_and_secrets_are_in_no_file(deploy, folder, root):
    manifests = build(deploy / folder)
    images = {c["image"] for c in containers(workload(manifests))}
    assert len(images) == 1 and not {"latest", ""} & {image.rpartition(":")[2] for image in images}
    assert not of_kind(manifests, "Secret") and not of_kind(manifests, "ConfigMap")
    assert "private key" not in str(manifests).lower()


@pytest.mark.parametrize("folder", ["example/site", "example/coordinator"])
def test_the_namespace_lets_nothing_less_strict_in(deploy, folder):
    (namespace,) = of_kind(build(deploy / folder), "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
