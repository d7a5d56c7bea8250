"""Every malformed or hostile spec gets its message, in the right place, at once and without a traceback."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from runners.cli import main
from specs.lang.problems import SpecError, printable, render
from specs.lang.read import read

BAD = Path(__file__).resolve().parents[1] / "fixtures" / "specs" / "bad"
FILES = sorted(BAD.glob("*.yml"))


def expected(path: Path) -> str:
    """`LINE:COLUMN the message`, from the first line; files that cannot have one keep it beside them."""
    beside = path.with_suffix(".expect")
    if beside.exists():
        return beside.read_text(encoding="utf-8").strip()
    return path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# expect: ").rstrip()


def test_there_are_enough() -> None:
    assert len(FILES) >= 200


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_message(path: Path) -> None:
    with pytest.raises(SpecError) as error:
        read(path, {})
    first = error.value.problems[0]
    assert printable(f"{first.place.line}:{first.place.column} {first.message}").strip() == expected(path)
    assert error.value.__cause__ is None
    for problem in error.value.problems:
        assert problem.place.file == str(path)
        shown = render(problem, path.read_text(encoding="utf-8", errors="replace").splitlines())
        assert all(line == printable(line) for line in shown.split("\n"))


def test_the_command_line_shows_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("shape_unknown_parent_key", "bytes_escape", "yaml_billion_laughs", "derived_subquery"):
        assert main(["check", str(BAD / f"{name}.yml")]) == 1
        shown = capsys.readouterr().err
        assert f"{name}.yml:" in shown and "Traceback" not in shown and "\x1b" not in shown


ROWS = {
    "list.csv": "id,name,note\n1,Bea Muster,HIV positive\n",
    "quoted.csv": 'id,"name","note"\n1,"Bea Muster","HIV positive"\n',
    "tabs.tsv": "id\tname\n1\tBea Muster HIV\n",
    "mark.csv": "\ufeffid,name\nBea Muster,HIV\n",
    "colon.csv": '"id,name"\n1,"Bea Muster": HIV positive\n',
    "map.yml": '1,"Bea Muster": HIV positive\n2,"Bea Muster": HIV\n',
    "again.yml": "Bea Muster: HIV\nBea Muster: HIV\n",
    "tag.yml": "&Bea !Muster HIV\n",
    "long.csv": "Bea Muster: HIV\n" * 30_000,
    "long_value.csv": "Bea Muster HIV " * 400,
    "nul.csv": "spec: a\nBea Muster\0HIV\n",
}


@pytest.mark.parametrize("command", ["check", "cohort"])
@pytest.mark.parametrize("name", [*ROWS, "latin.csv", "west.duckdb"])
def test_nothing_is_shown_of_a_file_that_is_no_spec(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, command: str
) -> None:
    file = tmp_path / name
    if name == "west.duckdb":
        with duckdb.connect(str(file)) as connection:
            connection.execute("CREATE TABLE patient AS SELECT 'Bea Muster' AS name, 'HIV' AS note FROM range(9)")
    else:
        file.write_bytes(ROWS[name].encode() if name in ROWS else "Bea Muster,HIV,Zürich".encode("latin-1"))
    for words in ([command, str(file)], [command, str(file), "--json"]):
        assert main(words) == 1
        shown = "".join(capsys.readouterr())
        assert name in shown and not any(word in shown for word in ("Bea", "Muster", "HIV", " | "))
    if name == "west.duckdb":
        assert "this is a DuckDB database, not a" in shown
