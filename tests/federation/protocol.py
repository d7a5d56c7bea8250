"""One masked sum with nothing but `privacy.masking`: members in memory, an honest go-between."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from privacy.masking import deal as dealing
from privacy.masking import mask as masks
from privacy.masking import survivors as sets
from privacy.masking.roster import Context, Roster, checked
from privacy.masking.secrets import Secrets, advert
from privacy.masking.unmask import reveal, unmask
from specs.lang.quorum import threshold
from tests.federation.chair import fresh_key

CONTEXT = Context("r1", "0" * 32, "s" * 64, "q" * 64, 1.0)


def masked_sum(
    vectors: Mapping[str, NDArray[np.uint64]],
    colluders: int = 0,
    no_sums: Collection[str] = (),
    no_parts: Collection[str] = (),
    seen: list[NDArray[np.uint64]] | None = None,
) -> NDArray[np.int64]:
    """The total of all vectors but those of `no_sums`, who leave before they send one; `no_parts` leave before they reveal."""
    sites = sorted(vectors)
    secrets, keys = {s: Secrets.fresh() for s in sites}, {s: fresh_key() for s in sites}
    least = threshold(len(sites), colluders)
    roster = Roster(least, tuple(advert(secrets[s], keys[s], s, CONTEXT) for s in sites))
    roster = checked(roster, CONTEXT, dict.fromkeys(sites), least, colluders)
    name = roster.transcript(CONTEXT)
    dealt = {s: dealing.deal(secrets[s], roster, name, s) for s in sites}
    held = {s: dealing.opened(secrets[s], roster, name, s, {d: dealt[d][s] for d in sites}) for s in sites}
    sent = {s: masks.masked(vectors[s], secrets[s], roster, name, s, sites) for s in sites if s not in no_sums}
    if seen is not None:
        seen.extend(sent.values())
    survivors = sorted(sent)
    signatures = {s: sets.agree(keys[s], name, survivors) for s in survivors}
    sets.agreed(signatures, name, survivors, roster)
    shown = {s: reveal(held[s], survivors) for s in survivors if s not in no_parts}
    promises = {s: dealing.promise(secrets[s], name, s) for s in sites}
    return unmask(sent, sites, roster, name, promises, shown)
