"""Annotated files that are not deliveries (reference, holdout, gold, training), with the same row checks."""

from collections import Counter
from dataclasses import dataclass, replace

from techner.core.errors import BatchError, FileError
from techner.core.examples import Example
from techner.core.policy import QualityPolicy
from techner.core.scheme import LabelScheme
from techner.formats import Fault, Row, read_rows, strict_json
from techner.formats.unread import READ, markup_in, sign_of_annotation
from techner.quality.checks import ANSWERS_NOT_TAUGHT
from techner.quality.examples_on_disk import restored
from techner.quality.fault import Faults, writable
from techner.quality.scan import Rulebook, scanned
from techner.quality.text import text_faults
from techner.quality.tokens import Tokenize

SCORED = frozenset(("duplicate", "conflict", "misaligned", "span_edge", "zero_width"))
"""Faults with which a row of a public gold set still scores: without these its figures would differ."""
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokenizer:
    """The token borders of the model that is trained or scored."""

    tokenize: Tokenize
    cuts_at_space: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """One reason why a row is not used."""

    row: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatedFile:
    """What a file holds: each row is an example, a text, set aside, repeated or passed over."""

    name: str
    read: int
    examples: tuple[Example, ...]
    texts: tuple[str, ...]
    """Rows with only a text."""
    set_aside: tuple[SetAside, ...]
    repeated: int
    """Exact copies of earlier rows, left out."""
    passed_over: int
    """Rows that their annotator rejected or skipped."""
    noted: dict[str, int]
    """Code → rows that are used with this fault."""

    @property
    def rows_set_aside(self) -> int:
        return len({one.row for one in self.set_aside})

    @property
    def reasons(self) -> str:
        """How often each code was found, and the first rows."""
        counts = Counter(one.code for one in self.set_aside)
        named = "; ".join(f"row {one.row}: {one.code}: {one.detail}" for one in self.set_aside[:_NAMED])
        more = "; …" if len(self.set_aside) > _NAMED else ""
        return f"{', '.join(f'{number} {code}' for code, number in counts.items())} ({named}{more})"


def read_annotated(
    data: bytes,
    name: str,
    *,
    tokenizer: Tokenizer,
    policy: QualityPolicy,
    takes_texts: bool = False,
    noted: frozenset[str] = frozenset(),
) -> AnnotatedFile:
    """Read a file and check each row; raises BatchError if the file cannot be read.

    A row with a critical fault is set aside, unless its code is in `noted`. A row with only a text is a fault
    unless the file `takes_texts`.
    """
    try:
        rows = list(read_rows(data)[1])
    except FileError as error:
        raise BatchError(f"{name}: {error}") from error
    taught = [row for row in rows if row.answer not in ANSWERS_NOT_TAUGHT]
    bare = [row for row in taught if takes_texts and _is_bare(row)]
    marked = [row for row in taught if not (takes_texts and _is_bare(row))]
    aside = [_aside(row, fault) for row in bare for fault in _bare_faults(row, policy)]
    examples, found = _examples(marked, tokenizer, policy)
    counted = Counter(one.code for one in found if one.code in noted)
    copies = set() if "duplicate" in noted else {one.row for one in found if one.code == "duplicate"}
    aside += [one for one in found if one.code not in noted and one.row not in copies]
    bad = {one.row for one in aside}
    return AnnotatedFile(
        name=name,
        read=len(rows),
        examples=tuple(example for number, example in examples if number not in bad | copies),
        texts=tuple(row.text for row in bare if row.number not in bad),
        set_aside=tuple(sorted(aside, key=lambda one: (one.row, one.code))),
        repeated=len(copies - bad),
        passed_over=len(rows) - len(taught),
        noted=dict(counted),
    )


def require_usable(annotated: AnnotatedFile, policy: QualityPolicy) -> None:
    """Raise BatchError if a larger share of rows is faulty than a delivery may have."""
    bad = annotated.rows_set_aside
    if bad > policy.max_quarantine_share * annotated.read:
        raise BatchError(
            f"{annotated.name}: {bad} of {annotated.read} rows cannot be used: {annotated.reasons}; correct "
            "or remove them"
        )


def _is_bare(row: Row) -> bool:
    return row.fault is None and row.entities is None


def _bare_faults(row: Row, policy: QualityPolicy) -> Faults:
    """Yield what is wrong with a row that has only a text."""
    try:
        record = strict_json.loads(row.raw.decode())
    except ValueError:
        record = None
    if sign := sign_of_annotation(record, is_known=True):
        detail = f"{sign[:80]!r} looks like annotation in a form that is not supported; supported are {READ}"
        yield Fault("shape", detail)
    elif piece := markup_in(row.text):
        detail = f"{piece[:80]!r} looks like annotation inside the text; deliver text and offsets, as {READ}"
        yield Fault("shape", detail)
    yield from (fault for fault in text_faults(row.text, policy) if policy.severity(fault.code) == "critical")


def _aside(row: Row, fault: Fault) -> SetAside:
    return SetAside(row=row.number, code=fault.code, detail=writable(fault.detail))


def _examples(
    rows: list[Row], tokenizer: Tokenizer, policy: QualityPolicy
) -> tuple[list[tuple[int, Example]], list[SetAside]]:
    """Return the examples by row number, and all critical faults."""
    rulebook = Rulebook(
        scheme=LabelScheme(None),
        policy=replace(policy, max_quarantine_share=1.0),  # all rows are read, however many are faulty
        frozen_texts=frozenset(),
        tokenize=tokenizer.tokenize,
        cuts_at_space=tokenizer.cuts_at_space,
        digest="",
    )
    if not rows:
        return [], []
    scan = scanned(rows, rulebook, None)
    found = [
        SetAside(row=issue.row or 0, code=issue.code, detail=issue.detail)
        for issue in scan.findings.all_critical(policy)
    ]
    return [(one[0], restored(one, None)) for one in scan.spill], found
