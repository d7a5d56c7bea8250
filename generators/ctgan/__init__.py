"""CTGAN (Xu et al. 2019, arXiv 1907.00503) of a root table, and the mode-specific normalisation it shares with TVAE."""
