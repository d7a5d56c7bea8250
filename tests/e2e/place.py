"""A folder of its own with a spec, hospitals and a dbt project, and the command line run in it as users run it."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from privacy.ledger import Ledger
from tests.e2e.hospitals import SITES, make

ROOT = Path(__file__).resolve().parents[2]
SPEC = """\
spec: whole-path
seed: 1
sites:
  north: {database: "{env:WHOLE_DATA}/north/north.duckdb", budget: {epsilon: 12.0, delta: 1e-6}}
  lake: {database: "{env:WHOLE_DATA}/lake/lake.duckdb", budget: {epsilon: 12.0, delta: 1e-6}}
  coast: {database: "{env:WHOLE_DATA}/coast/coast.duckdb", budget: {epsilon: 12.0, delta: 1e-6}}
tables:
  patient:
    key: {patient_id: string}
    columns:
      sex: {values: [F, M], nullable: true}
      age: {type: integer, range: [0, 99], bins: 5}
      born: {type: date, range: [1930-01-01, 2029-12-31], bins: [1930-01-01, 1960-01-01, 1990-01-01, 2029-12-31]}
      weight: {type: number, range: [30, 150], bins: 4, decimals: 1, nullable: true}
      height: {type: number, range: [40, 220], bins: 3, decimals: 1, outside: refuse}
      until: {type: integer, range: [0, 1000], bins: 4}
  visit:
    key: {visit_id: integer}
    parent: {table: patient, key: patient_id, max_children: 6}
    order_by: day
    columns:
      day: {type: integer, range: [0, 1000], bins: 4}
      ward: {values: [lab, ward, icu]}
  charge:
    parent: {table: visit, key: visit_id, max_children: 3}
    columns:
      units: {type: integer, range: [1, 5]}
      amount: {type: number, range: [0, 1000], bins: 3, decimals: 2}
constraints: ["visit.day <= patient.until"]
privacy: {unit: patient, epsilon: 2.0, delta: 1e-6}
federation: {min_sites: 3}
rows: {patient: 200}
outputs: {directory: out/whole}
"""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def said(self):
        return self.out + self.err


@dataclass(frozen=True)
class Place:
    """Everything a run touches is below `folder`: home and temporary directory, too."""

    folder: Path

    def __post_init__(self):
        for name in ("study", "home", "tmp", "captured"):
            (self.folder / name).mkdir()
        no_models = shutil.ignore_patterns("models", "target", "logs")
        shutil.copytree(ROOT / "dbt", self.folder / "dbt", ignore=no_models)
        (self.folder / "dbt" / "models").mkdir()
        self.write()

    @property
    def spec(self):
        return self.folder / "study" / "whole-path.yml"

    @property
    def release(self):
        return self.folder / "study" / "out" / "whole"

    @property
    def runs(self):
        return self.folder / "study" / "out" / ".wardloom" / "whole-path"

    def database(self, site):
        return self.folder / "hospitals" / site / f"{site}.duckdb"

    def work(self, site):
        """Where the site's agent keeps rows while it works."""
        return self.folder / "hospitals" / site / f"{site}.duckdb.work" / "whole-path"

    def write(self, *changes):
        """The spec, with pairs of texts changed."""
        text = SPEC
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        self.spec.write_text(text, encoding="utf-8")

    def environ(self):
        house = {"HOME": "home", "TMPDIR": "tmp", "WARDLOOM_DBT": "dbt", "WHOLE_DATA": "hospitals"}
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("WARDLOOM_", "OPENLINEAGE_"))}
        return kept | {name: str(self.folder / path) for name, path in house.items()} | {"PYTHONPATH": str(ROOT)}

    def start(self, *words, before=()):
        """Starts a command; its output goes to files, which are searched like all others."""
        number = len(list((self.folder / "captured").iterdir())) // 2
        files = [(self.folder / "captured" / f"{number:03d}.{kind}").open("wb") for kind in ("out", "err")]

        argv = [*before, sys.executable, "-m", "runners", *words]
        process = subprocess.Popen(
            argv,
            cwd=self.spec.parent,
            env=self.environ(),
            stdin=subprocess.DEVNULL,
            stdout=files[0],
            stderr=files[1],
            preexec_fn=_interruptible,  # noqa: PLW1509
            start_new_session=True,
        )
        process.captured = [Path(f.name) for f in files]
        for file in files:
            file.close()
        return process

    def end(self, process):
        """Waits for a command."""
        code = process.wait(120)
        out, err = (f.read_text(encoding="utf-8", errors="replace") for f in process.captured)
        return Done(code, out, err)

    def wardloom(self, *words, **options):
        return self.end(self.start(*words, **options))

    def run(self, **options):
        return self.wardloom("run", self.spec.name, **options)

    def query(self, sql):
        found = self.wardloom("query", self.spec.name, sql, "--csv")
        assert found.code == 0, found.err
        return found.out.split()[1:]

    def paid(self):
        """Entries in each hospital's ledger; one that was never asked for an answer has none."""
        return {site: self.ledger(site).entries() if self._ledger(site).exists() else () for site in SITES}

    def ledger(self, site):
        found = Ledger(self._ledger(site))
        found.verify()
        return found

    def _ledger(self, site):
        return self.database(site).with_name(f"{site}.duckdb.ledger")

    def content(self):
        """What the release holds, byte for byte."""
        files = sorted(f for f in self.release.rglob("*") if f.is_file())
        return {str(f.relative_to(self.release)): sha256(f.read_bytes()).hexdigest() for f in files}


def made(folder):
    """A place with three ordinary hospitals and the spec compiled."""
    place = Place(folder)
    for seed, site in enumerate(SITES):
        make(place.database(site), seed)
    done = place.wardloom("compile", place.spec.name)
    assert done.code == 0, done.err
    return place


def wait_until(process, reached):
    """Waits until `reached()` while the command runs; a command that ends before fails the test."""
    while not reached():
        try:
            code = process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"ended too early with {code}: {process.captured[1].read_text()}")


def below(pid):
    """All processes that `pid` started and that still are there, each before its own."""
    children = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            children += [int(p) for p in file.read_text().split()]
    return [p for child in children for p in (child, *below(child))]


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def kill(pids):
    """Kill -9, for processes started here."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def gone(pids):
    """Waits until these processes, which are no children of ours, have ended."""
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        select.select([handle], [], [], 60)
        os.close(handle)


def _interruptible():
    signal.signal(signal.SIGINT, signal.default_int_handler)
