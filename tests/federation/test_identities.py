"""Who may connect to a federation over NVFLARE: the study's sites with good certificates, each once; the others are told no."""

from __future__ import annotations

import datetime
import json
import os
import select
import shutil
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

pytest.importorskip("nvflare")

from runners.loopback import _free_ports
from runners.site.message import Reply
from runners.transport.nvflare import kit as kit_files
from runners.transport.nvflare import start
from runners.transport.nvflare.provision import COORDINATOR, provision
from runners.transport.nvflare.serve import end
from runners.transport.nvflare.transport import Nvflare
from tests.runners.small import SPEC

GOOD = ("north", "lake", "coast")
BAD = ("wrongca", "expired", "revoked")
STRANGER = "stranger"


def spec_at(folder):
    file = folder / "small-one.yml"
    file.write_text(SPEC.replace("{env:SMALL_DATA}", str(folder)))
    return file


def expire(kit, authority):
    """The same certificate with dates that are over, signed by the same authority."""
    state = json.loads((authority / "cert.json").read_text())
    root = load_pem_private_key(state["root_pri_key"].encode(), None)
    old = x509.load_pem_x509_certificate((kit / "startup" / "client.crt").read_bytes())
    day = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(old.subject).issuer_name(old.issuer).public_key(old.public_key())
    made = made.serial_number(x509.random_serial_number())
    made = made.not_valid_before(day - datetime.timedelta(30)).not_valid_after(day - datetime.timedelta(1))
    for extension in old.extensions:
        made = made.add_extension(extension.value, extension.critical)
    from cryptography.hazmat.primitives.serialization import Encoding

    (kit / "startup" / "client.crt").write_bytes(made.sign(root, SHA256()).public_bytes(Encoding.PEM))


class Place:
    """A server for the good and the bad; clients of all, of a stranger, and a second one of north."""

    def __init__(self, folder, spoil):
        self.spec, self.port = spec_at(folder), _free_ports()
        everyone = (*GOOD, *BAD, STRANGER)
        self.kits = provision("small-one", everyone, "localhost", self.port, folder / "kits")
        if spoil:
            other = provision("small-one", everyone, "localhost", self.port, folder / "others")
            shutil.rmtree(self.kits["wrongca"])
            shutil.copytree(other["wrongca"], self.kits["wrongca"])
            expire(self.kits["expired"], folder / "kits" / "authority")
            kit_files.revoke(self.kits[COORDINATOR], "revoked")
        self.transport = Nvflare(self.kits[COORDINATOR], (*GOOD, *BAD) if spoil else everyone, join=180.0)
        self.clients = []
        for site in everyone:
            self.client(site, self.kits[site])

    def client(self, site, kit):
        kit_files.write_site(kit, self.spec, site)
        self.clients.append(start.started(start.client(kit, site), kit / "client.log"))
        return self.clients[-1]

    def answers(self, sites):
        sent = dict.fromkeys(sites, b"hello")
        return self.transport.exchange("r1", "0" * 32, "ready", sent, 300.0, lambda site, answer: None)

    def patience(self, seconds):
        """Seconds that a site has from now on to connect."""
        self.transport.join = seconds

    def close(self):
        for client in self.clients:
            end(client)
        self.transport.close()


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory):
    place = Place(tmp_path_factory.mktemp("spoiled"), True)
    place.answers(GOOD)  # all had time to start
    place.patience(10.0)
    yield place
    place.close()


def test_the_good_finish_and_the_bad_are_missing(spoiled):
    answers = spoiled.answers((*GOOD, *BAD, STRANGER))
    assert {site for site, answer in answers.items() if answer.state == "reply"} == set(GOOD)
    for site in GOOD:
        assert Reply.unpack(answers[site].body).trouble.code == "round"  # `hello` is no request: the agent itself said so
    assert all(answers[site].state == "missing" for site in (*BAD, STRANGER))


def test_a_second_client_of_a_connected_site_is_refused_and_the_first_goes_on(spoiled, tmp_path):
    spoiled.answers(GOOD)
    second = tmp_path / "second"
    shutil.copytree(spoiled.kits["north"], second)
    assert spoiled.client("north", second).wait(60) != 0
    assert spoiled.answers(GOOD)["north"].state == "reply"
    assert "north is connected already" in spoiled.transport.log.read_text()


def test_refusals_are_in_the_servers_log(spoiled):
    spoiled.answers(GOOD)
    log = spoiled.transport.log.read_text()
    assert "stranger is no site of this study" in log
    assert "Reject disabled client registration: revoked" in log
    for site in (*BAD, STRANGER):
        assert f"{site} gave no reply" in log
    assert "CERTIFICATE_VERIFY_FAILED" in (spoiled.kits["wrongca"] / "client.log").read_text()


def test_without_the_faults_all_of_them_connect(tmp_path):
    """So it was the faults that kept them out."""
    place = Place(tmp_path, False)
    try:
        answers = place.answers((*GOOD, *BAD, STRANGER))
    finally:
        place.close()
    assert all(answer.state == "reply" for answer in answers.values())


STARTED = """
import sys, time
from pathlib import Path
from runners.transport.nvflare.transport import Nvflare
transport = Nvflare(Path(sys.argv[1]), ["north"], join=1.0)
transport.exchange("r1", "0" * 32, "ready", {"north": b"hello"}, 1.0, lambda site, answer: None)
print(transport.process.pid, flush=True)
time.sleep(600)
"""


def test_a_coordinator_that_is_killed_leaves_no_server(tmp_path):
    kits = provision("small-one", ["north"], "localhost", _free_ports(), tmp_path / "kits")
    words = [sys.executable, "-c", STARTED, str(kits[COORDINATOR])]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    server = int(process.stdout.readline())
    handle = os.pidfd_open(server)
    process.kill()
    process.wait()
    ended, _, _ = select.select([handle], [], [], 60)
    os.close(handle)
    assert ended
