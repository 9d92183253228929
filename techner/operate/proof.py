"""Proof, before an alias moves to an existing version, that it loads."""

from dataclasses import replace

from techner.core.manifest import Manifest
from techner.registry.clean_process import Query, query_apart
from techner.registry.workspace import Workspace


def prove_loads(workspace: Workspace, manifest: Manifest, query: Query = query_apart) -> None:
    """Fetch a version again, load it in a clean process and query it; raises IntegrityError if that fails."""
    with workspace.scratch() as scratch, replace(workspace, cache=scratch).model(manifest.files) as folder:
        query(folder, ["A first question."])
