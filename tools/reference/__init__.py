"""`python -m tools.reference`: the reference pages that are generated from the code."""
