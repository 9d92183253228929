"""The page: what is in production, why, and the state of every delivery. Knows neither Airflow nor spaCy."""

from techner.web.app import create_app
from techner.web.opener import Opener
from techner.web.runs import Answering

__all__ = ["Answering", "Opener", "create_app"]
