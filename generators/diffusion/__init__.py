"""Masked diffusion over columns: one network predicts every hidden column from any subset of the others."""
