"""Why a masked sum goes no further."""

from __future__ import annotations


class Unfit(Exception):
    """Something that was received does not fit what was agreed: nothing more is said or computed in this round."""
