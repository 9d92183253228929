"""The page: what is in production, why, and the state of every delivery. Knows neither Airflow nor spaCy."""

from techner.web.app import create_app

__all__ = ["create_app"]
