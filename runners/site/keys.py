"""The key a site signs with."""

from __future__ import annotations

from privacy.identity import Identity
from runners.places import key_of, rounds_of
from runners.site.trouble import Trouble
from specs.lang.types import Site


def identity_of(site: Site) -> Identity:
    """The site's own key where its steward made one, else one that is made on first use and stays in its private folder.

    Raises Trouble when the spec names another key, or the file holds none.
    """
    try:
        identity = _steward_key(site) or _made_key(site)
    except ValueError:
        raise Trouble("key") from None
    if site.key not in (None, identity.public):
        raise Trouble("key")
    return identity


def _steward_key(site: Site) -> Identity | None:
    try:
        return Identity.load(key_of(site))
    except FileNotFoundError:
        return None


def _made_key(site: Site) -> Identity:
    file = rounds_of(site) / "key"
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return Identity.create(file)
    except FileExistsError:
        return Identity.load(file)
