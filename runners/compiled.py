"""The dbt files a spec asks for: which are stale, and writing them."""

from __future__ import annotations

from pathlib import Path

from specs.lang.types import Study


def stale(study: Study) -> list[Path]:
    """Rendered files that are missing or differ from what the spec renders to now."""
    from runners.compile.write import stale as found

    return list(found(study))


def write(study: Study) -> list[Path]:
    """Renders the spec; returns the files that changed."""
    from runners.compile.write import write as put

    return list(put(study))
