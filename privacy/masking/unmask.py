"""Removing the masks from a total, with parts that enough sites have revealed.

Nothing is believed: a seed must have the promised hash, a mask key the advertised public key. So parts that a site has
changed can stop a sum, and never bend it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations, islice

import numpy as np
from numpy.typing import NDArray

from privacy.masking import parts
from privacy.masking.deal import promised
from privacy.masking.errors import Unfit
from privacy.masking.mask import add_own, add_pair
from privacy.masking.roster import Roster
from privacy.masking.secrets import public
from privacy.secure_sum import Words, total

TRIES = 500
"""Sets of parts that are tried for one secret, should some parts be wrong."""


@dataclass(frozen=True, slots=True)
class Revealed:
    """What one site reveals: parts of own seeds by surviving site, parts of mask keys by site that left."""

    own: Mapping[str, bytes]
    mask: Mapping[str, bytes]


def reveal(held: Mapping[str, bytes], survivors: Sequence[str]) -> Revealed:
    """From the parts a site holds (`deal.opened`) the one kind of each dealer that may be known."""
    half = 2 * parts.HALF
    own = {dealer: part[half:] for dealer, part in held.items() if dealer in survivors}
    return Revealed(own, {dealer: part[:half] for dealer, part in held.items() if dealer not in survivors})


def unmask(
    masked: Mapping[str, Words],
    dealers: Sequence[str],
    roster: Roster,
    transcript: str,
    promises: Mapping[str, str],
    revealed: Mapping[str, Revealed],
) -> NDArray[np.int64]:
    """The total (cells,) of the vectors behind `masked`, by surviving site. Raises Unfit when the parts do not make it out."""
    survivors = list(masked)
    words = total([masked[site] for site in survivors]).view(np.uint64)
    for site in survivors:
        held = {holder: r.own[site] for holder, r in revealed.items() if site in r.own}
        seed = _secret(held, roster, partial(_is_seed, transcript, site, promises[site]))
        add_own(words, seed, transcript, site, -1)
    for gone in sorted(set(dealers) - set(survivors)):
        held = {holder: r.mask[gone] for holder, r in revealed.items() if gone in r.mask}
        key = _secret(held, roster, partial(_is_key, roster.of(gone).mask))
        for site in survivors:
            add_pair(words, key, roster.of(site).mask, transcript, gone, site)
    return words.view(np.int64)


def _is_seed(transcript: str, site: str, promise: str, own: bytes) -> bool:
    return promised(own, transcript, site) == promise


def _is_key(advertised: str, mask: bytes) -> bool:
    return public(mask) == advertised


def _secret(held: Mapping[str, bytes], roster: Roster, right: Callable[[bytes], bool]) -> bytes:
    """The secret that enough of the parts make and that is what was promised."""
    for secret in _candidates(held, roster):
        if right(secret):
            return secret
    raise Unfit("parts that do not make the promised secret")


def _candidates(held: Mapping[str, bytes], roster: Roster) -> Iterator[bytes]:
    for holders in islice(combinations(sorted(held), roster.threshold), TRIES):
        try:
            yield parts.combined({h: held[h] for h in holders}, roster.sites)
        except ValueError:
            continue
