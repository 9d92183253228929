"""One night: its tasks, in the order in which the DAG and `techner run night` run them."""
