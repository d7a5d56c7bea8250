"""What judges a release: how far synthetic tables are from what is publicly known about the patients."""
