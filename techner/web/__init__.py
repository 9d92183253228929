"""The page: what is in production, why, and the state of every delivery. Knows neither Airflow nor spaCy."""

from techner.web.access import Answering, Visitor
from techner.web.app import create_app
from techner.web.choice import ModelLink, create_choice
from techner.web.opener import Opener
from techner.web.scheduler import Scheduler, Starting

__all__ = [
    "Answering",
    "ModelLink",
    "Opener",
    "Scheduler",
    "Starting",
    "Visitor",
    "create_app",
    "create_choice",
]
