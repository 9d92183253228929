"""Airflow on one machine, without containers, for the demo, the tests and `make up`."""
