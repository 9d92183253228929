"""What services import: download a version, verified; load it; follow what is promoted.

Downloading needs neither spaCy nor Airflow.
"""

from techner.client.models import ModelStore
from techner.client.served import Entity, Served
from techner.client.watch import Live

__all__ = ["Entity", "Live", "ModelStore", "Served"]
