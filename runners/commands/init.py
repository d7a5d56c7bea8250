"""`wardloom init`: a small spec to start from."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from runners.commands.base import command
from runners.errors import FINE, WRONG, Stop
from runners.out import emit, say

STARTER = """\
# yaml-language-server: $schema=./schema.json
spec: {name}
sites:
  demo:
    database: ../data/{name}.duckdb          # a DuckDB file that only this site reads
    budget: {{epsilon: 6.0, delta: 1e-6}}      # for all studies of these patients together; the first answer fixes it for good
tables:
  patient:                                   # one row per patient; the table's name in the database
    key: patient_id
    columns:                                 # domains are public: say them, never look them up in the data
      age: {{type: integer, range: [0, 110]}}
      sex: {{values: [F, M, U]}}
      los_days: {{type: number, range: [0, 60], bins: 12}}
privacy: {{unit: patient, epsilon: 2.0, delta: 1e-6}}
rows: {{patient: 1000}}
outputs: {{directory: ../out/{name}}}
"""


def add(commands: Any) -> None:
    """Declares the command."""
    found = command(commands, "init", "write a small spec with comments to start from", "wardloom init heart-demo")
    found.add_argument("name", metavar="NAME", help="the study's name: small letters, digits and hyphens")


def run(args: argparse.Namespace) -> int:
    """Writes specs/NAME.yml; never over a file that is there."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,62}", args.name):
        raise Stop(WRONG, f"a study's name has small letters, digits and hyphens, not {args.name!r}")
    file = Path("specs") / f"{args.name}.yml"
    if file.exists():
        raise Stop(WRONG, f"{file} is there already")
    file.parent.mkdir(exist_ok=True)
    file.write_text(STARTER.format(name=args.name), encoding="utf-8")
    if args.json:
        emit({"file": str(file)})
    else:
        say(f"wrote {file}", f"next: edit it, then  wardloom compile {file}  and  wardloom plan {file}")
    return FINE
