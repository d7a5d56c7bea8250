"""Sampling at any size: batches of shards drawn by several processes, rows in Parquet files, never all in memory."""
