"""Prodigy's `db-out`, one task a line.

{"text": …, "spans": [{"start": 4, "end": 7, "label": "PROTOCOL", …}, …], "answer": "accept", …}
"""

from collections.abc import Mapping
from typing import Any

from techner.formats import huggingface, label_studio_min
from techner.formats.evidence import text_in
from techner.formats.jsonl import answer_of
from techner.formats.objects import read_objects
from techner.formats.rows import Fault, Row, ShapeError, texts_of

NAME = "Prodigy"
_BLIND_VIEWS = frozenset(
    (
        "ner",
        "spans",
        "classification",
        "compare",
        "diff",
        "choice",
        "text",
        "html",
        "pos",
        "pos_manual",
        "dep",
    )
) | {"text_input", "image", "image_manual", "audio", "audio_manual", "video", "llm_io", "textcat"}
"""Interfaces in which entities cannot be marked: they ask for a yes or no, a choice, or something else."""
_MANUAL_VIEWS = ("ner_manual", "spans_manual")
_OF_TASKS = frozenset(("_task_hash", "_input_hash", "_view_id", "answer", "tokens"))
"""Keys that Prodigy writes into its tasks."""
_SUGGESTED = frozenset(("rank", "priority", "score", "pattern"))


def recognises(record: Any) -> bool:
    """Say whether the record has spans, or the hash that Prodigy gives to every task."""
    if not isinstance(record, dict) or "entities" in record or label_studio_min.recognises(record):
        return False
    if "_task_hash" in record:
        return True
    return "spans" in record and "ents" not in record and not huggingface.recognises(record)


def read(number: int, raw: bytes, record: Mapping[str, Any]) -> Row:
    """Find text, entities and answer; raises ShapeError for spans that cannot be placed."""
    spans = record.get("spans")
    if isinstance(spans, list) and any(isinstance(one, dict) and answer_of(one) == "reject" for one in spans):
        detail = "a span was answered with no: remove it, and have the rest of the text annotated"
        return Row(number=number, raw=raw, fault=Fault("binary", detail))
    if spans is not None and _is_binary(record):
        detail = "a yes or no to one span says nothing about the rest: annotate the text with ner.manual"
        return Row(number=number, raw=raw, fault=Fault("binary", detail))
    if spans is None and record.get("_view_id") in _MANUAL_VIEWS:
        spans = []  # Prodigy leaves out the key if the annotator marked nothing
    entities, covered = _entities(spans, record) if isinstance(spans, list) else (spans, ())
    return Row(
        number=number,
        raw=raw,
        text=text_in(record),
        entities=entities,
        scope=record.get("scope"),
        answer=answer_of(record),
        covered=covered,
    )


def _entities(spans: list[Any], record: Mapping[str, Any]) -> tuple[list[Any], tuple[str | None, ...]]:
    """Return the entities and what they cover; if Prodigy did not write the record, keys may differ."""
    tokens = record.get("tokens")
    if _OF_TASKS.isdisjoint(record):
        return read_objects(spans)
    return [_entity(span, tokens) for span in spans], _covered(spans, tokens)


def without_entities(record: Any) -> str | None:
    """Say with what a task was annotated if entities could not be marked in it; None if they could."""
    if not isinstance(record, dict) or record.get("spans") is not None or answer_of(record) is None:
        return None
    view = record.get("_view_id")
    if view in _MANUAL_VIEWS:
        return None
    kind = f" of the view {view[:40]!r}" if isinstance(view, str) else ""
    kind = kind or (" with options" if "options" in record else "")
    return f"Prodigy's tasks{kind} carry no entities: annotate the texts with ner.manual or ner.correct"


def _is_binary(record: Mapping[str, Any]) -> bool:
    """Say whether the annotator answered a suggestion and could not mark anything else."""
    if record.get("_is_binary") is True:
        return True
    view = record.get("_view_id")
    if isinstance(view, str):
        return view in _BLIND_VIEWS or (view == "review" and record.get("view_id") in _BLIND_VIEWS)
    # Before 1.9 a task does not name its view; `ner.teach` leaves the reason for its one span.
    spans = record.get("spans")
    return (
        "answer" in record
        and "tokens" not in record
        and isinstance(spans, list)
        and len(spans) == 1
        and isinstance(spans[0], dict)
        and not all(_SUGGESTED.isdisjoint(part) for part in (spans[0], record, record.get("meta") or ()))
    )


def _covered(spans: list[Any], tokens: Any) -> tuple[str | None, ...]:
    """Return what each span says it covers: its `text`, else its tokens."""
    said = texts_of(spans) or (None,) * len(spans)
    if isinstance(tokens, list) and tokens:
        said = tuple(text or _of_tokens(span, tokens) for text, span in zip(said, spans, strict=True))
    return said if any(said) else ()


def _of_tokens(span: Any, tokens: list[Any]) -> str | None:
    match span:
        case {"token_start": int(first), "token_end": int(last)} if 0 <= first <= last < len(tokens):
            said = [token.get("text") for token in tokens[first : last + 1] if isinstance(token, dict)]
            words = [word for word in said if isinstance(word, str)]
            if len(words) == last - first + 1:
                return " ".join(words)
    return None


def _entity(span: Any, tokens: Any) -> Any:
    if not isinstance(span, dict):
        return span
    start, end = span.get("start"), span.get("end")
    if start is None and end is None and isinstance(span.get("token_start"), int):
        start, end = _at_tokens(span, tokens)
    return [start, end, span.get("label")]


def _at_tokens(span: Mapping[str, Any], tokens: Any) -> tuple[Any, Any]:
    """Return where the tokens of a span lie; raises ShapeError if the task does not say it."""
    match span:
        case {"token_start": int(first), "token_end": int(last)} if isinstance(tokens, list):
            if 0 <= first <= last < len(tokens):
                match tokens[first], tokens[last]:
                    case {"start": start}, {"end": end}:
                        return start, end
    raise ShapeError(
        "a span counts tokens, but the task has no 'tokens' with start and end for it: export them"
    )
