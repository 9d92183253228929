"""`techner batch check`: what a night would say about a file, without a store."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, assert_never

import typer

from techner.cli.findings import show_report
from techner.cli.terminal import REJECTED, AsJson, console, labels_in
from techner.core.delivery import Action, Finding
from techner.core.errors import BatchError, NotInitialised, TechnerError
from techner.core.policy import QualityPolicy
from techner.core.redact import shown
from techner.core.scheme import ONTONOTES, LabelScheme, label_scheme
from techner.inbox.deliveries import too_large
from techner.registry import Registry
from techner.settings import Settings, load_settings

if TYPE_CHECKING:
    from spacy.language import Language

    from techner.quality.disagreement import SecondReader
    from techner.quality.examine import Examined


def check(
    file: Annotated[Path, typer.Argument(help="An annotated file in any of the supported formats.")],
    labels: Annotated[
        str | None,
        typer.Option(help="The labels that may be used, such as PROTOCOL,HARDWARE; default: as in a night."),
    ] = None,
    holdout: Annotated[
        Path | None,
        typer.Option(help="Texts that must not be trained on: annotated rows, or a JSON list of texts."),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="A pipeline that reads the file too; confident disagreement is reported."),
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Examine a file as a night would, without a store; exit code 3 if it would be rejected."""
    from techner.quality.offline import examine_offline, holdout_keys

    settings = load_settings()
    nlp, second = (None, None) if model is None else _second(model)
    frozen = frozenset[str]() if holdout is None else holdout_keys(_read(holdout), where=str(holdout))
    scheme, policy = _scheme(labels, settings, nlp)
    examined = examine_offline(
        _read(file, most=policy.max_delivery_bytes),
        file.name,
        scheme=scheme,
        policy=policy,
        holdout=frozen,
        second=second,
    )
    report = examined.report
    if as_json:
        typer.echo(json.dumps(as_document(examined), indent=1))
    else:
        show_report(report, surfaces=examined.surfaces)
    match report.action:
        case Action.ACCEPT | Action.QUARANTINE:
            pass
        case Action.REJECT:
            raise typer.Exit(REJECTED)
        case action:
            assert_never(action)


def _second(model: Path) -> "tuple[Language, SecondReader]":
    from techner.night.second_reader import second_reader
    from techner.uptraining.pipeline import load_pipeline

    nlp = load_pipeline(model)
    return nlp, second_reader(nlp)


def _scheme(
    labels: str | None, settings: Settings, nlp: "Language | None"
) -> tuple[LabelScheme, QualityPolicy]:
    """Return the labels that a night would know and the policy; stderr says where the labels come from."""
    policies = settings.policies
    if labels is not None:
        named = labels_in(labels)
        if not named:
            raise BatchError("--labels names no label: give a list such as PROTOCOL,HARDWARE")
        return LabelScheme(frozenset(named)), replace(policies.quality, labels=named)
    pretrained, source = _pretrained(settings, nlp)
    console.print(f"pretrained labels: {shown(source)}", markup=False)
    scheme = label_scheme(pretrained, policies)
    if policies.training.strategy == "extend":
        scheme = replace(scheme, unlearnt=frozenset(pretrained))
    return scheme, policies.quality


def _pretrained(settings: Settings, nlp: "Language | None") -> tuple[tuple[str, ...], str]:
    try:
        store = settings.open_store()
        return Registry(store).production()[1].pretrained_labels, f"those of production in {store.url}"
    except NotInitialised:
        why = "there is no store"
    except TechnerError as error:
        why = f"the store does not answer ({error})"
    if nlp is not None:
        from techner.uptraining.pipeline import pretrained_labels

        return pretrained_labels(nlp), f"those of --model, as {why}"
    return (
        ONTONOTES,
        f"assumed to be those of spaCy's English pipelines (OntoNotes), as {why}; or give --labels",
    )


def _read(path: Path, *, most: int | None = None) -> bytes:
    try:
        if most is not None and path.stat().st_size > most:
            raise BatchError(f"{path}: {too_large(path.stat().st_size, most)}")
        return path.read_bytes()
    except OSError as error:
        raise BatchError(f"cannot read {path}: {error.strerror}") from error


def as_document(examined: "Examined") -> dict[str, object]:
    """Return what a program needs to know about a delivery."""
    report = examined.report
    return {
        "action": report.action,
        "format": report.reader,
        "surfaces": examined.surfaces,
        "rows": [] if report.action is Action.REJECT else sorted(examined.aside),
        "issues": [_issue(issue, "critical") for issue in report.issues],
        "warnings": [_issue(issue, "warning") for issue in report.warnings],
        "left_out": report.left_out,
        "read": report.read,
        "accepted": report.accepted,
        "quarantined": report.quarantined,
        "rejected": report.rejected,
    }


def _issue(issue: Finding, severity: str) -> dict[str, object]:
    return {
        "row": issue.row,
        "code": issue.code,
        "severity": severity,
        "detail": issue.detail,
        "suggestion": issue.suggestion,
    }
