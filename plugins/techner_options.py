"""What a person chooses for one night: the fields of Airflow's form, and how they are read (ADR 36)."""

from typing import TYPE_CHECKING

from airflow.sdk import Param, get_current_context

if TYPE_CHECKING:
    from techner.core.policy import Policies
    from techner.core.run_options import RunOptions

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
    """Return what was chosen for this run, in whatever way it was triggered; raises OptionsError."""
    from techner.core.run_options import read_options

    context = get_current_context()
    # Airflow can be told not to let `conf` override parameters; what a person chose is not dropped for that.
    return read_options({**context["params"], **(context["dag_run"].conf or {})})


def policies(options: "RunOptions") -> "Policies":
    """Return the settings of this night."""
    from techner.settings import load_settings

    return options.applied_to(load_settings().policies)
