"""Figures of the whole batch, and their bounds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from techner.core.policy import QualityPolicy
from techner.core.scheme import LabelScheme
from techner.quality.scan import Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One figure; `detail` says what is wrong, and what to do, if it is out of bounds."""

    code: str
    value: float
    least: float | None = None
    most: float | None = None
    detail: str
    suggestion: str | None = None

    @property
    def passed(self) -> bool:
        return (self.least is None or self.least <= self.value) and (
            self.most is None or self.value <= self.most
        )


def batch_metrics(
    scan: Scan, *, bad: int, labels: Mapping[str, int], metadata_faults: list[str], history: Mapping[str, int]
) -> Iterator[Metric]:
    """Measure a batch; `labels` counts its accepted spans by label, `history` those production has learnt."""
    policy, read = scan.rulebook.policy, len(scan.numbers)
    copies = len(scan.findings.rows_of_only("duplicate", policy))
    bad, told_apart = bad - copies, read - copies  # a copy that says the same is not a fault of the export
    yield Metric(code="metadata", value=len(metadata_faults), most=0, detail="; ".join(metadata_faults))
    yield _systematic(scan)
    yield _quarantine_share(bad, told_apart, scan)
    yield _copies(copies, scan)
    yield Metric(
        code="no_entities",
        value=sum(labels.values()),
        # If too many rows are faulty anyway, it adds nothing that the others have no span.
        least=1 if bad <= policy.max_quarantine_share * told_apart else 0,
        detail="no accepted row has a span",
    )
    yield _nothing_new(labels, scan.rulebook.scheme)
    yield _few_examples(labels, read, policy)
    yield _remarked(scan, "left_out", "have nested spans that were left out: only the outer ones are read")
    yield _remarked(
        scan, "sentences", "are long, as if blank lines were missing: put one after each sentence"
    )
    yield Metric(
        code="unreached",
        value=scan.remarks["unreached"],
        most=0,
        detail=f"{scan.remarks['unreached']} texts were never reached by their annotator and are not read",
    )
    if history and labels:
        yield _label_drift(labels, history, policy)


def _nothing_new(labels: Mapping[str, int], scheme: LabelScheme) -> Metric:
    return Metric(
        code="nothing_new",
        value=sum(count for label, count in labels.items() if label not in scheme.unlearnt),
        least=1 if labels else 0,
        detail=f"all spans are of pretrained labels ({', '.join(labels)}), and extend learns no corrections: "
        "the batch waits until another brings a new label; training.strategy = blend learns them",
    )


def _quarantine_share(bad: int, told_apart: int, scan: Scan) -> Metric:
    most = scan.rulebook.policy.max_quarantine_share
    of = f"{told_apart} rows are faulty"
    if scan.is_given_up:
        of = f"the first {of} (the rest was not read)"
    return Metric(
        code="quarantine_share",
        value=bad / told_apart,
        most=most,
        detail=f"{bad} of {of}, more than {most:.0%}: "
        f"fix the export and deliver it again{_usual_fault(scan)}",
    )


def _usual_fault(scan: Scan) -> str:
    """Say which fault most rows have, with the first row that has it."""
    policy, findings = scan.rulebook.policy, scan.findings
    counts = {
        code: len(rows)
        for code, rows in findings.flagged.items()
        if code != "duplicate" and policy.severity(code) == "critical"
    }
    if not counts:
        return ""
    code = max(sorted(counts), key=lambda code: counts[code])
    first = next((issue for issue in findings.listed if issue.code == code), None)
    example = f", such as row {first.row}: {first.detail}" if first else ""
    return f"; most often {code} ({counts[code]} rows){example}"


def _copies(copies: int, scan: Scan) -> Metric:
    read, differ = len(scan.numbers), len(scan.findings.flagged.get("conflict", ()))
    more = f"; {differ} rows in which copies disagree are set aside (conflict)" if differ else ""
    return Metric(
        code="copies",
        value=copies / read,
        most=scan.rulebook.policy.max_quarantine_share,
        detail=f"{copies} of {read} rows repeat the text and annotation of an earlier row, as when several "
        f"annotators agree: one of each is read, the others are set aside{more}",
    )


def _systematic(scan: Scan) -> Metric:
    placement = scan.placement
    share = placement.share
    shift = placement.shift() if share > scan.rulebook.policy.systematic_share else None
    says = (
        shift.says if shift else "no single shift or unit corrects them; were the texts changed afterwards?"
    )
    return Metric(
        code="systematic",
        value=share,
        most=scan.rulebook.policy.systematic_share,
        detail=f"{placement.misplaced} of {placement.spans} spans do not fit the tokens: {says}",
        suggestion=shift.says if shift else None,
    )


def _remarked(scan: Scan, code: str, what: str) -> Metric:
    count = scan.remarks[code]
    return Metric(code=code, value=count, most=0, detail=f"{count} of {len(scan.numbers)} rows {what}")


def _few_examples(labels: Mapping[str, int], read: int, policy: QualityPolicy) -> Metric:
    few = {label: count for label, count in labels.items() if count < policy.min_label_spans}
    named = ", ".join(f"{label} {count}" for label, count in few.items())
    return Metric(
        code="few_examples",
        value=len(few) if read >= policy.min_label_rows else 0,
        most=0,
        detail=f"fewer than {policy.min_label_spans} spans: {named}",
    )


def _label_drift(labels: Mapping[str, int], history: Mapping[str, int], policy: QualityPolicy) -> Metric:
    both = sorted(labels.keys() | history.keys())
    here, before = sum(labels.values()), sum(history.values())
    change = {label: labels.get(label, 0) / here - history.get(label, 0) / before for label in both}
    most = sorted(both, key=lambda label: -abs(change[label]))[:3]
    named = ", ".join(f"{label} {change[label]:+.0%}" for label in most)
    return Metric(
        code="label_drift",
        value=sum(map(abs, change.values())) / 2,
        most=policy.max_label_drift,
        detail=f"the distribution of labels differs from what production has learnt: {named}",
    )
