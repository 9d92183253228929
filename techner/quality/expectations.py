"""The Great Expectations suite of a batch: one expectation per code, over flags of rows and batch figures.

The frames hold row numbers, booleans and figures, never text: a lone surrogate in a text would fail the run.
"""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from techner.core.codes import CODES, ROW_CODES
from techner.core.delivery import Expectation
from techner.core.errors import IntegrityError
from techner.core.policy import QualityPolicy
from techner.quality.metrics import Metric

MAX_LISTED_ROWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What Great Expectations says about a batch: a summary, and its own result documents."""

    expectations: tuple[Expectation, ...]
    results: dict[str, Any]
    """`rows` and `batch`, each as Great Expectations writes it."""


def expect(
    rows: Sequence[int],
    faults: Mapping[str, set[int]],
    metrics: Iterable[Metric] = (),
    *,
    policy: QualityPolicy,
) -> Recorded:
    """Validate the flags of all rows and the figures of the batch; GX must find what the checks found.

    Raises IntegrityError if an expectation could not be evaluated: a broken check is never a pass.
    """
    import numpy as np
    import pandas as pd

    gx = great_expectations()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("delivery")

    numbers = np.asarray(rows, dtype=np.int64)
    flags: dict[str, np.ndarray[Any, Any]] = {"row_id": numbers}
    codes = {code: known for code, known in ROW_CODES.items() if code in faults or not known.needs_model}
    for code in codes:
        flagged = np.fromiter(faults.get(code, ()), dtype=np.int64)
        flags[f"ok_{code}"] = ~np.isin(numbers, flagged)
    of_rows = [
        gx.expectations.ExpectColumnValuesToBeInSet(
            column=f"ok_{code}",
            value_set=[True],
            severity=policy.severity(code),
            description=known.sentence,
        )
        for code, known in codes.items()
    ]
    measured = {metric.code: metric for metric in metrics}
    of_batch = [
        gx.expectations.ExpectColumnValuesToBeBetween(
            column=code,
            min_value=metric.least,
            max_value=metric.most,
            severity=policy.severity(code),
            description=CODES[code].sentence,
        )
        for code, metric in measured.items()
        if (metric.least, metric.most) != (None, None)
    ]
    parts = [("rows", pd.DataFrame(flags), of_rows)]
    if of_batch:
        figures = pd.DataFrame({code: [float(metric.value)] for code, metric in measured.items()})
        parts.append(("batch", figures, of_batch))
    is_listed = sum(map(len, faults.values())) <= MAX_LISTED_ROWS
    results = {
        name: _validated(gx, source, name, frame, suite, is_listed=is_listed) for name, frame, suite in parts
    }
    found = [_of_rows(result, faults) for result in results["rows"].results]
    found += [_of_batch(result, measured) for result in (results["batch"].results if of_batch else ())]
    return Recorded(
        expectations=tuple(found), results={name: _document(result) for name, result in results.items()}
    )


def _validated(
    gx: Any, source: Any, name: str, frame: Any, expectations: list[Any], *, is_listed: bool
) -> Any:
    asset = source.add_dataframe_asset(name)
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch(batch_parameters={"dataframe": frame})
    # COMPLETE lists every failing row as a dictionary; for more rows the count is enough.
    result_format: dict[str, Any] = {"result_format": "COMPLETE" if is_listed else "SUMMARY"}
    if "row_id" in frame and is_listed:
        result_format["unexpected_index_column_names"] = ["row_id"]
    return batch.validate(
        gx.ExpectationSuite(name=name, expectations=expectations), result_format=result_format
    )


def _document(result: Any) -> dict[str, Any]:
    """Return what GX writes, without the time: the same batch gives the same bytes."""
    written: dict[str, Any] = result.to_json_dict()
    written["meta"].pop("batch_markers", None)
    return written


def _of_rows(result: Any, faults: Mapping[str, set[int]]) -> Expectation:
    code = result.expectation_config.kwargs["column"].removeprefix("ok_")
    flagged = faults.get(code, set())
    if "unexpected_index_list" in result.result or not flagged:
        listed = {item["row_id"] for item in result.result.get("unexpected_index_list") or ()}
        agrees = listed == flagged
    else:
        agrees = result.result.get("unexpected_count") == len(flagged)
    return _expectation(result, code, agrees=agrees and result.success is not bool(flagged))


def _of_batch(result: Any, metrics: Mapping[str, Metric]) -> Expectation:
    code = result.expectation_config.kwargs["column"]
    return _expectation(result, code, agrees=result.success is metrics[code].passed)


def _expectation(result: Any, code: str, *, agrees: bool) -> Expectation:
    config = result.expectation_config
    failing = result.result.get("unexpected_count")
    if failing is None or not agrees:
        raise IntegrityError(f"the expectation for {code!r} could not be evaluated: {result.exception_info}")
    return Expectation(
        code=code,
        severity=config.severity.value,
        description=config.description,
        passed=bool(result.success),
        failing=int(failing),
    )


def great_expectations() -> Any:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations as gx

    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
    return gx
