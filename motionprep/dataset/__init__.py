"""A dataset that was built: splits, motions, windows, batches, and the way back to recorded units."""
