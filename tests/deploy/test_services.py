"""compose.yml and the systemd unit: right by their own rules, closed, and running commands that wardloom has."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from runners.cli import parser

SETTINGS = {"WARDLOOM_SITE": "north", "WARDLOOM_SPEC": "nafld.yml"}


@pytest.fixture(scope="module")
def deploy(root):
    return root / "runners" / "deploy"


@pytest.fixture(scope="module")
def site(deploy):
    (found,) = yaml.safe_load((deploy / "compose.yml").read_text())["services"].values()
    return found


@pytest.fixture(scope="module")
def unit(deploy):
    return (deploy / "wardloom-site.service").read_text()


def asked(*words):
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False)


def filled(words):
    return [re.sub(r"\$\{(\w+)\}", lambda m: SETTINGS[m[1]], word) for word in words]


def test_the_compose_specification_accepts_it(deploy):
    found = asked(sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", deploy / "compose.yml")
    assert found.returncode == 0, found.stdout


def test_compose_gives_it_no_more_than_it_needs(site):
    assert site["read_only"] is True and site["cap_drop"] == ["ALL"] and site["security_opt"] == ["no-new-privileges:true"]
    assert site["user"] == "10001:10001" and not {"privileged", "network_mode", "pid", "devices", "cap_add"} & set(site)
    writable = {v["target"] for v in site["volumes"] if not v.get("read_only")}
    assert writable == {"/study/data"} and set(site["tmpfs"]) == {"/kit", "/tmp"}
    assert all(port.startswith("127.0.0.1:") for port in site["ports"])


def test_compose_runs_the_image_that_the_kubernetes_files_run(site, deploy):
    assert f"image: {site['image']}" in (deploy / "kustomize" / "site" / "statefulset.yml").read_text()
    assert f"-t {site['image']} ." in (deploy / "Dockerfile").read_text()


def test_both_run_a_command_that_wardloom_has(site, unit):
    (start,) = re.findall(r"^ExecStart=(.*)$", unit, re.M)
    program, *words = shlex.split(start)
    assert program.endswith("/wardloom")
    for line in (site["command"], words):
        args = parser().parse_args(filled(line))
        assert args.action == "serve" and args.site == "north" and str(args.spec) == "specs/nafld.yml"
        assert args.kit.name == "kit" and args.metrics.endswith(":9464")
    assert args.metrics == "127.0.0.1:9464"


def test_the_example_has_all_settings(deploy):
    lines = (deploy / "site.env.example").read_text().splitlines()
    said = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert set(SETTINGS) < set(said) and Path(said["NORTH_DB"]).is_absolute()


def test_the_unit_is_closed(unit):
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str
    read.read_string(unit)
    service = read["Service"]
    assert service["User"] == "wardloom" and service["UMask"] == "0077" and service["CapabilityBoundingSet"] == ""
    assert service["ProtectSystem"] == "strict" and service["NoNewPrivileges"] == "true" and service["ProtectHome"] == "true"
    assert set(service["ReadWritePaths"].split()) == {"/srv/wardloom/data", "/srv/wardloom/kit"}


def test_systemd_accepts_the_unit(deploy, tmp_path):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    text = (deploy / "wardloom-site.service").read_text()
    file = tmp_path / "wardloom-site.service"
    file.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.M))
    found = asked(analyze, "verify", "--man=no", file)
    if "Failed to" in found.stderr and "wardloom" not in found.stderr:
        pytest.skip("systemd-analyze cannot work here")
    assert found.returncode == 0 and "wardloom-site" not in found.stderr, found.stderr
    score = asked(analyze, "security", "--offline=true", "--threshold=20", file)
    assert score.returncode == 0, score.stdout.splitlines()[-1]
