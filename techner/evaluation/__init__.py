"""Score candidate, production and origin on the same frozen sets, and judge."""
