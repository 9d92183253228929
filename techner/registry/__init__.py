"""Versions, their files, and the aliases that name them."""
