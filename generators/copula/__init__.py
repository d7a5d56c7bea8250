"""The copula generator: the root table's codes as cuts of correlated normal variables, fitted to noised marginals."""
