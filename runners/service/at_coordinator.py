"""What the coordinator's own files say: the spec, and the state of the latest run."""

from __future__ import annotations

from pathlib import Path

from runners.places import Places
from runners.service.seen import Seen, holds
from runners.site.own import Environ
from runners.state import latest
from specs.lang.read import read
from specs.lang.types import Study


def look(study: Study) -> Seen:
    """Reads both anew."""
    state = latest(Places(study).runs)
    stages = {stage.name: stage.state for stage in state.stages} if state else {}
    return Seen(checks={"spec": holds(lambda: read(Path(study.file), Environ()))}, stages=stages)
