"""Shards, the manifest and dataset.json: where the bytes of a dataset are."""
