"""Generators: pure numerics over noised sums. No file, network or SQL; NumPy (and Torch where used) alone."""
