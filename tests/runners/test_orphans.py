"""A site's process ends with whoever asked it."""

import subprocess
import sys
from subprocess import PIPE

from runners.transport.frames import read_frame, write_frame


def test_it_ends_when_its_input_ends(root):
    command = [sys.executable, "-m", "runners.site", "nowhere.yml", "north"]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=root) as site:
        write_frame(site.stdin, b"no request")
        assert b"spec" in read_frame(site.stdout)
        site.stdin.close()
        try:
            assert site.wait(timeout=60) == 1
            assert (site.stdout.read(), site.stderr.read()) == (b"", b"")
        finally:
            site.kill()
