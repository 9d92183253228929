"""What a file in an unknown format looks like, for the one sentence that says why it is refused."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from techner.core.errors import FileError
from techner.formats.objects import named
from techner.formats.rows import Item
from techner.formats.unread import sign_of_annotation

READ = (
    "JSONL, spaCy (pairs, Python, JSON, DocBin), doccano, Prodigy, Label Studio, CoNLL, Hugging Face, "
    "DataTurks, LightTag, UBIAI, ner-annotator"
)
_KEYS = (
    ({"Labeled Data", "Label"}, "Labelbox"),
    ({"data_row", "projects"}, "Labelbox"),
    ({"annotation", "annotation_agent"}, "Argilla"),
    (
        {"annotatable", "anncomplete"},
        "tagtog, whose text is in another file: export plain text with offsets",
    ),
    ({"%TYPES", "%FEATURE_STRUCTURES"}, "INCEpTION's CAS JSON: export CoNLL 2003 instead"),
)
"""Keys that only one tool writes."""
_TOOLS = (
    (re.compile(r"#FORMAT=WebAnno"), "WebAnno TSV"),
    (re.compile(r"(?:T\d+\t\S+ \d+ \d+|[RE]\d+\t\S+ \w+:[TE]\d|[AM#]\w*\t\S+ [TRE]\d)"), "brat's standoff"),
    (re.compile(r"\s*<[?!A-Za-z]"), "XML or HTML"),
)


def refuse_unknown(head: Sequence[Item]) -> None:
    """Raise FileError if the first rows of a file hold no annotation in a supported format."""
    faults = [fault for _, _, _, fault in head if fault]
    if head[0][1].strip() in (b"{", b"["):
        seen = "JSON over several lines that breaks off, or several records one after the other"
        raise FileError("format", f"{seen}: write one record a line, or all in one list")
    if len(faults) == len(head):
        if all(fault.code == "json" for fault in faults) and not any(_is_json(raw) for _, raw, _, _ in head):
            raise unknown(b"\n".join(raw for _, raw, _, _ in head).decode("utf-8", "replace"))
        return
    values = [value for _, _, value, fault in head if not fault]
    if any(map(_is_text, values)):
        return
    records = [value for value in values if isinstance(value, dict)]
    if not records:
        seen = Counter(type(value).__name__ for value in values).most_common(1)[0][0]
        raise _refused(
            {"list": "JSON lists", "str": "JSON strings"}.get(seen, "JSON values") + " and no records"
        )
    keys = Counter(key for record in records for key in record)
    raise _refused(f"JSON records with {named([key for key, _ in keys.most_common()])}")


def refuse_tools(values: Sequence[Any]) -> None:
    """Raise FileError for records of a tool whose export is incomplete or not supported."""
    records = [value for value in values if isinstance(value, dict)]
    if records and _tool(records):
        keys = dict.fromkeys(key for record in records for key in record)
        raise _refused(f"JSON records with {named(keys)}{_tool(records)}")


def _is_text(value: Any) -> bool:
    return isinstance(value, dict) and "text" in value and sign_of_annotation(value) is None


def unknown(text: str) -> FileError:
    """Return the error for a file of lines that are neither JSON nor known columns."""
    lines = [line for line in text.split("\n") if line.strip()] or [text]
    for pattern, tool in _TOOLS:
        if pattern.match(lines[0]):
            return _refused(f"{tool}, {_columns(lines)}")
    return _refused(_columns(lines))


def _refused(seen: str) -> FileError:
    return FileError("format", f"the format is not supported: {seen}. Supported are {READ}")


def _columns(lines: list[str]) -> str:
    """Say how many columns the lines have, and show one."""
    cuts = {"tabs": "\t", "commas": ",", "spaces": " "}
    for name, cut in cuts.items():
        counts = Counter(len(line.rstrip("\r").split(cut)) for line in lines)
        count, times = counts.most_common(1)[0]
        if count > 1 and times * 2 > len(lines):
            example = next(line for line in lines if len(line.rstrip("\r").split(cut)) == count)
            csv = "CSV, " if cut == "," and count > len(("clause", "clause")) else ""
            return f"{csv}lines of {count} columns separated by {name}, such as {_short(example)}"
    return f"lines that are not JSON, such as {_short(lines[0])}"


def _short(line: str) -> str:
    line = line.rstrip("\r")
    return repr(line if len(line) <= 60 else f"{line[:60]}…")  # noqa: PLR2004 - as much as a line shows


def _is_json(raw: bytes) -> bool:
    return raw.lstrip().startswith((b"{", b"["))


def _tool(records: list[dict[str, Any]]) -> str:
    """Return the tool that alone writes these keys, for a message; empty if there is none."""
    for keys, tool in _KEYS:
        if all(keys <= record.keys() for record in records):
            return f" ({tool})"
    return " (SageMaker Ground Truth)" if "source" in records[0] and _has_job(records[0]) else ""


def _has_job(record: dict[str, Any]) -> bool:
    return any(str(key).endswith("-metadata") for key in record)
