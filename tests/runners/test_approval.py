"""A site answers only what its steward approved: this spec, these files, until that day, and not after a revocation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from privacy.identity import Identity
from privacy.ledger import Ledger, Spend
from runners.places import audit_of, key_of, ledger_of
from runners.plan import stops
from runners.site import approval, audit, project
from runners.site.approval import Approval
from runners.site.trouble import Trouble
from specs.lang.types import Budget, Governance

TODAY = datetime.now(UTC).date()
YESTERDAY, TOMORROW = TODAY - timedelta(1), TODAY + timedelta(1)


@pytest.fixture
def dbt(tmp_path, monkeypatch):
    """A dbt project with a study's models, what they are made from, and what others have."""
    root = tmp_path / "dbt"
    for path, text in {
        "dbt_project.yml": "name: wardloom",
        "macros/m.sql": "{% macro m() %}1{% endmacro %}",
        "models/staging/stg_patient.sql": "select * from {{ source('s', 'patient') }}",
        "models/staging/stg_patient.yml": "models: []",
        "models/staging/stg_other.sql": "select 1",
        "models/staging/stg_other.yml": "models: []",
        "models/staging/_sources.yml": "sources: []",
        "models/site/small_one/small_one__bounded_patient.sql": 'select * from {{ ref("stg_patient") }}',
        "models/site/small_one/small_one__bounded_patient.yml": "models: []",
        "models/site/other/other__bounded_patient.sql": "select * from {{ ref('stg_other') }}",
        "models/release/small_one/small_one__patient.sql": "select 1",
        "tests/generic/holds.sql": "{% test holds(model) %}select 1{% endtest %}",
        "tests/own.sql": "select * from {{ ref('stg_patient') }}",
        "tests/others.sql": "select * from {{ ref('stg_patient') }} join {{ ref('stg_other') }} using (id)",
        "target/manifest.json": "{}",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    monkeypatch.setattr(approval, "DBT", root)
    return root


@pytest.fixture
def site(study, hospital):
    """North, with a key and a log."""
    north = study.sites["north"]
    audit.open_log(north, Identity.create(key_of(north)))
    return north


def approve(site, study, dbt, **changed):
    """What the steward's command writes."""
    sql = project.digest(project.files(study, dbt))
    agreed = Approval(study.name, study.digest, sql, "9" * 64, study.governance.purpose, None, study.privacy.budget)
    audit.record(site, "approve", replace(agreed, **changed).facts())


def refusal(site, study):
    with pytest.raises(Trouble) as trouble:
        approval.check(site, study)
    return trouble.value.code


def test_what_is_approved_may_run(site, study, dbt):
    assert refusal(site, study) == "approval"
    approve(site, study, dbt)
    approval.check(site, study)


def test_a_plan_says_which_approvals_are_missing(site, study, dbt):
    assert any("site north has not approved this spec" in why for why in stops(study, ()))
    approve(site, study, dbt)
    assert not any("approved" in why for why in stops(study, ()))


def test_the_demo_needs_no_approval(study, hospital, dbt):
    approval.check(study.sites["north"], study)


def test_a_spec_that_lists_a_site_needs_its_approval(study, hospital, dbt):
    listed = replace(study, governance=Governance(approvals=("north",)))
    assert refusal(study.sites["north"], listed) == "approval"
    approval.check(study.sites["lake"], listed)


def test_a_transport_between_machines_needs_approvals(study, hospital, dbt):
    apart = replace(study, federation=replace(study.federation, transport="nvflare"))
    assert refusal(study.sites["north"], apart) == "approval"


@pytest.mark.parametrize(
    "changed",
    [{"digest": "6" * 64}, {"governance": Governance(purpose="another")}],
    ids=["spec", "purpose"],
)
def test_another_study_is_refused(site, study, dbt, changed):
    approve(site, study, dbt)
    assert refusal(site, replace(study, **changed)) == "approval"


@pytest.mark.parametrize("budget", [Budget(0.5, 1e-6), Budget(1.0, 1e-7), None])
def test_more_than_the_approved_budget_is_refused(site, study, dbt, budget):
    approve(site, study, dbt, budget=budget)
    assert refusal(site, study) == "approval"


@pytest.mark.parametrize(
    "path",
    [
        "dbt_project.yml",
        "macros/m.sql",
        "tests/generic/holds.sql",
        "tests/own.sql",
        "models/staging/stg_patient.sql",
        "models/staging/stg_patient.yml",
        "models/staging/_sources.yml",
        "models/site/small_one/small_one__bounded_patient.sql",
        "models/site/small_one/small_one__bounded_patient.yml",
    ],
)
@pytest.mark.parametrize("how", ["changed", "gone"])
def test_other_sql_is_refused(site, study, dbt, path, how):
    approve(site, study, dbt)
    (dbt / path).unlink() if how == "gone" else (dbt / path).write_text((dbt / path).read_text() + " ")
    assert refusal(site, study) == "sql"


@pytest.mark.parametrize(
    "path", ["macros/new.sql", "tests/new.sql", "models/site/small_one/hooks.yml", "models/staging/new.yml", "packages.yml"]
)
def test_more_files_are_refused(site, study, dbt, path):
    approve(site, study, dbt)
    (dbt / path).parent.mkdir(exist_ok=True)
    (dbt / path).write_text("")
    assert refusal(site, study) == "sql"


@pytest.mark.parametrize(
    "path",
    [
        "models/staging/stg_other.sql",
        "models/site/other/other__bounded_patient.sql",
        "models/site/other/patch.yml",
        "models/release/small_one/small_one__patient.sql",
        "tests/others.sql",
        "target/manifest.json",
    ],
)
def test_what_does_not_run_for_this_study_may_change(site, study, dbt, path):
    approve(site, study, dbt)
    (dbt / path).write_text("select 2 from {{ ref('stg_other') }}")
    approval.check(site, study)


def test_revoked_stays_revoked_until_it_is_approved_again(site, study, dbt):
    approve(site, study, dbt)
    audit.record(site, "revoke", {"name": "another"})
    approval.check(site, study)
    audit.record(site, "revoke", {"name": study.name})
    assert refusal(site, study) == "revoked"
    approve(site, study, dbt)
    approval.check(site, study)


@pytest.mark.parametrize("day", [YESTERDAY, date(2020, 1, 1)])
def test_an_approval_ends(site, study, dbt, day):
    approve(site, study, dbt, expires=day)
    assert refusal(site, study) == "expired"


def test_the_last_day_counts(site, study, dbt):
    approve(site, study, dbt, expires=TODAY)
    approval.check(site, study)
    approval.check(site, replace(study, governance=Governance(expires=TOMORROW)))


def test_a_study_whose_day_is_over_is_refused_without_any_approval(study, hospital, dbt):
    assert refusal(study.sites["north"], replace(study, governance=Governance(expires=YESTERDAY))) == "expired"


def test_another_sites_approval_is_worth_nothing(site, study, dbt):
    """Lake's whole log, put in the place of north's."""
    lake = study.sites["lake"]
    audit_of(lake).parent.mkdir(parents=True)
    audit.open_log(lake, Identity.create(key_of(lake)))
    approve(lake, study, dbt)
    for end in ("", ".head", ".seal"):
        audit_of(site).with_name(f"north.duckdb.audit{end}").write_bytes(
            audit_of(lake).with_name(f"lake.duckdb.audit{end}").read_bytes()
        )
    assert refusal(site, study) == "audit"


def test_a_forged_approval_is_refused(site, study, dbt):
    """Someone who can write files but has no key: hashes fit, signatures do not."""
    from privacy.chain import Chain

    sql = project.digest(project.files(study, dbt))
    forged = Approval(study.name, study.digest, sql, "9" * 64, "", None, study.privacy.budget).facts()
    with Chain(audit_of(site)).writing() as writer:
        writer.append({**forged, "kind": "approve", "at": "2026-01-01", "ledger": "", "signature": "0" * 128})
    assert refusal(site, study) == "audit"


def test_without_the_log_nothing_is_approved(site, study, dbt):
    approve(site, study, dbt)
    audit_of(site).unlink()
    assert refusal(site, study) == "approval"


def test_a_ledger_that_was_rolled_back_or_is_gone_is_refused(site, study, dbt):
    """Together with its head: the ledger alone cannot tell, but the log knows where it ended."""
    ledger = Ledger.create(ledger_of(site), Budget(3.0, 1e-6), "north")
    files = [ledger_of(site), Path(f"{ledger_of(site)}.head")]
    before = {file: file.read_bytes() if file.exists() else None for file in files}
    ledger.spend(Spend("1", "r", "5" * 64, "9" * 64, 0.01, Fraction(1024)))
    approve(site, study, dbt)
    approval.check(site, study)
    for file, data in before.items():
        file.unlink() if data is None else file.write_bytes(data)
    assert Ledger(ledger_of(site)).verify() and refusal(site, study) == "ledger"
    files[0].unlink()
    assert refusal(site, study) == "ledger"


def test_a_line_written_after_a_rollback_does_not_hide_it(site, study, dbt):
    """The log's last line then says where the ledger ends now; an earlier one still knows what was there."""
    ledger = Ledger.create(ledger_of(site), Budget(3.0, 1e-6), "north")
    files = [ledger_of(site), Path(f"{ledger_of(site)}.head")]
    before = {file: file.read_bytes() for file in files if file.exists()}
    ledger.spend(Spend("1", "r", "5" * 64, "9" * 64, 0.01, Fraction(1024)))
    approve(site, study, dbt)
    for file in files:
        file.write_bytes(before[file]) if file in before else file.unlink()
    audit.record(site, "refused", {"code": "ledger", "run": "r", "round": "1", "stage": "ready"})
    assert refusal(site, study) == "ledger"
    approve(site, study, dbt)
    assert refusal(site, study) == "ledger"


def test_a_site_that_needs_no_approval_notices_a_rollback_too(study, hospital):
    site = study.sites["north"]
    Ledger.create(ledger_of(site), Budget(3.0, 1e-6), "north").spend(Spend("1", "r", "5" * 64, "9" * 64, 0.01, Fraction(1024)))
    audit.record(site, "refused", {"code": "round", "run": "r", "round": "1", "stage": "ready"})
    approval.check(site, study)
    for file in (ledger_of(site), Path(f"{ledger_of(site)}.head")):
        file.unlink(missing_ok=True)
    assert refusal(site, study) == "ledger"


def test_half_a_line_in_the_ledger_is_no_rollback(site, study, dbt):
    Ledger.create(ledger_of(site), Budget(3.0, 1e-6), "north").spend(Spend("1", "r", "5" * 64, "9" * 64, 0.01, Fraction(1024)))
    approve(site, study, dbt)
    with ledger_of(site).open("ab") as out:
        out.write(b'{"facts":{"at"')
    approval.check(site, study)


def test_without_the_key_nothing_is_approved(site, study, dbt):
    approve(site, study, dbt)
    key_of(site).unlink()
    assert refusal(site, study) == "approval"


def test_a_key_without_a_log_approves_nothing(study, hospital, dbt):
    Identity.create(key_of(study.sites["north"]))
    assert refusal(study.sites["north"], study) == "approval"


def test_dbt_gets_what_is_hashed_and_nothing_else(study, dbt, tmp_path):
    """So a file that was not approved, such as another study's yml that patches a model with a hook, has no say."""
    (dbt / "models/site/other/patch.yml").write_text("models: [{name: stg_patient, config: {post-hook: drop}}]")
    copied = project.copy(study, dbt, tmp_path / "copy")
    there = {f.relative_to(copied).as_posix() for f in copied.rglob("*") if f.is_file()}
    assert there == set(project.files(study, dbt))
    assert project.files(study, copied) == project.files(study, dbt)
    assert not [f for f in there if "other" in f or "release" in f or "target" in f]


def test_the_copy_is_checked_not_what_it_was_made_from(site, study, dbt, tmp_path):
    approve(site, study, dbt)
    copied = project.copy(study, dbt, tmp_path / "copy")
    (copied / "macros/m.sql").write_text("changed after the copy was made")
    with pytest.raises(Trouble, match="sql"):
        approval.check(site, study, copied)
    approval.check(site, study)


# planted bugs: a policy that is switched off is seen


def takes_any_sql(patch):
    patch.setattr(project, "digest", lambda found: "6" * 64)


def remembers_sql(patch):
    """Hashes the files once, and never again."""
    first, real = {}, project.files
    patch.setattr(project, "files", lambda study, dbt: first.setdefault(study.digest, real(study, dbt)))


def never_expires(patch):
    patch.setattr(approval, "expired", lambda day: False)


def forgets_to_revoke(patch):
    real = approval.standing
    patch.setattr(approval, "standing", lambda lines, study: real([x for x in lines if x.facts["kind"] != "revoke"], study))


def takes_any_spec(patch):
    real = approval.standing

    def lenient(lines, study):
        return real(lines, replace(study, digest=next(x.facts["spec"] for x in reversed(lines) if x.facts["kind"] == "approve")))

    patch.setattr(approval, "standing", lenient)


def covers_all(patch):
    patch.setattr(Approval, "covers", lambda self, study: True)


def trusts_the_log(patch):
    patch.setattr(audit, "_trusted", lambda links, sealed, public: None)


def forgets_the_ledger(patch):
    patch.setattr(approval, "rolled_back", lambda site, lines: False)


def looks_at_the_last_line(patch):
    real = approval.rolled_back
    patch.setattr(approval, "rolled_back", lambda site, lines: real(site, lines[-1:]))


def asks_nobody(patch):
    patch.setattr(approval, "demanded", lambda site, study: False)


HOOK = "models/staging/stg_patient.sql"
CAUGHT = {
    takes_any_sql: lambda site, study, dbt: test_other_sql_is_refused(site, study, dbt, HOOK, "changed"),
    remembers_sql: lambda site, study, dbt: test_other_sql_is_refused(site, study, dbt, HOOK, "changed"),
    never_expires: lambda site, study, dbt: test_an_approval_ends(site, study, dbt, YESTERDAY),
    forgets_to_revoke: test_revoked_stays_revoked_until_it_is_approved_again,
    takes_any_spec: lambda site, study, dbt: test_another_study_is_refused(site, study, dbt, {"digest": "6" * 64}),
    covers_all: lambda site, study, dbt: test_more_than_the_approved_budget_is_refused(site, study, dbt, None),
    trusts_the_log: test_a_forged_approval_is_refused,
    forgets_the_ledger: test_a_ledger_that_was_rolled_back_or_is_gone_is_refused,
    looks_at_the_last_line: test_a_line_written_after_a_rollback_does_not_hide_it,
    asks_nobody: test_what_is_approved_may_run,
}


@pytest.mark.parametrize("bug", CAUGHT, ids=lambda b: b.__name__)
def test_a_policy_that_is_switched_off_is_seen(site, study, dbt, bug):
    with pytest.MonkeyPatch.context() as patch:
        bug(patch)
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            CAUGHT[bug](site, study, dbt)
