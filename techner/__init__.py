"""Nightly uptraining of a domain NER model that forgets nothing it knew."""

__version__ = "0.1.0"
