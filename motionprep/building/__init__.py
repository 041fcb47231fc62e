"""The straight line from sources to a dataset: plan, make shards, commit."""
