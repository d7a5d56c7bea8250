"""Fills a user's partial table from a released model. Its rows may be private: nothing of them is printed, logged or quoted."""
