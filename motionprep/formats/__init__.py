"""One file a format; here, which suffix belongs to which."""
