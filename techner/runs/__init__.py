"""The documents of runs, how each run ended, and what it keeps from a collection meanwhile."""
