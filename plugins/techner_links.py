"""Where Airflow shows techner's pages, and the links to them under the details of a task."""

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink, get_current_context
from airflow.sdk.configuration import conf
from techner_models import model_of

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator


def airflow_address(path: str) -> str:
    """Return the address of a page of Airflow's interface."""
    base: str = conf.get("api", "base_url", fallback="/") or "/"
    return f"{base.rstrip('/')}/{path}"


def page_address(path: str, model: str | None = None) -> str:
    """Return the address of a page of techner, of a model if there are several, in Airflow's interface."""
    of = "" if model is None else f"model/{quote(model, safe='')}/"
    return airflow_address(f"plugin/techner/techner/{of}{path}")


def run_address(run_id: str, model: str | None) -> str:
    """Return the address of the page of a run."""
    return page_address(f"run/{quote(run_id, safe='')}", model)


class NightLink(BaseOperatorLink):
    """From a task to the page of its night."""

    name = "Night in techner"

    def get_link(self, operator: "BaseOperator", *, ti_key: Any) -> str:
        """Return the address that leads to the page of the run, or says that there is none yet."""
        del operator
        return page_address(f"tab/{ti_key.dag_id}/{quote(ti_key.run_id, safe='')}")


class BatchLink(BaseOperatorLink):
    """From an examination to the page of its batch."""

    name = "Batch in techner"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address of the page of the batch that the task examined."""
        return page_address(f"batches/{operator.op_kwargs['batch']['digest']}", model_of(ti_key.dag_id))


def show_links(*links: BaseOperatorLink) -> None:
    """Show links of the task at work; Airflow itself adds them at its end, or never if the task is mapped."""
    ti: Any = get_current_context()["ti"]
    for link in links:
        ti.xcom_push(key=link.xcom_key, value=link.get_link(ti.task, ti_key=ti))
