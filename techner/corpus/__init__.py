"""Texts to train on and texts that only score, kept apart."""
