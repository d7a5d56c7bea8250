"""The door: queries, noise, accounting, ledger, secure sum. The only place where noise is drawn."""
