"""What lies in a folder of recordings: files, archives, keys, pairs and headers."""
