"""Shares as whole numbers of patients."""

from __future__ import annotations

import math
from collections.abc import Mapping


def quotas(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    """`total` shared out by largest remainders (Hamilton): the sum is exact, each number within 1 of `total` times its share.

    Shares are not negative and need not add up to 1; of equal remainders the first comes first.
    """
    whole = sum(shares.values())
    exact = {name: total * share / whole for name, share in shares.items()}
    found = {name: math.floor(number) for name, number in exact.items()}
    left = total - sum(found.values())
    for name in sorted(exact, key=lambda n: found[n] - exact[n])[:left]:
        found[name] += 1
    return found
