"""Messages over Flower, without Flower: both ends of the relay speak on local sockets, and what is shipped is always the same."""

import ast
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket

import pytest

from runners.errors import Stop
from runners.transport.base import Answer
from runners.transport.flower.agent import serve
from runners.transport.flower.app import FILES, make_app
from runners.transport.flower.transport import PROGRAM, Flower
from runners.transport.frames import read_frame, write_frame

BODIES = {"north": b"\x00one", "lake": b"two\n\xff", "coast": b""}
FLWR = """\
#!{python}
import json, os, re, sys
from socket import AF_UNIX, SOCK_STREAM, socket
sys.path.insert(0, {root!r})
from runners.transport.frames import read_frame, write_frame

place = re.fullmatch('socket="(.*)"', sys.argv[4]).group(1)
line = socket(AF_UNIX, SOCK_STREAM)
line.connect(place)
if os.fork():
    os._exit(0)
os.dup2(os.open(os.devnull, os.O_RDWR), 1)
os.dup2(1, 2)
stream = line.makefile("rwb")
while head := stream.readline():
    bodies = {{site: read_frame(stream) for site in json.loads(head)["sites"]}}
    for site, body in bodies.items():
{answers}
"""


@pytest.fixture
def program(tmp_path, root, monkeypatch):
    """Puts a program in the place of Flower's `flwr`, which speaks as the relay does."""

    def put(answers):
        file = tmp_path / "flwr"
        lines = "\n".join(" " * 8 + line for line in answers)
        file.write_text(FLWR.format(python=sys.executable, root=str(root), answers=lines))
        file.chmod(0o700)
        monkeypatch.setenv(PROGRAM, str(file))

    return put


def exchanged(flower, bodies):
    heard = []
    found = flower.exchange("run", "round", "stage", bodies, 20.0, lambda site, answer: heard.append((site, answer)))
    assert sorted(site for site, _ in heard) == sorted(bodies) and dict(heard) == dict(found)
    return found


SAY = ["for part in (site.encode(), state, body[::-1]):", "    write_frame(stream, part)"]


def test_bytes_arrive_as_they_were_sent_message_after_message(program):
    program(["state = b'reply'", *SAY])
    with closing(Flower()) as flower:
        for _ in range(2):
            assert exchanged(flower, BODIES) == {site: Answer("reply", body[::-1]) for site, body in BODIES.items()}
    assert not flower.folder.exists()


def test_a_site_that_refuses_or_is_not_there_gives_no_bytes(program):
    program(["state = {'north': b'reply', 'lake': b'refused', 'coast': b'never heard of'}[site]", *SAY])
    with closing(Flower()) as flower:
        found = exchanged(flower, BODIES)
    assert found == {"north": Answer("reply", b"eno\x00"), "lake": Answer("refused"), "coast": Answer("missing")}


def test_a_relay_that_is_lost_leaves_the_others_missing_and_the_next_message_starts_another(program):
    program(["state = b'reply'", *SAY, "if site == 'lake': os._exit(1)"])
    with closing(Flower()) as flower:
        for _ in range(2):
            states = {site: answer.state for site, answer in exchanged(flower, BODIES).items()}
            assert states == {"north": "reply", "lake": "reply", "coast": "missing"}


def test_what_is_missing_is_said(tmp_path, monkeypatch):
    monkeypatch.delenv(PROGRAM, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with closing(Flower()) as flower, pytest.raises(Stop, match=r'pip install "flwr==1\.32\.1"'):
        exchanged(flower, BODIES)


def test_a_superlink_that_says_no_is_quoted(tmp_path, monkeypatch):
    no = tmp_path / "flwr"
    no.write_text("#!/bin/sh\necho nobody listens >&2\nexit 1\n")
    no.chmod(0o700)
    monkeypatch.setenv(PROGRAM, str(no))
    with closing(Flower()) as flower, pytest.raises(Stop, match="did not take the relay\n  nobody listens"):
        exchanged(flower, BODIES)


def test_the_app_is_always_the_same_and_needs_nothing_that_is_not_in_it(tmp_path):
    one, two = (make_app(tmp_path / name) for name in ("one", "two"))
    found = [{str(f.relative_to(app)): f.read_bytes() for f in app.rglob("*") if f.is_file()} for app in (one, two)]
    assert found[0] == found[1] and set(found[0]) == {*FILES, "pyproject.toml"}
    for name in FILES:
        for node in ast.walk(ast.parse(found[0][name])):
            for module in [a.name for a in node.names] if isinstance(node, ast.Import) else _from(node):
                shipped = module.replace(".", "/") + ".py" in FILES
                assert shipped or module.split(".")[0] in {*sys.stdlib_module_names, "flwr"}, (name, module)


def _from(node):
    return [node.module] if isinstance(node, ast.ImportFrom) else []


def test_the_agent_answers_its_owner_and_ends_when_told(tmp_path, root):
    place = tmp_path / "agent"
    code = "from pathlib import Path; from runners.transport.flower.agent import serve; "
    code += f"serve(Path({str(place)!r}), Path('no.yml'), 'north')"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=root, env=os.environ | {"PYTHONPATH": str(root)})
    try:
        for _ in range(2):
            assert b"spec" in _asked(process, place)
        assert place.stat().st_mode & 0o777 == 0o600
        with pytest.raises(Stop, match="listens there already"):
            serve(place, Path("no.yml"), "north")
        assert b"spec" in _asked(process, place), "the first one goes on"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert not place.exists()


def _asked(process, place):
    while True:
        with socket(AF_UNIX, SOCK_STREAM) as line:
            if line.connect_ex(str(place)) == 0:
                with line.makefile("rwb") as stream:
                    write_frame(stream, b"no request")
                    assert read_frame(stream) == b"reply"
                    return read_frame(stream)
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError("the agent ended by itself")
