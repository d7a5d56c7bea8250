"""Three hospitals over Flower: its own SuperLink and SuperNodes carry messages between `wardloom run` and the agents."""

import os
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from privacy.identity import Identity
from runners.transport.flower.transport import PROGRAM, environment
from tests.e2e.hospitals import SITES
from tests.e2e.place import made

FLWR = os.environ.get(PROGRAM) or shutil.which("flwr")
WHY = f"Flower is not installed: let ${PROGRAM} name its `flwr`"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(FLWR is None, reason=WHY)]
NONE = ("privacy: {unit: patient, epsilon: 2.0, delta: 1e-6}", 'privacy: {unit: patient, none: "made-up people"}')
TABLES = ("wardloom.noised_sums", "synthetic.patient", "synthetic.visit", "synthetic.charge")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Flower:
    """A SuperLink and a SuperNode for each hospital; no TLS, for all of it is on this machine."""

    def __init__(self, folder):
        self.programs, self.processes, self.home = Path(FLWR).parent, [], folder / "flower"
        self.home.mkdir()
        self.environ = environment() | {"FLWR_HOME": str(self.home), "PATH": f"{self.programs}:{os.environ['PATH']}"}
        self.environ.pop("PYTHONPATH", None)
        ports = {"serverappio": free_port(), "fleet": free_port(), "control": free_port()}
        here = f'address = "127.0.0.1:{ports["control"]}"\ninsecure = true\n'
        (self.home / "config.toml").write_text(f'[superlink]\ndefault = "here"\n[superlink.here]\n{here}')
        words = [word for name, port in ports.items() for word in (f"--{name}-api-address", f"127.0.0.1:{port}")]
        self.start("flower-superlink", "--insecure", "--disable-runtime-dependency-installation", *words)
        for site in SITES:
            config = f'site="{site}" agent="{folder / site}.sock"'
            address = ["--superlink", f"127.0.0.1:{ports['fleet']}", "--clientappio-api-address", f"127.0.0.1:{free_port()}"]
            self.start("flower-supernode", "--insecure", *address, "--node-config", config)

    def start(self, program, *words):
        with (self.home / f"{program}-{len(self.processes)}.log").open("w") as log:
            command = [str(self.programs / program), *words]
            found = subprocess.Popen(command, env=self.environ, stdout=log, stderr=log, start_new_session=True)
        self.processes.append(found)

    def close(self):
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.processes:
            process.wait(30)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # a ServerApp may go on looking for its SuperLink


def agent(place, site):
    """`wardloom site serve --socket` of a hospital, listening."""
    socket_ = str(place.folder / f"{site}.sock")
    process = place.start("site", "serve", place.spec.name, "--site", site, "--socket", socket_)
    while not Path(socket_).exists():
        with suppress(subprocess.TimeoutExpired):
            assert process.wait(0.1) is None
    return process


def over_flower(folder, *changes):
    """A place whose study has run over Flower, approved by all its hospitals, and how that ended."""
    place = made(folder)
    changes = [("federation: {min_sites: 3}", "federation: {min_sites: 3, transport: flower}"), *changes]
    for site in SITES:
        assert place.wardloom("site", "init", str(place.database(site))).code == 0
        key = Identity.load(Path(f"{place.database(site)}.key")).public
        changes.append((f"  {site}: {{database", f'  {site}: {{key: "{key}", database'))
    place.write(*changes)
    assert place.wardloom("compile", place.spec.name).code == 0
    for site in SITES:
        done = place.wardloom("site", "approve", place.spec.name, "--site", site, "--purpose", "a test", "--yes")
        assert done.code == 0, done.err
    flower, agents = Flower(folder), [agent(place, site) for site in SITES]
    try:
        process = place.start("run", place.spec.name, before=("env", f"{PROGRAM}={FLWR}", f"FLWR_HOME={flower.home}"))
        process.wait(500)
        done = place.end(process)
    finally:
        for one in agents:
            one.terminate()
        flower.close()
    assert done.code == 0, done.err
    assert [one.wait(30) for one in agents] == [0, 0, 0]
    return place


def released(place):
    """The sums, and the tables drawn from them."""
    with duckdb.connect(str(place.release / "whole-path.duckdb"), read_only=True) as con:
        return [con.sql(f"from {table} order by all").fetchall() for table in TABLES]


def test_a_run_over_flower_gives_a_release_and_everyone_pays_once(tmp_path):
    place = over_flower(tmp_path)
    assert place.query("select count(*) from patient") == ["200"]
    for site in SITES:
        assert len(place.ledger(site).entries()) == 1
        assert place.wardloom("verify", str(place.database(site))).code == 0


def test_flower_and_embedded_give_the_same_sums_and_tables(tmp_path):
    """The same hospitals made twice, asked without noise: not a sum may differ, not a row drawn with the same seed."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    apart, here = over_flower(tmp_path / "one", NONE), made(tmp_path / "two")
    here.write(NONE)
    done = here.run()
    assert done.code == 0, done.err
    assert released(apart) == released(here)
