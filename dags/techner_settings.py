"""Tells of the models whose settings are wrong, as an import error that Airflow shows (ADR 43).

It makes no DAG: Airflow stops all DAGs of a file with an import error, and those of the other models go on.
"""

from techner_nights import faults

from techner.core.errors import SettingsError

if wrong := faults():
    raise SettingsError("no DAG is made for " + "; ".join(wrong))
