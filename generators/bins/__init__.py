"""The bins generator: no tables, but where the patients' columns are best cut, found from noised histograms."""
