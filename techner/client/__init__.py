"""What services import: download a verified version, load it, and follow what is promoted.

Downloading needs neither spaCy nor Airflow.
"""

from techner.client.models import ModelStore
from techner.client.served import Entity, Served
from techner.client.watch import Live

__all__ = ["Entity", "Live", "ModelStore", "Served"]
