"""The page: what is in production, why, and where every delivery stands. Knows neither Airflow nor spaCy."""

from techner.web.app import create_app

__all__ = ["create_app"]
