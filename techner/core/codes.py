"""Everything that can be found in a delivery: its code, what is expected, and its severity."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "warning"]
"""Critical sets the row aside, or rejects the batch; a warning informs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    sentence: str
    """What is expected."""
    severity: Severity = "critical"
    is_fixed: bool = False
    """Whether no setting changes its severity, as nothing can safely be learnt from data with it."""
    needs_model: bool = False
    """Whether it is checked only if a model reads the batch too; without one, it is not an expectation."""
    of_production: bool = False
    """Whether it compares with production; it never decides, as an admission stays and production changes."""


ROW_CODES: dict[str, Code] = {
    "encoding": Code(sentence="the row is UTF-8", is_fixed=True),
    "json": Code(sentence="the row is JSON with unique keys", is_fixed=True),
    "shape": Code(sentence="the row is a record and its entities are [start, end, label]", is_fixed=True),
    "answer": Code(sentence="the annotator did not reject or skip the row", is_fixed=True),
    "binary": Code(sentence="the annotator saw to the whole text, not to one suggested span", is_fixed=True),
    "text_type": Code(sentence="the text is a string", is_fixed=True),
    "text_empty": Code(sentence="the text has something to read", is_fixed=True),
    "text_long": Code(sentence="the text is not longer than the policy allows", is_fixed=True),
    "marks": Code(
        sentence="no run without white space has so many marks that cutting it into tokens takes long",
        is_fixed=True,
    ),
    "control": Code(sentence="the text has no control characters or lone surrogates", is_fixed=True),
    "mojibake": Code(sentence="the text was decoded as what it is: no lost bytes, no UTF-8 read as Latin"),
    "entities_type": Code(
        sentence="entities are given, as a list; unlabelled is not the same as no entities", is_fixed=True
    ),
    "offset_type": Code(sentence="offsets are whole numbers", is_fixed=True),
    "offset_range": Code(sentence="0 <= start < end <= length of the text", is_fixed=True),
    "label": Code(
        sentence="every label is in the label scheme, or an old name of one that is", is_fixed=True
    ),
    "scope": Code(
        sentence="a scope lists labels of the label scheme, and no span lies outside the scope of its row",
        is_fixed=True,
    ),
    "span_edge": Code(sentence="no span starts or ends with white space", is_fixed=True),
    "covered": Code(sentence="every span covers the text that its record says it covers"),
    "zero_width": Code(sentence="no span holds an invisible character"),
    "misaligned": Code(sentence="every span starts and ends where a token does", is_fixed=True),
    "duplicate_span": Code(sentence="no span is given twice", is_fixed=True),
    "overlap": Code(sentence="no two spans overlap or nest", is_fixed=True),
    "duplicate": Code(
        sentence="the text was not delivered before in this batch with the same spans", is_fixed=True
    ),
    "conflict": Code(sentence="the text was not delivered in this batch with other spans", is_fixed=True),
    "leak": Code(sentence="the text is not in the regression set or the holdout", is_fixed=True),
    "stale_text": Code(
        sentence="a span is no wider or narrower than the text that its record says it covers",
        severity="warning",
    ),
    "edge_punctuation": Code(sentence="no span takes in the punctuation mark beside it", severity="warning"),
    "not_nfc": Code(sentence="the text is in Unicode form NFC", severity="warning"),
    "near_duplicate": Code(
        sentence="no two texts differ in punctuation, case or space alone", severity="warning"
    ),
    "surface_conflict": Code(sentence="a name has one label in the whole batch", severity="warning"),
    "missing_annotation": Code(
        sentence="a name that is nearly always annotated is annotated here too", severity="warning"
    ),
    "model_disagreement": Code(
        sentence="the production model does not confidently read it differently",
        severity="warning",
        is_fixed=True,
        needs_model=True,
        of_production=True,
    ),
}
BATCH_CODES: dict[str, Code] = {
    "metadata": Code(sentence="the metadata beside the batch is a scope of the label scheme", is_fixed=True),
    "quarantine_share": Code(sentence="no more rows are faulty than the policy allows", is_fixed=True),
    "systematic": Code(
        sentence="the offsets of most spans fit the text: they count characters from 0, ends excluded",
        is_fixed=True,
    ),
    "copies": Code(sentence="few texts are delivered again with the same spans", severity="warning"),
    "no_entities": Code(sentence="some accepted row has a span", is_fixed=True),
    "left_out": Code(
        sentence="no annotation is left out: spans inside spans, and the like", severity="warning"
    ),
    "sentences": Code(sentence="blank lines separate the sentences of columns", severity="warning"),
    "unreached": Code(sentence="the annotator reached every text of the file", severity="warning"),
    "nothing_new": Code(
        sentence="some span is of a label that the training strategy learns",
        severity="warning",
        is_fixed=True,
    ),
    "few_examples": Code(
        sentence="each label that occurs has enough spans to learn something from", severity="warning"
    ),
    "label_drift": Code(
        sentence="the labels are distributed as in what production has learnt",
        severity="warning",
        is_fixed=True,
        of_production=True,
    ),
}
CODES = ROW_CODES | BATCH_CODES
FILE_CODES = {
    "encoding": "the file is UTF-8, or gzip of it",
    "empty": "the file has rows",
    "json": "the list of records is whole",
    "shape": "the file can be taken apart into rows",
    "format": "the file is of a format that is read here",
    "mixed": "the file has one format",
    "large": "the file is not larger than one night can examine",
}
"""Why a file cannot be read at all; nothing in it is examined, and no setting changes that."""
