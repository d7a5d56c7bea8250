"""The command line. Commands load what they need when they run, so that `--help` and `check` start at once."""

from __future__ import annotations

import argparse
import os
import re
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from runners.errors import DATA, EXITS, INTERNAL, INTERRUPTED, REFUSED, WRONG, Stop
from runners.out import emit

STUDY = ("init", "check", "bins", "plan", "compile", "run", "status", "report", "query", "cohort", "impute")
HOSPITALS = ("site", "federation", "verify")
COMMANDS = (*STUDY, *HOSPITALS)
BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Set before NumPy is loaded: matrices here are small, and threads that wait for each other cost ten times what they do."""
CRASH_LOG = Path(".wardloom") / "error.log"


class Parser(argparse.ArgumentParser):
    """Leaves with Wardloom's exit code for a wrong command line."""

    def error(self, message: str) -> NoReturn:
        """One line, and where to read more."""
        self.exit(WRONG, f"{self.prog}: {message}\n{_meant(message)}  try: {self.prog} --help\n")


def _meant(message: str) -> str:
    """A line with the command that a misspelt one stands for, where argparse's message is about that."""
    from specs.lang.problems import did_you_mean

    found = re.search(r"invalid choice: '(.+)' \(choose from (.+)\)", message)
    hint = did_you_mean(found[1], re.findall(r"[\w-]+", found[2])) if found else ""
    return f"  {hint}\n" if hint.startswith("did") else ""


def parser() -> Parser:
    """The whole command line."""
    top = Parser(
        prog="wardloom",
        description="One spec in, synthetic patient tables out, learned across hospitals that never share a row.",
        epilog=f"example: wardloom run specs/nafld.yml\n\n{EXITS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    for name in COMMANDS:
        import_module(f"runners.commands.{name}").add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    for name in BLAS_THREADS:
        os.environ.setdefault(name, "1")
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        args = parser().parse_args(words)
        return int(import_module(f"runners.commands.{args.command}").run(args))
    except SystemExit as end:  # argparse: --help, or a wrong command line
        return end.code if isinstance(end.code, int) else WRONG
    except KeyboardInterrupt:
        return _failed(words, Stop(INTERRUPTED, "interrupted; run the same command again to go on"))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return _failed(words, understood(error))


def understood(error: Exception) -> Stop:
    """What a user is told about an error."""
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    if isinstance(error, Stop):
        return error
    if kind == "specs.lang.problems.SpecError":
        return _of_spec(error)
    if kind == "privacy.errors.Refused":
        site = str(getattr(error, "site", "?"))
        reason = str(getattr(error, "reason", "refused"))
        return Stop(REFUSED, f"site {site} refused: {reason}", {"site": site, "reason": reason})
    if type(error).__name__ == "Infeasible":
        return Stop(WRONG, str(error))
    if kind.partition(".")[0] in ("duckdb", "_duckdb"):  # sites answer for their own: this is the public side
        return Stop(DATA, f"release database: {str(error).splitlines()[0]}")
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # Torch's, on a GPU
        return Stop(DATA, "this machine has too little memory")
    if isinstance(error, FileNotFoundError):
        return Stop(WRONG, f"no such file: {error.filename}")
    if isinstance(error, OSError):
        return Stop(DATA, f"{error.strerror or type(error).__name__}: {error.filename or 'this machine'}")
    return _unexpected(error)


def _of_spec(error: Exception) -> Stop:
    from specs.lang.problems import rendered

    problems: Sequence[Any] = getattr(error, "problems", ())
    shown = rendered(problems)
    number = f"{len(shown)} problem{'s' if len(shown) != 1 else ''}"
    facts = [
        {
            "file": p.place.file,
            "line": p.place.line,
            "column": p.place.column,
            "message": p.message,
            "pointer": p.pointer,
            "hint": p.hint,
        }
        for p in problems
    ]
    return Stop(WRONG, "\n".join([*shown, number]), {"problems": facts})


def _unexpected(error: Exception) -> Stop:
    """One line; the traceback goes to a private file, its message left out where patients' data may be near."""
    if os.environ.get("WARDLOOM_DEBUG") == "1":
        traceback.print_exception(error)
    hint = ""
    try:
        CRASH_LOG.parent.mkdir(exist_ok=True, mode=0o700)
        with os.fdopen(os.open(CRASH_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as log:
            traceback.print_exception(error, file=log)
        hint = f"; details: {CRASH_LOG}"
    except OSError:
        pass
    return Stop(INTERNAL, f"internal error ({type(error).__name__}){hint}", {"kind": type(error).__name__})


def _failed(words: Sequence[str], stop: Stop) -> int:
    if "--json" in words:
        emit({"error": stop.message, "exit": stop.code, **stop.facts})
    else:
        print(f"wardloom: {stop.message}" if stop.code != WRONG or not stop.facts else stop.message, file=sys.stderr)
    return stop.code
