"""A decoder-only transformer over each patient's whole history."""
