"""What may be learnt from a delivery: Python finds the faults, Great Expectations records them."""
