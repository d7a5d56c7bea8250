from __future__ import annotations

import json
import math
import multiprocessing
import os
import shutil
import signal
import stat
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

import privacy.chain
import privacy.links
from privacy.accountant import rho
from privacy.errors import LedgerBroken, Refused
from privacy.ledger import Ledger, Spend
from specs.lang.types import Budget
from tests.privacy import checks
from tests.privacy.checks import new_ledger, part

FORK = multiprocessing.get_context("fork")


def head(ledger: Ledger) -> Path:
    return ledger.path.with_name(ledger.path.name + ".head")


def replies(ledger: Ledger) -> Path:
    return ledger.path.with_name(ledger.path.name + ".replies")


def test_budget_holds(tmp_path: Path) -> None:
    checks.budget_holds(tmp_path)


def test_spend_is_booked_before_anything_runs(tmp_path: Path) -> None:
    checks.spend_is_booked_first(tmp_path)


def test_spend_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checks.append_waits_for_the_disk(tmp_path, monkeypatch.setattr)


def test_a_question_is_answered_once(tmp_path: Path) -> None:
    checks.question_is_answered_once(tmp_path)


def test_each_data_version_has_the_whole_budget(tmp_path: Path) -> None:
    ledger = new_ledger(tmp_path)
    ledger.spend(part(1.0, version="1"))
    assert not ledger.affords(part(0.1, "b", version="1")) and ledger.affords(part(1.0, version="1"))
    ledger.spend(part(1.0, version="2"))
    assert ledger.left("1") < 1e-9 and ledger.left("3") == rho(1.0, 1e-6)


def test_budget_is_fixed_when_the_ledger_begins(tmp_path: Path) -> None:
    ledger = new_ledger(tmp_path)
    with pytest.raises(FileExistsError):
        Ledger.create(ledger.path, Budget(100.0, 1e-6))
    assert Ledger(ledger.path).budget == checks.BUDGET


def test_other_questions_are_other_spends(tmp_path: Path) -> None:
    """Another spec, query or rho is another question; another run is not; another variance is refused."""
    ledger = new_ledger(tmp_path)
    spends = [part(0.1), part(0.1, "b"), part(0.2), Spend("1", "run", "other spec", "a", part(0.1).rho, Fraction(1000))]
    assert len({ledger.spend(s).hash for s in spends}) == 4 == len(ledger.entries())
    with pytest.raises(Refused, match="variance"):
        ledger.spend(Spend("1", "run", "spec", "a", part(0.1).rho, Fraction(1001)))


@pytest.mark.parametrize("bad", [0.0, -0.1, math.nan, math.inf])
def test_impossible_spends_cannot_be_asked(bad: float) -> None:
    with pytest.raises(ValueError, match="rho"):
        Spend("1", "run", "spec", "a", bad, Fraction(1))


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    ledger = new_ledger(tmp_path)
    ledger.keep(ledger.spend(part(0.5)), b"reply")
    kept = next(replies(ledger).iterdir())
    assert [stat.S_IMODE(f.stat().st_mode) for f in (ledger.path, head(ledger), replies(ledger), kept)] == [
        0o600,
        0o600,
        0o700,
        0o600,
    ]


def _race(path: Path, number: int, start: object) -> None:
    start.wait()  # type: ignore[attr-defined]
    try:
        Ledger(path).spend(part(0.125, str(number)))
    except Refused:
        os._exit(3)
    os._exit(0)


def test_racing_processes_never_overspend(tmp_path: Path) -> None:
    """64 processes ask at once for an eighth each: exactly 8 get it."""
    ledger = new_ledger(tmp_path)
    start = FORK.Barrier(64)
    racers = [FORK.Process(target=_race, args=(ledger.path, n, start)) for n in range(64)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    assert sorted(r.exitcode for r in racers) == [0] * 8 + [3] * 56
    assert len(Ledger(ledger.path).entries()) == 8


def _same(path: Path, number: int, start: object) -> None:
    start.wait()  # type: ignore[attr-defined]
    ledger = Ledger(path)
    reply = ledger.keep(ledger.spend(part(0.5)), f"noise {number}".encode())
    path.with_name(f"sent {number}").write_bytes(reply)
    os._exit(0)


def test_racing_answers_to_one_question_are_one_reply(tmp_path: Path) -> None:
    ledger = new_ledger(tmp_path)
    start = FORK.Barrier(12)
    racers = [FORK.Process(target=_same, args=(ledger.path, n, start)) for n in range(12)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    sent = {f.read_bytes() for f in tmp_path.glob("sent *")}
    assert [r.exitcode for r in racers] == [0] * 12 and len(sent) == 1 and len(ledger.entries()) == 1


def killed(work: Callable[[], object]) -> None:
    """Runs `work` in another process that is killed with signal 9 within it."""
    process = FORK.Process(target=work)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("moment", ["line", "synced", "booked", "drawn", "stored", "kept"])
def test_killed_at_any_moment_it_goes_on_and_never_sends_two_replies(
    tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the line was written, synchronised, acknowledged; after noise was drawn, stored, acknowledged."""
    ledger = new_ledger(tmp_path)
    ledger.spend(part(0.25, "before"))

    def work() -> None:
        if moment == "line":
            monkeypatch.setattr(os, "fsync", die)
        if moment == "synced":
            monkeypatch.setattr(privacy.chain, "put", die)
        entry = ledger.spend(part(0.5))
        if moment == "booked":
            die()
        if moment == "stored":
            monkeypatch.setattr(privacy.chain, "_write", die)
        if moment != "drawn":
            ledger.keep(entry, b"first")
        die()

    killed(work)
    again = Ledger(ledger.path)
    assert again.spent("1") == pytest.approx(part(0.75).rho, rel=1e-12)
    entry = again.spend(part(0.5))
    assert again.reply(entry) == (b"first" if moment == "kept" else None)
    assert again.keep(entry, b"second") == (b"first" if moment == "kept" else b"second")
    assert again.spent("1") == pytest.approx(part(0.75).rho, rel=1e-12)
    again.verify()


def test_a_full_disk_leaves_no_torn_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = new_ledger(tmp_path)
    before = ledger.path.read_bytes()

    def full(handle: int, data: bytes) -> None:
        os.write(handle, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="space"):
        patch.setattr(privacy.chain, "_write", full)
        ledger.spend(part(0.5))
    assert ledger.path.read_bytes() == before
    ledger.spend(part(0.5))


def filled(folder: Path) -> Ledger:
    ledger = new_ledger(folder)
    for number in range(3):
        ledger.keep(ledger.spend(part(0.1, str(number))), b"reply %d" % number)
    return ledger


def fails_closed(ledger: Ledger) -> None:
    """Nothing works, and the message says so without a traceback's detail."""
    uses: list[Callable[[], object]] = [
        lambda: ledger.spend(part(0.1, "0")),
        lambda: ledger.affords(part(0.1, "9")),
        lambda: ledger.spent("1"),
        lambda: ledger.left("1"),
        ledger.entries,
        ledger.verify,
    ]
    for use in uses:
        with pytest.raises(LedgerBroken, match="site north refused: its ledger does not verify"):
            use()


LINES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a spend made smaller": lambda lines: [lines[0], lines[1].replace(b'"rho":0.002', b'"rho":0.001'), *lines[2:]],
    "a larger budget": lambda lines: [lines[0].replace(b'"epsilon":1.0', b'"epsilon":9.0'), *lines[1:]],
    "two lines swapped": lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
    "a line twice": lambda lines: [*lines, lines[-1]],
    "a line lost": lambda lines: lines[:2] + lines[3:],
    "the last line lost": lambda lines: lines[:-1],
    "all but the budget lost": lambda lines: lines[:1],
    "the first line lost": lambda lines: lines[1:],
    "everything lost": lambda _: [],
    "half of the last line lost": lambda lines: [*lines[:-1], lines[-1][:40]],
    "the last newline lost": lambda lines: [*lines[:-1], lines[-1][:-1]],
    "a space more": lambda lines: [lines[0].replace(b":", b": ", 1), *lines[1:]],
    "an empty line": lambda lines: [*lines, b"\n"],
    "not JSON": lambda lines: [*lines, b"hello\n"],
    "deep JSON": lambda lines: [*lines, b"[" * 100_000 + b"\n"],
    "not text": lambda lines: [*lines, b"\xff\xfe\x00\n"],
}


@pytest.mark.parametrize("edit", LINES.values(), ids=LINES.keys())
def test_an_edited_ledger_answers_nothing(tmp_path: Path, edit: Callable[[list[bytes]], list[bytes]]) -> None:
    ledger = filled(tmp_path)
    lines = ledger.path.read_bytes().splitlines(keepends=True)
    changed = edit(lines)
    assert changed != lines
    ledger.path.write_bytes(b"".join(changed))
    fails_closed(ledger)


def test_any_changed_byte_is_seen(tmp_path: Path) -> None:
    ledger = filled(tmp_path)
    whole = ledger.path.read_bytes()
    for place in range(0, len(whole), 7):
        ledger.path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(LedgerBroken):
            ledger.spent("1")


def test_a_valid_chain_by_someone_else_does_not_fit_the_head(tmp_path: Path) -> None:
    ledger = filled(tmp_path)
    (tmp_path / "other").mkdir()
    shutil.copy(filled(tmp_path / "other").path.rename(tmp_path / "forged"), ledger.path)
    other = json.loads(ledger.path.read_bytes().splitlines()[0])
    other["facts"]["epsilon"] = 99.0
    ledger.path.write_bytes(privacy.links.line(privacy.links.START, 1, other["facts"]))
    fails_closed(ledger)


@pytest.mark.parametrize("lost", ["ledger", "head", "ledger and head"])
def test_lost_files_are_seen(tmp_path: Path, lost: str) -> None:
    ledger = filled(tmp_path)
    if "ledger" in lost:
        ledger.path.unlink()
    if "head" in lost:
        head(ledger).unlink()
    fails_closed(ledger)
    if "ledger" in lost:
        with pytest.raises(LedgerBroken, match="still there"):
            Ledger.create(ledger.path, checks.BUDGET)


def test_an_older_copy_is_seen(tmp_path: Path) -> None:
    """Alone it does not fit its head, with its head not the replies; against all three only a hash kept elsewhere helps."""
    ledger = new_ledger(tmp_path)
    ledger.keep(ledger.spend(part(0.1, "0")), b"0")
    old, old_head, known = ledger.path.read_bytes(), head(ledger).read_bytes(), ledger.verify()
    ledger.keep(ledger.spend(part(0.1, "1")), b"1")
    latest = ledger.verify()
    ledger.path.write_bytes(old)
    fails_closed(ledger)
    head(ledger).write_bytes(old_head)
    fails_closed(ledger)
    shutil.rmtree(replies(ledger))
    with pytest.raises(LedgerBroken, match="reply is lost"):
        ledger.verify()
    assert known != latest


@pytest.mark.parametrize("damage", [lambda f: f.unlink(), lambda f: f.write_bytes(b"other"), lambda f: f.write_bytes(b"")])
def test_a_lost_reply_is_never_drawn_again(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    ledger = new_ledger(tmp_path)
    entry = ledger.spend(part(0.5))
    ledger.keep(entry, b"reply")
    damage(next(replies(ledger).iterdir()))
    for use in (lambda: ledger.reply(entry), lambda: ledger.keep(entry, b"again"), ledger.verify):
        with pytest.raises(LedgerBroken, match="reply is lost"):
            use()


def test_a_torn_line_that_never_counted_can_be_removed(tmp_path: Path) -> None:
    ledger = filled(tmp_path)
    whole = ledger.path.read_bytes()
    ledger.path.write_bytes(whole + whole.splitlines()[-1][:100])
    with pytest.raises(LedgerBroken, match=r"Ledger\.mend"):
        ledger.spend(part(0.1, "9"))
    assert ledger.mend() and not ledger.mend()
    assert ledger.path.read_bytes() == whole
    ledger.verify()


def test_a_torn_line_that_counted_cannot_be_removed(tmp_path: Path) -> None:
    ledger = filled(tmp_path)
    ledger.path.write_bytes(ledger.path.read_bytes()[:-10])
    with pytest.raises(LedgerBroken, match="older copy"):
        ledger.mend()
    fails_closed(ledger)


def test_a_ledger_of_another_kind_is_none(tmp_path: Path) -> None:
    ledger = new_ledger(tmp_path)
    head(ledger).unlink(missing_ok=True)
    ledger.path.write_bytes(privacy.links.line(privacy.links.START, 1, {"kind": "diary"}))
    fails_closed(ledger)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    ledger = filled(tmp_path)
    ledger.path.rename(tmp_path / "elsewhere")
    ledger.path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        ledger.spend(part(0.1, "9"))


@pytest.mark.parametrize("epsilon", [0.0, -1.0, math.nan, math.inf])
def test_a_budget_that_is_none_starts_no_ledger(tmp_path: Path, epsilon: float) -> None:
    with pytest.raises(ValueError, match="epsilon"):
        Ledger.create(tmp_path / "north.ledger", Budget(epsilon, 1e-6))
    assert not list(tmp_path.iterdir())


def test_a_lower_limit_of_the_one_who_asks_holds_a_higher_one_does_not(tmp_path: Path) -> None:
    ledger = new_ledger(tmp_path)
    low, high = Budget(0.3, 1e-6), Budget(9.0, 1e-6)
    assert not ledger.affords(part(0.5), low)
    with pytest.raises(Refused):
        ledger.spend(part(0.5), low)
    ledger.spend(part(0.5), high)
    assert ledger.affords(part(0.5), low) and not ledger.affords(part(0.6, "b"), high)
