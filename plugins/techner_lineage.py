"""Lineage: what the task at work reads and writes, where OpenLineage is set up in Airflow (ADR 48)."""

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from techner.night.datasets import Datasets


def tell(store_url: str, datasets: "Datasets") -> None:
    """Emit an event of the task at work with its datasets, named as OpenLineage names files and objects.

    Nothing happens where the provider is not installed, or not set to send events. An event that cannot be
    sent is a warning in the task's log, by the provider.
    """
    try:
        from airflow.providers.openlineage.api import emit_dataset_lineage, is_openlineage_active
    except ModuleNotFoundError:
        return
    if not is_openlineage_active():
        return
    emit_dataset_lineage(
        inputs=[_dataset(store_url, *known) for known in datasets.reads.items()],
        outputs=[_dataset(store_url, *known) for known in datasets.writes.items()],
    )


def _dataset(store_url: str, key: str, version: str) -> Any:
    from openlineage.client.event_v2 import Dataset
    from openlineage.client.facet_v2 import dataset_version_dataset

    namespace, name = named(store_url, key)
    facet = dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=version)
    return Dataset(namespace=namespace, name=name, facets={"version": facet})


def named(store_url: str, key: str) -> tuple[str, str]:
    """Return namespace and name of what is at a key of a store."""
    parts = urlsplit(store_url)
    path = unquote(parts.path).rstrip("/")
    if parts.scheme == "file":
        return "file", f"{path}/{key}"
    return f"{parts.scheme}://{parts.netloc}", f"{path}/{key}".lstrip("/")
