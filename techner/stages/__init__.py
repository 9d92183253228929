"""The use cases: one module a task. DAG, CLI, tests and benchmarks call the same functions."""
