"""The quality report of a release: one HTML file."""
