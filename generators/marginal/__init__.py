"""The marginal generator: chains of log-linear conditionals fitted to noised marginals."""
