"""A network of its own for a command: loopback, and a wire to nowhere on which every packet for anywhere else is counted."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SETUP = """
ip link set lo up && ip link add v0 type veth peer name v1 || exit 97
echo 1 > /proc/sys/net/ipv6/conf/v0/disable_ipv6; echo 1 > /proc/sys/net/ipv6/conf/v1/disable_ipv6
ip addr add 10.9.9.1/24 dev v0 && ip link set v0 up && ip link set v1 up && ip route add default via 10.9.9.2 || exit 97
out=$1; shift
"$@"; code=$?
grep v0 /proc/net/dev > "$out"
exit $code
"""


def alone(counter: Path) -> tuple[str, ...]:
    """Words before a command; how many packets it sent elsewhere is then in `counter`."""
    return ("unshare", "-rn", "bash", "-c", SETUP, "--", str(counter))


def sent(counter: Path) -> int:
    """Packets that left for anywhere but this machine; a question where that is (ARP) is one, too."""
    return int(counter.read_text().split(":")[1].split()[9])


def possible(folder: Path) -> bool:
    """Whether this machine allows such a network."""
    if not shutil.which("unshare") or not shutil.which("ip"):
        return False
    counter = folder / "counter"
    return subprocess.run([*alone(counter), "true"], capture_output=True, check=False).returncode == 0 and counter.exists()
