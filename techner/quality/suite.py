"""The Great Expectations suite of a batch: one expectation a code, over flags that the checks set.

The frame holds row numbers and booleans, never text: a lone surrogate in a text column fails a whole run.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

from techner.core.errors import IntegrityError
from techner.core.night import Expectation
from techner.quality.checks import CODES


def expect(rows: Sequence[int], faults: Mapping[str, set[int]]) -> tuple[Expectation, ...]:
    """Validate the flags of all rows; the failing rows that GX finds are the ones the checks flagged.

    Raises IntegrityError where an expectation could not be evaluated: a broken check is never a pass.
    """
    import pandas as pd

    gx = _quiet_great_expectations()
    frame = pd.DataFrame({"row_id": list(rows)})
    for code in CODES:
        frame[f"ok_{code}"] = [row not in faults.get(code, ()) for row in rows]
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    suite = gx.ExpectationSuite(
        name="batch",
        expectations=[
            gx.expectations.ExpectColumnValuesToBeInSet(
                column=f"ok_{code}", value_set=[True], severity="critical", description=sentence
            )
            for code, sentence in CODES.items()
        ],
    )
    asset = context.data_sources.add_pandas("batch").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch(batch_parameters={"dataframe": frame})
    result_format = {"result_format": "COMPLETE", "unexpected_index_column_names": ["row_id"]}
    found = batch.validate(suite, result_format=result_format)
    return tuple(_expectation(result, faults) for result in found.results)


def _expectation(result: Any, faults: Mapping[str, set[int]]) -> Expectation:
    config = result.expectation_config
    code = config.kwargs["column"].removeprefix("ok_")
    failing = result.result.get("unexpected_count")
    flagged = faults.get(code, set())
    listed = {item["row_id"] for item in result.result.get("unexpected_index_list") or ()}
    if failing is None or listed != flagged or result.success is not (not flagged):
        raise IntegrityError(f"the expectation for {code!r} could not be evaluated: {result.exception_info}")
    return Expectation(
        code=code,
        severity=str(config.severity),
        description=config.description,
        passed=bool(result.success),
        failing=int(failing),
    )


def _quiet_great_expectations() -> Any:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations as gx

    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
    return gx
