"""Proof before an alias moves to a version that exists already."""

from dataclasses import replace

from techner.core.manifest import Manifest
from techner.registry.proof import Query, query_apart
from techner.registry.workspace import Workspace


def prove_loads(workspace: Workspace, manifest: Manifest, query: Query = query_apart) -> None:
    """Fetch a version anew, load it in a clean process and ask it something; raises IntegrityError."""
    with workspace.scratch() as scratch, replace(workspace, cache=scratch).model(manifest.files) as folder:
        query(folder, ["A first question."])
