"""Proof before an alias moves to a version that exists already."""

from techner.core.manifest import Manifest
from techner.registry.proof import Query, query_apart
from techner.runs.run import Run


def prove_loads(run: Run, manifest: Manifest, query: Query = query_apart) -> None:
    """Fetch a version anew, load it in a clean process and ask it something; raises IntegrityError."""
    with (
        run.scratch() as scratch,
        Run(store=run.store, id=run.id, cache=scratch).model(manifest.files) as folder,
    ):
        query(folder, ["A first question."])
