"""What may be learnt from: Python finds the faults, Great Expectations holds the policy and the record."""
