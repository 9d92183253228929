"""`make demo`: two nights on the project's own corpus, through Airflow."""
