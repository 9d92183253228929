"""What needs a checkout, and is in no wheel: the demo, and Airflow on this machine."""
