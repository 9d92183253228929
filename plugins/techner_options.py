"""What a person chooses for one night: the fields of Airflow's form, and how they are read (ADR 36)."""

from typing import TYPE_CHECKING

from airflow.sdk import Param, get_current_context
from techner_models import this_model
from techner_tasks import retried_if_it_can_help

if TYPE_CHECKING:
    from techner.core.policy import Policies
    from techner.core.run_options import RunOptions

_ADDED = "openlineage"
"""Nobody chose it: a DAG that triggers this one adds it, where that provider is installed."""
_ANYTHING = ["string", "number", "boolean", "array", "object", "null"]
# Airflow would clamp a number out of range to one that nobody chose, and refuse others in words of its own.
# So its form and its API let everything through, and `plan` refuses it (ADR 36): a type with several kinds
# and `examples` is a plain field.
PARAMS = {
    "batches": Param(
        default=[],
        type=["array", "null"],  # the form sends null for a field that was emptied
        items={"type": "string"},
        title="Only these batches",
        description="Names in the inbox, one per line; held batches are allowed. Empty: all that are due.",
    ),
    "strategy": Param(
        default=None,
        type=_ANYTHING,
        examples=["extend", "blend"],
        title="Strategy",
        description="extend or blend. Empty: as in the settings.",
    ),
    "seed": Param(
        default=None,
        type=_ANYTHING,
        examples=[0, 1],
        title="Seed",
        description="A whole number from 0 on. Empty: as in the settings.",
    ),
    "epochs": Param(
        default=None,
        type=_ANYTHING,
        examples=[4, 40],
        title="Epochs",
        description="A whole number from 1 to 1000. Empty: as in the settings.",
    ),
    "dry_run": Param(
        default=False,
        type=sorted(_ANYTHING, key="boolean".__ne__),
        examples=[True, False],
        title="Dry run",
        description="Judge, but change nothing.",
    ),
}


def chosen() -> "RunOptions":
    """Return what was chosen for this run, in whatever way it was triggered; what is wrong fails the task."""
    from techner.core.run_options import read_options

    context = get_current_context()
    conf = dict(context["dag_run"].conf or {})
    conf.pop(_ADDED, None)
    # Airflow can be told not to let `conf` override parameters; what a person chose is not dropped for that.
    with retried_if_it_can_help():
        return read_options({**context["params"], **conf})


def policies(options: "RunOptions") -> "Policies":
    """Return the settings of this night: those of its model, and what was chosen."""
    from techner.settings import load_settings

    return options.applied_to(load_settings(this_model()).policies)
