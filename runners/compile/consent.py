"""Consent in SQL: patients without a consenting row at the hospital are left out, and so is all that hangs below them."""

from __future__ import annotations

from runners.compile.names import prefix
from runners.compile.sql import TYPES, condition, key, name
from specs.lang.types import Consent, Study


def steps(study: Study, consent: Consent, source: str) -> list[tuple[str, str]]:
    """Two steps of the root's bounded model: who consents, and the rows of `source` that are theirs.

    A condition that cannot be evaluated for a row is NULL there, and the row no consent.
    """
    pairs = list(zip(consent.key, study.root.key, strict=True))
    keys = ", ".join(f"{key(theirs, TYPES[own.type])} as {name(own.name)}" for theirs, own in pairs)
    register = f"{{{{ source('{prefix(study)}', '{consent.table}') }}}}"
    same = " and ".join(f"consenting.{name(own.name)} = {source}.{name(own.name)}" for _, own in pairs)
    return [
        ("consenting", f"select {keys} from {register}\n    where try({condition(consent.where)})"),
        ("consented", f"select * from {source}\n    where exists (select 1 from consenting where {same})"),
    ]
