"""`python -m runners.demo nafld|omop|heart DIRECTORY`: makes the hospitals' DuckDB files, once."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

from runners.demo.write import complete, write

STUDIES = ("nafld", "omop", "heart")


def main(argv: list[str] | None = None) -> int:
    """Writes the files unless they are complete; returns an exit code (0 fine, 1 data package missing)."""
    parser = argparse.ArgumentParser(prog="python -m runners.demo", description=__doc__)
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("directory", type=Path, help="where the DuckDB files go, for example data/nafld")
    parser.add_argument("--patients", type=int, help="take only this many patients (for tests)")
    args = parser.parse_args(argv)
    recipe = import_module(f"runners.demo.{args.study}").RECIPE
    if complete(args.directory, recipe, args.patients):
        print(f"[data] {args.directory} is complete: {', '.join(recipe.hospitals)}")
        return 0
    try:
        write(args.directory, recipe, args.patients, lambda line: print(f"[data] {line}", flush=True))
    except ModuleNotFoundError as error:
        print(
            f"runners.demo: package `{error.name}` is not installed\n"
            "  try: pip install --no-deps --require-hashes -r requirements-demo.txt && pip install pandas",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
