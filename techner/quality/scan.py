"""The one pass over a delivery that checks every row; the memory it needs hardly grows with clean rows."""

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import starmap

from techner.core.codes import CODES
from techner.core.errors import FileError
from techner.core.examples import Example, Span, fold, leak_key
from techner.core.policy import QualityPolicy
from techner.core.scheme import LabelScheme
from techner.formats import Fault, Row
from techner.quality.checks import outside, parse_row, scope_faults
from techner.quality.copies import Copies
from techner.quality.covered_text import covered_faults
from techner.quality.disagreement import SecondReader
from techner.quality.examples_on_disk import Spill, Spilled
from techner.quality.fault import quoted
from techner.quality.findings import MAX_LISTED, Findings
from techner.quality.offset_shifts import Placement
from techner.quality.scope import with_scope
from techner.quality.spans import span_faults, suggested
from techner.quality.surfaces import Surfaces, missing
from techner.quality.text import MAX_EDGE_MARKS, form_faults
from techner.quality.tokens import Bounds, Tokenize

UNREAD = ("text_long", "marks")
"""Texts with these faults are not cut into tokens: it would take long."""
MAX_ROWS = 1_000_000
_NAMED_COPIES = 10
MAX_OUTSIDE = 1000
"""Rows with spans that leave the text for which a way of counting is looked for."""
_PLACED = ("offset_range", "label", "scope", "not_nfc")
"""Faults of a row whose offsets can still be compared with what they cover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """What a batch is examined against."""

    scheme: LabelScheme
    policy: QualityPolicy
    frozen_texts: frozenset[str]
    """Leak keys of the regression set and the holdout."""
    tokenize: Tokenize
    """Character ranges of the tokens that the model to be trained will see."""
    digest: str
    cuts_at_space: bool = False
    """Whether the tokenizer is known to cut at every white space."""
    metadata: bytes | None = None
    """The metadata delivered beside the batch."""
    second: SecondReader | None = None
    """The production model, if it is to read some rows too."""


@dataclass(slots=True)
class Scan:
    """What one pass found."""

    rulebook: Rulebook
    scope: tuple[str, ...] | None
    bounds: Bounds
    placement: Placement
    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    findings: Findings = field(default_factory=Findings)
    spill: Spill = field(default_factory=Spill)
    copies: Copies = field(default_factory=Copies)
    names: Surfaces = field(default_factory=Surfaces)
    misplaced: Spill = field(default_factory=Spill)
    """Examples with spans that do not fit the tokens: all of them together show how they were counted."""
    outside: list[tuple[Row, list[Fault]]] = field(default_factory=list)
    """Rows whose only faults are spans that leave the text: like `misplaced`, but not examples."""
    renamed: dict[int, list[str]] = field(default_factory=dict)
    """Row number → the old label names that it uses."""

    is_given_up: bool = False
    """Whether so many rows are faulty that the rest was not read."""
    remarks: Counter[str] = field(default_factory=Counter)
    """Code of the batch → how many rows count for it."""

    def take(self, rows: Iterable[Row]) -> None:
        """Check all rows, then what shows only over several of them; raises FileError for too many rows."""
        found = self.findings.add
        share = self.rulebook.policy.max_quarantine_share
        # With more faulty rows than this, the batch is rejected even if all others are good.
        hopeless = max(share * MAX_ROWS, MAX_LISTED)
        critical = {code for code in CODES if self.rulebook.policy.severity(code) == "critical"}
        faulty = 0
        for row in rows:
            self.numbers.append(row.number)
            if len(self.numbers) > MAX_ROWS:
                raise FileError("large", f"more than {MAX_ROWS:,} rows: deliver smaller files")
            is_faulty = False
            for fault in self._row_faults(row):
                found(row.number, fault)
                is_faulty = is_faulty or fault.code in critical
            faulty += is_faulty
            if faulty > hopeless:
                self.is_given_up = True
                break
        for number, fault in self._misplaced_faults():
            found(number, fault)
        for number, fault in self.copies.exact(self.spill, self.scope):
            found(number, fault)
        if len(self.findings.flagged.get("duplicate", ())) > share * len(self.numbers):
            self.findings.shorten("duplicate", _NAMED_COPIES)  # `copies` reports all of them
        for number, fault in self._faults_between_accepted():
            found(number, fault)
        self.findings.sort()

    def _row_faults(self, row: Row) -> Iterator[Fault]:
        rulebook = self.rulebook
        example, faults = parse_row(row, rulebook.policy, rulebook.scheme)
        self.remarks.update(row.remarks)
        if row.covered and all(fault.code in _PLACED for fault in faults):
            yield from covered_faults(row)
        if example is None:
            yield from self._place_faulty(row, faults)
            return
        yield from faults
        folded = fold(example.text)
        self.spill.add(row.number, example)
        if self.scope is not None:
            example = with_scope(example, self.scope)
        self.copies.add(row.number, folded)
        if rulebook.frozen_texts and leak_key(folded) in rulebook.frozen_texts:
            yield Fault("leak", "this text scores the model; it must not train it")
        if not example.text.isascii():
            yield from form_faults(example.text)
        renamed = rulebook.scheme.moves.renamed
        if renamed and (old := [label for _, _, label in row.entities if label in renamed]):
            self.renamed[row.number] = old
        if example.spans:
            given = [(span.start, span.end) for span in example.spans]
            self.bounds.uncut = ""
            misplaced = self.placement.look(example.text, given)
            if uncut := self.bounds.uncut:
                what = f"more than {MAX_EDGE_MARKS} marks without white space beside a span"
                yield Fault("marks", f"{quoted(uncut)} has {what}: shorten them or insert a space")
            elif misplaced:
                self.misplaced.add(row.number, example)
            else:
                yield from span_faults(example, self.bounds)
            yield from scope_faults(example)

    def _place_faulty(self, row: Row, faults: list[Fault]) -> list[Fault]:
        """Look at the offsets of a faulty row too: offsets in other units often leave the text.

        Returns the faults that need not wait for the other rows.
        """
        is_read = not any(fault.code in UNREAD for fault in faults)
        if is_read and isinstance(row.text, str) and isinstance(row.entities, list):
            self.placement.look(row.text, ranges(row.entities))
            if len(self.outside) < MAX_OUTSIDE and all(fault.code == "offset_range" for fault in faults):
                self.outside.append((row, faults))
                return []
        return faults

    def _misplaced_faults(self) -> Iterator[tuple[int, Fault]]:
        """Yield the faults of rows with spans that do not fit the tokens, perhaps counted in another way."""
        for number, text, spans, _ in self.misplaced:
            example = Example(text, tuple(starmap(Span, spans)))
            counted = self.placement.meant(text, [(start, end) for start, end, _ in spans])
            for fault in span_faults(example, self.bounds, counted):
                yield number, fault
        for row, faults in self.outside:
            given = list(ranges(row.entities))
            meant = self.placement.meant(row.text, given) or given
            better = {
                outside(start, end, len(row.text)): suggested(row.text, there, label)
                for (start, end, label), there in zip(row.entities, meant, strict=True)
                if (start, end) != there
            }
            for fault in faults:
                yield row.number, fault._replace(suggestion=better.get(fault.detail))

    def _faults_between_accepted(self) -> Iterator[tuple[int, Fault]]:
        """Yield the faults that show over several rows; rows already set aside do not count."""
        policy = self.rulebook.policy
        bad = self.findings.critical_rows(policy)
        yield from self.copies.near(bad)
        for one in self._not_in(bad):
            self.names.count(one)
        yield from self.names.conflicts()
        yield from missing(self.names, self._not_in(bad), self.scope, policy)

    def _not_in(self, bad: Collection[int]) -> Iterator[Spilled]:
        return (one for one in self.spill if one[0] not in bad)


def ranges(entities: list[object]) -> Iterator[tuple[int, int]]:
    """Yield the offsets of the entities that have two whole numbers."""
    for entity in entities:
        match entity:
            case [start, end, *_] if type(start) is int and type(end) is int:
                yield start, end


def scanned(rows: Iterable[Row], rulebook: Rulebook, scope: tuple[str, ...] | None) -> Scan:
    """Check all rows; raises FileError if there are none, or too many."""
    bounds = Bounds(rulebook.tokenize, cuts_at_space=rulebook.cuts_at_space)
    scan = Scan(rulebook, scope, bounds, Placement(bounds))
    scan.take(rows)
    if not scan.numbers:  # only document marks and comments
        raise FileError("empty", "the file has no rows")
    return scan
