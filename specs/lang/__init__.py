"""The spec language: a strict reader, frozen types, semantic checks and messages."""
