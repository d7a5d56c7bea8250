"""One way to write facts as bytes, so that equal facts have equal hashes and signatures."""

from __future__ import annotations

import json


def canonical(value: object) -> bytes:
    """JSON with sorted keys and no spaces. Raises ValueError for NaN and infinities, which JSON has not."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
