"""Versions, their files, and the aliases that name them."""

from techner.registry.registry import PRODUCTION, Registry

__all__ = ["PRODUCTION", "Registry"]
