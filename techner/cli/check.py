"""`techner batch check`: what a night would say of a file, without a store."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from techner.cli.findings import show_report
from techner.cli.talk import REJECTED, AsJson, labels_in
from techner.core.errors import BatchError
from techner.core.night import IssueFound
from techner.core.policy import Policies
from techner.core.scheme import LabelScheme, label_scheme
from techner.settings import load_settings
from techner.stages.deliveries import too_large

if TYPE_CHECKING:
    from techner.quality.examine import Examined


def check(
    file: Annotated[Path, typer.Argument(help="An annotated file, of any format that is read.")],
    labels: Annotated[
        str | None, typer.Option(help="Labels that may be used: PROTOCOL,HARDWARE. Default: as set.")
    ] = None,
    holdout: Annotated[
        Path | None, typer.Option(help="Texts that only score: annotated rows, or a JSON list of texts.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="A pipeline that reads it too: says where it surely disagrees.")
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Examine a file as a night would, without a store or Airflow; exit code 3 where it would be rejected."""
    from techner.quality.offline import check as examine
    from techner.quality.offline import holdout_keys
    from techner.stages.second import second_reader
    from techner.uptraining.pipeline import load_pipeline

    policies = load_settings().policies
    frozen = frozenset[str]() if holdout is None else holdout_keys(_read(holdout), where=str(holdout))
    scheme, policies = _scheme(labels, policies)
    examined = examine(
        _read(file, most=policies.quality.max_delivery_bytes),
        file.name,
        scheme=scheme,
        policy=policies.quality,
        holdout=frozen,
        second=None if model is None else second_reader(load_pipeline(model)),
    )
    report = examined.report
    if as_json:
        typer.echo(json.dumps(as_document(examined), indent=1))
    else:
        show_report(report, surfaces=examined.surfaces)
    if report.action == "reject":
        raise typer.Exit(REJECTED)


def _scheme(labels: str | None, policies: Policies) -> tuple[LabelScheme, Policies]:
    if labels is None:
        return label_scheme((), policies), policies
    named = labels_in(labels)
    if not named:
        raise BatchError("--labels names no label; write PROTOCOL,HARDWARE")
    return LabelScheme(frozenset(named)), replace(policies, quality=replace(policies.quality, labels=named))


def _read(path: Path, *, most: int | None = None) -> bytes:
    try:
        if most is not None and path.stat().st_size > most:
            raise BatchError(f"{path}: {too_large(path.stat().st_size, most)}")
        return path.read_bytes()
    except OSError as error:
        raise BatchError(f"cannot read {path}: {error.strerror}") from error


def as_document(examined: "Examined") -> dict[str, object]:
    """Return what a program wants to know of a delivery."""
    report = examined.report
    return {
        "action": report.action,
        "format": report.reader,
        "surfaces": examined.surfaces,
        "rows": [] if report.action == "reject" else sorted(examined.aside),
        "issues": [_issue(issue, "critical") for issue in report.issues],
        "warnings": [_issue(issue, "warning") for issue in report.warnings],
        "left_out": report.left_out,
        "read": report.read,
        "accepted": report.accepted,
        "quarantined": report.quarantined,
        "rejected": report.rejected,
    }


def _issue(issue: IssueFound, severity: str) -> dict[str, object]:
    return {
        "row": issue.row,
        "code": issue.code,
        "severity": severity,
        "detail": issue.detail,
        "suggestion": issue.suggestion,
    }
