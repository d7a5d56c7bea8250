"""Lineage: what was read, what was written, and what became of it, as OpenLineage events (https://openlineage.io/spec)."""
