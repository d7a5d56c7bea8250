"""A site's log: what is in it stays in it, in its order, and is the site's own; whoever changes it is seen."""

from __future__ import annotations

import json
import shutil
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privacy.canonical import canonical
from privacy.chain import Chain
from privacy.identity import Identity
from privacy.ledger import Ledger
from privacy.links import START, Broken, line, link, linked, named
from privacy.vouch import seal, vouched
from runners.places import audit_of, key_of, ledger_of
from runners.site import audit
from runners.site.verify import check
from specs.lang.types import Site
from tests.runners import logs


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Site:
    """A site after a busy week; tests leave its files as they found them."""
    return logs.busy(tmp_path_factory.mktemp("busy"))


@pytest.fixture
def kept(site):
    """The files, put back afterwards."""
    before = logs.content(site)
    yield before
    for file in logs.files(site):
        file.unlink()
    logs.put(before)


def test_an_untouched_site_verifies(site):
    found = check(site)
    assert found.key == Identity.load(key_of(site)).public
    kinds = [line.facts["kind"] for line in audit.read(site)]
    assert kinds == ["opened", "approve", *["queries", "sent", "sent"], "refused", *["queries", "sent", "sent"], "revoke"]
    assert (found.audit, found.ledger) == (len(kinds), 7)
    assert not [f for f in logs.files(site) if f.stat().st_mode & 0o077]


@pytest.mark.parametrize("edit", logs.EDITS, ids=lambda e: e.name)
@pytest.mark.parametrize("end", ["audit", "ledger"])
def test_every_edit_of_every_line_is_seen(site, kept, edit, end):
    file = Path(f"{site.database}.{end}")
    lines = file.read_bytes().splitlines(keepends=True)
    tried = [b"".join(changed) for changed in edit.make(lines)]
    tried = [data for data in tried if data != b"".join(lines)]
    for data in tried:
        file.write_bytes(data)
        logs.is_seen(site)
    assert len(tried) >= len(lines) - 1


def test_a_cheaper_spend_is_seen(site, kept):
    data = ledger_of(site).read_bytes()
    ledger_of(site).write_bytes(data.replace(b'"rho":0.001', b'"rho":0.0001', 1))
    assert ledger_of(site).read_bytes() != data
    logs.is_seen(site)


def test_lines_of_other_logs_are_seen(site, kept, tmp_path):
    other = logs.busy(tmp_path / "other")
    mine, theirs = (audit_of(s).read_bytes().splitlines(keepends=True) for s in (site, other))
    for i in range(len(mine)):
        audit_of(site).write_bytes(b"".join([*mine[:i], theirs[i], *mine[i + 1 :]]))
        logs.is_seen(site)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_mutated_byte_is_seen(site, kept, data):
    file = data.draw(st.sampled_from(logs.files(site)))
    file.write_bytes(data.draw(logs.mutations(kept[str(file)])))
    try:
        logs.is_seen(site)
    finally:
        file.write_bytes(kept[str(file)])


@pytest.mark.slow
def test_each_byte_of_each_file_is_seen(site, kept):
    """All of them: another bit, another case, gone, twice."""
    count = 0
    for file in logs.files(site):
        data = kept[str(file)]
        for place, byte in enumerate(data):
            for new in (bytes([byte ^ 1]), bytes([byte ^ 32]), b"", bytes([byte, byte])):
                file.write_bytes(data[:place] + new + data[place + 1 :])
                logs.is_seen(site)
                count += 1
        file.write_bytes(data)
    print(f"{count} mutations of a byte, all seen")
    assert count == 4 * sum(map(len, kept.values()))


def test_every_file_that_is_gone_is_seen(site, kept):
    for file in logs.files(site):
        data = file.read_bytes()
        file.unlink()
        logs.is_seen(site)
        file.write_bytes(data)
    logs_gone = [audit_of(site).with_name(audit_of(site).name + end) for end in ("", ".head", ".seal")]
    for file in logs_gone:
        file.unlink()
    logs.is_seen(site)


def rechained(lines, signature=lambda before, facts: facts.get("signature", "")):
    """The lines with all hashes computed anew, as someone who can write files but has no key can do it."""
    found, before = [], START
    for number, facts in enumerate(lines, 1):
        text = line(before, number, {**facts, "signature": signature(before, facts)})
        before = link(text, before, number).hash
        found.append(text)
    return b"".join(found)


def with_heads(site, data, sealed=False):
    """The log, with the head that belongs to it; and a seal that fits, but for its signature."""
    audit_of(site).write_bytes(data)
    last = linked(data)[-1]
    Chain(audit_of(site)).head.write_text(named(last))
    if sealed:
        said = {"number": last.number, "hash": last.hash, "signature": "0" * 128}
        Path(f"{audit_of(site)}.seal").write_bytes(canonical(said) + b"\n")


@pytest.mark.parametrize("cut", range(1, 10))
def test_a_log_that_was_cut_off_with_its_head_is_seen_by_its_seal(site, kept, cut):
    lines = audit_of(site).read_bytes().splitlines(keepends=True)
    with_heads(site, b"".join(lines[:cut]))
    with pytest.raises(Broken, match=f"cut off after line {cut}, its seal knows of 10"):
        check(site)


@pytest.mark.parametrize("number", range(10))
def test_a_history_written_anew_without_the_key_is_seen(site, kept, number):
    facts = [dict(one.facts) for one in audit.read(site)]
    facts[number]["at"] = "2026-01-01T00:00:00+00:00"
    with_heads(site, rechained(facts), sealed=True)
    logs.is_seen(site)
    del facts[number]
    with_heads(site, rechained(facts), sealed=True)
    logs.is_seen(site)


def test_a_history_under_another_key_is_seen(site, kept, tmp_path):
    """Lines, seal and all signed by a forger: the site's own key, or the one the spec names, is another."""
    forger = Identity.create(tmp_path / "key")
    facts = [{k: v for k, v in one.facts.items() if k != "signature"} for one in audit.read(site)]
    facts[0]["key"] = forger.public
    data, links = b"", ()
    for number, said in enumerate(facts, 1):
        before = links[-1].hash if links else START
        text = line(before, number, vouched(forger, links, said))
        data, links = data + text, (*links, link(text, before, number))
    with_heads(site, data)
    Path(f"{audit_of(site)}.seal").write_bytes(seal(forger, links[-1]))
    logs.is_seen(site)
    public = Identity.load(key_of(site)).public
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "_identity", lambda site: None)  # as on an auditor's machine, which has no key file
        assert logs.verifies(site) and not logs.verifies(site, public)


def test_an_older_ledger_is_seen_by_the_log(site, kept):
    """Rolled back together with its head and its replies: the chain alone cannot tell."""
    path, replies = ledger_of(site), Path(f"{ledger_of(site)}.replies")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:4]))
    Chain(path).head.write_text(named(linked(b"".join(lines[:4]))[-1]))
    there = {link.hash for link in linked(b"".join(lines[:4]))}
    moved = [f for f in replies.iterdir() if f.name not in there]
    for file in moved:
        file.rename(replies.parent / file.name)
    try:
        assert Ledger(path).verify()
        with pytest.raises(Broken, match="ledger: does not verify: its line"):
            check(site)
    finally:
        for file in moved:
            (replies.parent / file.name).rename(file)


def test_an_older_log_is_seen_by_the_ledger(tmp_path):
    """Log, head and seal put back together, from before a vector left."""
    site = logs.site_at(tmp_path)
    audit.record(site, "refused", {"code": "budget"})
    before = {f: d for f, d in logs.content(site).items() if ".audit" in f}
    logs.answer(site, logs.QUERIES[:1])
    assert logs.verifies(site)
    logs.put(before)
    with pytest.raises(Broken, match=r"audit: does not verify: what line 4 of the ledger says was sent"):
        check(site)


def test_a_log_from_before_a_key_is_signed_from_then_on(tmp_path):
    site = Site("north", str(tmp_path / "north.duckdb"))
    audit.record(site, "refused", {"code": "spec"})
    assert logs.verifies(site) and check(site).key == ""
    audit.open_log(site, identity := Identity.create(key_of(site)))
    audit.record(site, "refused", {"code": "budget"})
    assert check(site).key == identity.public
    assert [one.facts["kind"] for one in audit.read(site)] == ["opened", "refused", "keyed", "refused"]
    with pytest.raises(FileExistsError):
        audit.open_log(site, identity)


def test_with_a_key_a_log_that_is_gone_is_not_begun_again(tmp_path):
    site = logs.site_at(tmp_path)
    for file in logs.files(site):
        file.unlink()
    with pytest.raises(Broken, match="gone"):
        audit.record(site, "refused", {"code": "budget"})
    assert not audit_of(site).exists()


def test_without_its_key_a_signed_log_does_not_go_on(tmp_path):
    site = logs.site_at(tmp_path)
    key_of(site).unlink()
    before = audit_of(site).read_bytes()
    with pytest.raises(Broken, match="key is gone"):
        audit.record(site, "refused", {"code": "budget"})
    assert audit_of(site).read_bytes() == before and logs.verifies(site)


@pytest.mark.parametrize("facts", [{"kind": "sent"}, {"kind": "dance"}, {"kind": "opened"}, {"kind": "approve"}, {}])
def test_lines_that_say_too_little_are_seen(tmp_path, facts):
    """In a log without a key, where anyone who can write files can add a line that fits."""
    site = Site("north", str(tmp_path / "north.duckdb"))
    audit.record(site, "refused", {"code": "budget"})
    with Chain(audit_of(site)).writing() as writer:
        writer.append({"at": "2026-01-01", "ledger": "", **facts})
    with pytest.raises(Broken, match="line 3"):
        check(site)


def test_the_same_message_and_the_same_queries_are_noted_once(tmp_path):
    site = logs.site_at(tmp_path)
    for _ in range(3):
        audit.sent(site, logs.sent(logs.QUERIES), logs.QUERIES)
    audit.sent(site, logs.sent(logs.QUERIES, "reveal"), logs.QUERIES)
    assert [one.facts["kind"] for one in audit.read(site)] == ["opened", "queries", "sent", "sent"]
    with pytest.raises(ValueError, match="other queries"):
        audit.sent(site, logs.sent(logs.QUERIES[:1]), logs.QUERIES)


@pytest.mark.parametrize("name", sorted(audit.RESERVED))
def test_facts_cannot_pass_for_the_logs_own(tmp_path, name):
    with pytest.raises(ValueError, match="names of their own"):
        audit.record(logs.site_at(tmp_path), "refused", {name: "x"})


@pytest.mark.parametrize("torn", [1, 40])
def test_a_line_that_a_crash_cut_off_is_removed_by_the_next(tmp_path, torn):
    site = logs.site_at(tmp_path)
    audit.record(site, "refused", {"code": "budget"})
    with audit_of(site).open("ab") as out:
        out.write(b'{"facts":{"at":"2026-01-01T00:00:00+00:00","code":"budget"'[:torn])
    logs.is_seen(site)
    audit.record(site, "refused", {"code": "spec"})
    assert [one.facts.get("code") for one in audit.read(site)] == [None, "budget", "spec"]


def test_a_line_whose_seal_a_crash_prevented_is_kept_and_sealed(tmp_path):
    site = logs.site_at(tmp_path)
    file = Path(f"{audit_of(site)}.seal")
    before = file.read_bytes()
    audit.record(site, "refused", {"code": "budget"})
    file.write_bytes(before)
    assert logs.verifies(site)
    audit.record(site, "refused", {"code": "spec"})
    assert json.loads(file.read_bytes())["number"] == 3


def _many(database: str) -> None:
    for i in range(10):
        audit.record(Site("north", database), "refused", {"code": "budget", "run": str(i)})


def test_processes_side_by_side_lose_no_line(tmp_path):
    site = logs.site_at(tmp_path)
    workers = [get_context("fork").Process(target=_many, args=(site.database,)) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 6
    assert check(site).audit == 61


def _on_and_on(database: str, told: Connection) -> None:
    for i in range(10_000):
        audit.record(Site("north", database), "refused", {"code": "budget", "run": str(i)})
        told.send(i)


@pytest.mark.parametrize("lines", range(1, 13))
def test_killed_at_any_time_no_noted_line_is_lost(tmp_path, lines):
    """Kill -9 while lines are written: what was acknowledged is there, and the site goes on."""
    site = logs.site_at(tmp_path)
    ours, theirs = get_context("fork").Pipe(duplex=False)
    writer = get_context("fork").Process(target=_on_and_on, args=(site.database, theirs))
    writer.start()
    theirs.close()
    noted = [ours.recv() for _ in range(lines)]
    writer.kill()
    writer.join()
    while ours.poll():
        try:
            noted.append(ours.recv())
        except EOFError:
            break
    audit.record(site, "refused", {"code": "spec", "run": "after"})
    runs = [one.facts["run"] for one in audit.read(site) if one.facts["kind"] == "refused"]
    assert runs[: len(noted)] == [str(i) for i in noted] and runs[-1] == "after" and len(runs) <= len(noted) + 2
    assert check(site).audit == len(runs) + 1


def test_a_copy_of_everything_verifies_elsewhere(site, tmp_path):
    """What an auditor gets: all files but the private key."""
    folder = Path(site.database).parent
    shutil.copytree(folder, tmp_path / "copy")
    there = Site("north", str(tmp_path / "copy" / "north.duckdb"))
    key_of(there).unlink()
    assert check(there).key == check(site).key
    assert logs.verifies(there, check(site).key)


# planted bugs: each check above fails when what it guards is switched off


def no_signatures(patch):
    patch.setattr("privacy.vouch.verify", lambda *_: True)


def no_seal(patch):
    patch.setattr("runners.site.audit.check_seal", lambda key, data, links: 0)


def no_key(patch):
    patch.setattr("runners.site.audit._public", lambda site: None)


def no_chain(patch):
    """Lines are taken as they are, whatever hash they carry."""

    def parsed(text, before, number):
        from privacy.links import Link

        found = json.loads(text)
        return Link(number, found["hash"], found["facts"])

    patch.setattr("privacy.links.link", parsed)


def no_anchors(patch):
    patch.setattr("runners.site.verify._in_ledger", lambda lines, now: None)


def no_egress(patch):
    patch.setattr("runners.site.verify._in_log", lambda spent, lines: None)


CAUGHT = {
    no_signatures: lambda site, kept, tmp: test_a_history_written_anew_without_the_key_is_seen(site, kept, 9),
    no_seal: lambda site, kept, tmp: test_a_log_that_was_cut_off_with_its_head_is_seen_by_its_seal(site, kept, 4),
    no_key: test_a_history_under_another_key_is_seen,
    no_chain: lambda site, kept, tmp: test_a_cheaper_spend_is_seen(site, kept),
    no_anchors: lambda site, kept, tmp: test_an_older_ledger_is_seen_by_the_log(site, kept),
    no_egress: lambda site, kept, tmp: test_an_older_log_is_seen_by_the_ledger(tmp),
}


@pytest.mark.parametrize("bug", CAUGHT, ids=lambda b: b.__name__)
def test_a_check_that_is_switched_off_is_seen(site, kept, tmp_path, bug):
    with pytest.MonkeyPatch.context() as patch:
        bug(patch)
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            CAUGHT[bug](site, kept, tmp_path)
