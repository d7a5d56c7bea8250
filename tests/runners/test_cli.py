"""The command line: help, exit codes, JSON, and no traceback whatever happens."""

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from runners.cli import COMMANDS, main
from runners.errors import Stop
from runners.out import table
from runners.shadow import shadowed
from tests.runners.small import write_spec


@pytest.fixture
def spec(tmp_path, monkeypatch):
    """A spec in a folder of its own; commands run there, and dbt files are rendered into a copy."""
    monkeypatch.chdir(tmp_path)
    return write_spec(tmp_path, monkeypatch)


def run(capsys, *words):
    code = main([str(w) for w in words])
    shown = capsys.readouterr()
    assert "Traceback" not in shown.out + shown.err
    return code, shown.out, shown.err


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_and_the_exit_codes(capsys, command):
    code, out, _ = run(capsys, command, "--help")
    assert code == 0
    assert f"example: wardloom {command}" in out and "130 interrupted" in out and "--json" in out


@pytest.mark.parametrize("words", [[], ["dance"], ["check"], ["check", "a.yml", "--loud"]])
def test_a_wrong_command_line_is_1(capsys, words):
    code, out, err = run(capsys, *words)
    assert code == 1 and out == "" and "--help" in err


@pytest.mark.parametrize(("words", "meant"), [(["chek", "a.yml"], "check"), (["site", "aprove"], "approve")])
def test_a_misspelt_command_is_understood(capsys, words, meant):
    code, _, err = run(capsys, *words)
    assert code == 1 and f"did you mean `{meant}`?" in err


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in ("init", "query", "impute")])
def test_a_spec_that_is_not_there_is_1(capsys, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    code, _, err = run(capsys, command, "nowhere.yml")
    assert code == 1 and "nowhere.yml" in err


def test_a_broken_spec_is_1_with_place_and_fix(capsys, spec):
    spec.write_text(spec.read_text().replace("max_children", "max_childs"))
    code, _, err = run(capsys, "check", spec)
    assert code == 1 and "max_childs" in err and "max_children" in err and f"{spec}:" in err
    code, out, _ = run(capsys, "check", spec, "--json")
    document = json.loads(out)
    assert code == 1 and document["exit"] == 1 and document["problems"][0]["line"] > 1


def test_check_says_when_compiled_sql_is_stale(capsys, spec):
    code, _, err = run(capsys, "check", spec)
    assert code == 1 and err.splitlines() == [f"{spec}: not compiled yet", f"run: wardloom compile {spec}"]
    assert run(capsys, "compile", spec)[0] == 0
    assert run(capsys, "check", spec)[0] == 0
    spec.write_text(spec.read_text().replace("max_children: 4", "max_children: 5"))
    code, out, _ = run(capsys, "check", spec, "--json")
    assert code == 1 and any("lab" in path for path in json.loads(out)["stale"])
    assert "not what the spec says" in run(capsys, "check", spec)[2]


@pytest.mark.parametrize("command", ["check", "plan", "compile", "run"])
def test_a_model_that_is_not_there_is_said_before_anything_is_asked(capsys, spec, command):
    assert run(capsys, "compile", spec)[0] == 0
    text = spec.read_text().replace("    key: patient_id\n", "    model: int_patients\n    key: patient_id\n")
    spec.write_text(text)
    code, out, err = run(capsys, command, spec)
    assert code == (0 if command == "plan" else 1)  # a run that would be stopped is still a plan that was made
    assert f"{spec}:8:12: no file below" in out + err and "`int_patients.sql`" in out + err
    folder = spec.parent / "dbt" / "models" / "intermediate"
    (folder / "clinic").mkdir(parents=True)
    (folder / "clinic" / "int_patients.sql").write_text("select 1 as patient_id")
    assert run(capsys, "compile", spec)[0] == 0


def test_compile_twice_changes_nothing(capsys, spec):
    assert json.loads(run(capsys, "compile", spec, "--json")[1])["changed"]
    assert json.loads(run(capsys, "compile", spec, "--json")[1]) == {"changed": []}


def test_plan_says_what_would_stop_a_run(capsys, spec):
    code, out, _ = run(capsys, "plan", spec)
    assert code == 0 and "no database file" in out and "wardloom compile" in out
    document = json.loads(run(capsys, "plan", spec, "--json")[1])
    assert [s["site"] for s in document["sites"]] == ["north", "lake", "coast"]
    assert document["epsilon"] == 1.0 and document["steps"][0]["rho"] > 0
    assert len(document["stops"]) >= 4
    assert all(0 <= q["error"]["low"] <= q["error"]["high"] <= 1 for q in document["queries"])


def test_plan_of_a_study_that_asks_too_much(capsys, spec):
    spec.write_text(spec.read_text().replace("epsilon: 1.0", "epsilon: 9.0"))
    document = json.loads(run(capsys, "plan", spec, "--json")[1])
    assert sum("budget" in stop for stop in document["stops"]) == 3


def test_more_patients_lower_the_expected_error(capsys, spec):
    few = json.loads(run(capsys, "plan", spec, "--json")[1])["queries"]
    spec.write_text(spec.read_text().replace("patient: 50", "patient: 1000000"))
    many = json.loads(run(capsys, "plan", spec, "--json")[1])["queries"]
    for less, more in zip(many, few, strict=True):
        assert less["std"] == more["std"]
        assert less["error"]["error"] < more["error"]["error"]


def test_two_sites_are_told_that_they_cannot_hide(capsys, spec):
    spec.write_text(
        "\n".join(line for line in spec.read_text().splitlines() if "coast" not in line).replace("min_sites: 3", "min_sites: 2")
    )
    document = json.loads(run(capsys, "plan", spec, "--json")[1])
    assert any("two sites" in w for w in document["warnings"])


def test_status_before_any_run(capsys, spec):
    code, out, _ = run(capsys, "status", spec)
    assert code == 0 and "no run yet" in out
    assert json.loads(run(capsys, "status", spec, "--json")[1])["run"] is None


def test_suggested_commands_can_be_copied(capsys, spec):
    folder = spec.parent / "my studies"
    folder.mkdir()
    copy = spec.rename(folder / spec.name)
    for command in ("check", "report"):
        assert f"wardloom {'compile' if command == 'check' else 'run'} '{copy}'" in run(capsys, command, copy)[2]


def test_query_and_report_need_a_release(capsys, spec):
    for words in (["query", spec, "select 1"], ["report", spec]):
        code, _, err = run(capsys, *words)
        assert code == 1 and "wardloom run" in err


@pytest.fixture
def released(spec, tmp_path):
    folder = tmp_path / "out" / "small-one"
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "small-one.duckdb")) as con:
        con.execute("create schema synthetic; create schema wardloom")
        con.execute("create table synthetic.patient as select i as patient_id, 'F' as sex from range(100) t(i)")
        con.execute("create table wardloom.noised_sums as select 1.5 as value")
    return spec


def test_query_prints_a_table_json_or_csv(capsys, released):
    code, out, _ = run(capsys, "query", released, "select sex, count(*) as n from patient group by all")
    assert code == 0 and out.splitlines() == ["sex    n", "---  ---", "F    100"]
    code, out, _ = run(capsys, "query", released, "select value from noised_sums", "--json")
    assert json.loads(out) == [{"value": 1.5}]
    code, out, _ = run(capsys, "query", released, "select * from patient order by 1 limit 1", "--csv")
    assert out.split() == ["patient_id,sex", "0,F"]
    code, out, _ = run(capsys, "query", released, "select * from patient")
    assert "60 more rows" in out


def test_query_prints_numbers_in_full(capsys, released):
    sql = "select 27070.35::double as income, 1e-7::double as small, 0.1::double + 0.2 as sum, 123456789.25::double as large"
    code, out, _ = run(capsys, "query", released, sql)
    assert code == 0 and [float(text) for text in out.splitlines()[2].split()] == [27070.35, 1e-7, 0.1 + 0.2, 123456789.25]
    assert out.splitlines()[2].split()[0] == "27070.35"


def test_tables_for_people_need_no_exponents():
    lines = [line.strip() for line in table(["noise"], [[27070.35], [9999.9], [1234.56], [0.5], [None]])[2:]]
    assert lines == ["27070", "10000", "1235", "0.5", "NULL"]


@pytest.mark.parametrize(
    "sql",
    [
        "create table synthetic.x (i int)",
        "delete from patient",
        "select * from read_csv('/etc/passwd')",
        "copy patient to 'x.csv'",
        "attach 'other.duckdb'",
        "set enable_external_access = true",
        "install httpfs",
        "select 1; select 2",
        "selec",
        "",
        "select * from nowhere",
    ],
)
def test_query_only_reads_the_release(capsys, released, sql):
    code, out, err = run(capsys, "query", released, sql)
    assert code == 1 and out == "" and err
    assert not Path("x.csv").exists()


def test_query_of_a_file_that_is_no_database(capsys, released, tmp_path):
    (tmp_path / "out" / "small-one" / "small-one.duckdb").write_bytes(b"no database" * 1000)
    assert run(capsys, "query", released, "select 1")[0] == 3


def test_init_writes_a_spec_that_reads(capsys, spec):
    assert run(capsys, "init", "heart-demo")[0] == 0
    assert run(capsys, "compile", "specs/heart-demo.yml")[0] == 0
    assert run(capsys, "check", "specs/heart-demo.yml")[0] == 0
    site = json.loads(run(capsys, "plan", "specs/heart-demo.yml", "--json")[1])["sites"][0]
    assert site["budget"]["epsilon"] > 2.0  # so that a second, edited study can be asked too
    assert run(capsys, "init", "heart-demo")[0] == 1
    assert run(capsys, "init", "../x")[0] == 1


@pytest.mark.parametrize(
    ("error", "expected", "said"),
    [
        (KeyError("CANARY"), 5, "internal error (KeyError)"),
        (RecursionError(), 5, "internal error"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (OSError(28, "No space left on device", "out"), 3, "No space left"),
        (Stop(4, "a test failed"), 4, "a test failed"),
        (duckdb.IOException("No space left on device"), 3, "No space left"),
        (MemoryError(), 3, "memory"),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory"), 3, "memory"),
    ],
)
def test_whatever_happens_is_one_line_and_a_code(capsys, spec, monkeypatch, error, expected, said):
    def fails(args):
        raise error

    monkeypatch.setattr("runners.commands.status.run", fails)
    code, out, err = run(capsys, "status", spec)
    assert code == expected and out == "" and said in err and len(err.splitlines()) == 1
    assert "CANARY" not in err
    code, out, _ = run(capsys, "status", spec, "--json")
    assert json.loads(out)["exit"] == expected


HEAVY = ("torch", "dbt", "pandas", "openlineage", "scipy", "sklearn", "matplotlib")


@pytest.mark.parametrize("words", [["--help"], ["check"], ["plan"], ["query", "select 1"], ["status"]])
def test_quick_commands_load_nothing_heavy(released, root, words):
    spec = [str(released)] if words[0] != "--help" else []
    code = f"import sys; from runners.cli import main; main({[words[0], *spec, *words[1:]]!r})\n"
    code += f"print('LOADED', *sorted(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(root)}
    )
    assert done.stdout.splitlines()[-1] == "LOADED"


def test_a_shadowed_package_is_said(tmp_path):
    assert shadowed() == []
    lines = shadowed(("generators",), house=tmp_path)
    assert len(lines) == 1 and "generators" in lines[0] and "pip uninstall" in lines[0]


def test_variables_of_hospitals_on_other_machines_need_not_be_set(capsys, spec, monkeypatch):
    monkeypatch.delenv("SMALL_DATA")
    assert run(capsys, "check", spec)[0] == 1
    keys = {"north": "A", "lake": "E", "coast": "I"}
    text = spec.read_text().replace("{min_sites: 3}", "{min_sites: 3, transport: nvflare}")
    for site, letter in keys.items():
        text = text.replace(f"  {site}: {{", f"  {site}: {{key: 'ed25519:{letter * 43}', ")
    spec.write_text(text)
    assert run(capsys, "plan", spec)[0] == 0
