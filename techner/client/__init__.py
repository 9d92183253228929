"""What services import: download a version, verified; load it; follow what is promoted.

Downloading needs neither spaCy nor Airflow.
"""

from techner.client.models import ModelStore
from techner.client.watch import Live, Served

__all__ = ["Live", "ModelStore", "Served"]
