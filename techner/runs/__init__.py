"""The documents of runs, how each run ended, and what a running one protects from collection."""
