"""One file per command: `add` declares it, `run` does it."""
