"""TVAE (Xu et al. 2019, arXiv 1907.00503): a variational autoencoder of a root table."""
