"""What the DAGs, assets and figures of each model are called, and which model a DAG is of (ADR 43)."""

from airflow.sdk import Asset, AssetWatcher, get_current_context

KINDS = ("nightly", "announce", "collect")
"""Of DAGs. Where the settings name no models, there is one of each, `techner_KIND`."""


def dag_of(model: str | None, kind: str = "nightly") -> str:
    """Return the id of a DAG of a model; no name of a model has a dot in it."""
    if model is None:
        return f"techner_{kind}"
    return f"techner_{model}" if kind == "nightly" else f"techner_{model}.{kind}"


def model_of(dag_id: str) -> str | None:
    """Return the model of one of these DAGs; loading its settings says whether there is such a model.

    Raises SettingsError if the settings cannot be read.
    """
    from techner.settings import model_names

    name = dag_id.removeprefix("techner_").partition(".")[0]
    return None if name in KINDS and name not in model_names() else name


def this_model() -> str | None:
    """Return the model of the DAG whose task is at work."""
    return model_of(get_current_context()["ti"].dag_id)


def asset_of(model: str | None, what: str, *watchers: AssetWatcher) -> Asset:
    """Return an asset, such as `production` or `inbox`, under the name that other DAGs know it by."""
    path = what if model is None else f"{model}/{what}"
    name = f"techner_{path.replace('/', '_')}"
    return Asset(name=name, uri=f"techner://{path}", watchers=list(watchers))


def production_of(model: str | None) -> Asset:
    """Return what every move of production updates; its extra names the version."""
    return asset_of(model, "production")
