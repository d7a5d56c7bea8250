"""Agreeing on whose vectors are in the total, before anyone helps to remove a mask."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from privacy.canonical import canonical
from privacy.identity import Identity, verify
from privacy.masking.errors import Unfit
from privacy.masking.roster import Roster


def checked(survivors: Sequence[str], dealers: Collection[str], roster: Roster, site: str, need: int) -> tuple[str, ...]:
    """The set, if this site may agree to it: itself among at least `need` (and the threshold) of those who dealt parts.

    Raises Unfit, for a single site as well, unless the study has one only.
    """
    if list(survivors) != sorted(set(survivors)) or not set(survivors) <= set(dealers):
        raise Unfit("survivors that are unknown, repeated or out of order")
    if site not in survivors:
        raise Unfit("survivors without this site")
    if len(survivors) < max(need, roster.threshold):
        raise Unfit("too few survivors")
    return tuple(survivors)


def agree(identity: Identity, transcript: str, survivors: Sequence[str]) -> str:
    """The site's signature (hexadecimal) under a set of survivors."""
    return identity.sign(_text(transcript, survivors)).hex()


def agreed(signatures: Mapping[str, str], transcript: str, survivors: Sequence[str], roster: Roster) -> None:
    """Raises Unfit unless at least the threshold of the survivors have signed this very set."""
    text = _text(transcript, survivors)
    good = [site for site, said in signatures.items() if site in survivors and _signed(roster, site, said, text)]
    if len(good) < roster.threshold:
        raise Unfit("too few sites agreed to the survivors")


def _signed(roster: Roster, site: str, signature: str, text: bytes) -> bool:
    try:
        return verify(roster.of(site).identity, bytes.fromhex(signature), text)
    except ValueError:
        return False


def _text(transcript: str, survivors: Sequence[str]) -> bytes:
    return canonical(["wardloom survivors", transcript, list(survivors)])
