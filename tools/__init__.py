"""Programs that need a checkout and are in no wheel: the demo, Airflow on this machine, the site's pages."""
