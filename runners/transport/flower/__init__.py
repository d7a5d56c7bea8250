"""Messages over Flower: a relay app that runs in Flower's own processes, and what speaks to it on both sides."""
