"""How many sites must agree before masks are taken off a sum."""

from __future__ import annotations

from specs.lang.types import Federation


def threshold(sites: int, colluders: int) -> int:
    """How many of `sites` must help.

    Two sets of that size share more than `colluders` members (2 t - n > c), so at least one honest site; and an honest site
    agrees to one set of survivors only.
    """
    return (sites + colluders) // 2 + 1


def fewest(sites: int, federation: Federation) -> int:
    """How many of `sites` a total must hold: for the noise in it, to remove masks, and as the spec says."""
    return max(federation.min_sites, sites - federation.dropouts, threshold(sites, federation.colluders))
