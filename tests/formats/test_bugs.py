"""Deliveries that people really have, collected outside this repository: what each of them must come to.

A row says what is right of one file: the spans that are read, or the code and words of the refusal.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from techner.cli.app import app
from techner.core.policy import QualityPolicy
from techner.core.scheme import LabelScheme
from techner.quality.examine import Examined
from techner.quality.offline import examine_offline

BUGS = Path(__file__).parents[2].parent / "shared" / "bugs"
LABELS = (
    "PROGRAMMING_LANGUAGE",
    "FRAMEWORK_LIBRARY",
    "HARDWARE",
    "ALGORITHM_MODEL",
    "PROTOCOL",
    "FILE_FORMAT",
    "CYBERSECURITY_TERM",
)
SPANS = (
    "SSL", "TLS", "Rust", "Django", "Parquet", "Raspberry Pi", "Random forest", "phishing", "ransomware",
    "MQTT", "ESP32", "Haskell",
)  # fmt: skip
"""What most of the files say."""
ELSEWHERE = {
    "38-names-only",  # below
    "41-reference-to-json",
    "44-reference-conll2003-labels",
    "47-holdout-other-labels",
}
"""No deliveries, or judged by more than the file: the tests of reference set and night have them."""


class Accepted(NamedTuple):
    spans: Sequence[str]
    warning: str = ""
    quarantined: int = 0
    suggested: Sequence[str] = ()
    """Suggestions of the rows that were set aside."""


class Refused(NamedTuple):
    code: str
    words: str
    says_all: bool = True
    """Whether one finding of the batch says it, not one for each row."""


UNKNOWN = "the format is not supported: "
RIGHT: dict[str, Accepted | Refused] = {
    "01-germeval-two-tag-columns/delivery.tsv": Accepted(
        ("Ruby on Rails", "ESP32", "SSL", "TLS", "Parquet", "Haskell"),
        warning="1 of 5 rows have nested spans",
    ),
    "03b-prodigy-teach-binary/delivery.jsonl": Refused(
        "binary", "says nothing about the rest", says_all=False
    ),
    "04b-ls-jsonmin-other-strings/delivery.json": Accepted(SPANS),
    "05-ls-title-and-text/delivery.json": Accepted(("Rust", "MQTT", "TLS", "Swift", "Flask")),
    "05b-ls-two-strings-no-text/delivery.json": Accepted(SPANS),
    "07-ner-annotator/delivery.json": Accepted(SPANS),
    "07-ner-annotator/with-cr.json": Accepted(SPANS),
    "08-dataturks/delivery.json": Accepted(SPANS),
    "09-spacy-v2-json/data_train.spacy": Accepted(SPANS),
    "10-spacy-to-json/train.json": Accepted(SPANS),
    "10b-entity-dicts/delivery.jsonl": Accepted(SPANS),
    "11-python-literal/FINALTRAIN": Accepted(SPANS),
    "13-brat/doc-1.ann": Refused("format", UNKNOWN + "brat's standoff, lines of 3 columns"),
    "13-brat/doc-1.txt": Refused(
        "format", UNKNOWN + "lines of 11 columns separated by spaces, such as 'We store"
    ),
    "14-webanno-tsv/delivery.tsv": Refused("format", UNKNOWN + "WebAnno TSV"),
    "15-ls-hypertext/labels.json": Refused("format", "Label Studio's HyperText"),
    "15-ls-hypertext/hypertextlabels.json": Refused("format", "Label Studio's HyperText"),
    "16-doccano-crlf-minority/delivery.jsonl": Accepted(
        (*SPANS, "Kotlin", "Jetson Nano"), quarantined=2, suggested=("[11, 14, PROTOCOL] 'TLS'",)
    ),
    "16b-doccano-graphemes/graphemes.jsonl": Refused("systematic", "offsets count graphemes"),
    "16b-doccano-graphemes/utf16.jsonl": Refused("systematic", "offsets count UTF-16 units"),
    "16c-doccano-emoji-minority/delivery.jsonl": Accepted(
        (*SPANS, "Kotlin", "Jetson Nano", "AMQP", "CSV", "LSTM", "Scala", "Elixir"),
        quarantined=2,
        suggested=("[18, 25, PROGRAMMING_LANGUAGE] 'Haskell'",),
    ),
    "17-hf-words-ner/full_conll_columns.jsonl": Accepted(SPANS),
    "17-hf-words-ner/tokens_labels.jsonl": Accepted(SPANS),
    "17-hf-words-ner/words_ner.json": Accepted(SPANS),
    "18-argilla/delivery.jsonl": Refused("format", "'annotation_agent', 'id', 'metadata', … (Arg"),
    "19-groundtruth/output.manifest": Refused(
        "format", "'source', 'tech-ner', 'tech-ner-metadata' (SageMaker"
    ),
    "20-conlleval-gold-and-predicted/predictions_conll.txt": Refused(
        "format", "columns 2 and 3 both hold entity tags (gold and predicted?): keep the right one"
    ),
    "21-ls-target-storage/41": Accepted(SPANS[:2]),
    "21-ls-target-storage/42": Accepted(SPANS[2:4]),
    "21-ls-target-storage/43": Accepted(SPANS[4:6]),
    "21-ls-target-storage/joined.jsonl": Accepted(SPANS[:6]),
    "26-char-level-conll/delivery.conll": Refused("format", "one character a line"),
    "27-kaggle-csv/ner_dataset.csv": Accepted(SPANS),
    "27b-ls-tsv/export.csv": Refused("format", UNKNOWN + "lines of 8 columns separated by tabs"),
    "31-ls-predictions-only/delivery.json": Refused("format", "tasks have only predictions"),
    "34-labelbox/delivery.json": Refused("format", "'Project Name', 'Dataset Name' (Labelbox)"),
    "36-string-offsets/delivery.json": Refused("format", "offsets are strings: write whole numbers"),
    "37-conll-no-blank-lines/delivery.bio": Accepted(
        SPANS, warning="1 of 1 rows are long, as if blank lines"
    ),
    "39-tag-first/delivery.bio": Refused("format", "2 columns separated by tabs, such as 'O\\tMira'"),
    "40-tag-styles/bare.tsv": Refused("format", "labels without B- or I-, such as 'PROTOCOL'"),
    "40-tag-styles/lower.tsv": Refused("format", "2 columns separated by tabs, such as 'Mira\\to'"),
    "40-tag-styles/suffix.tsv": Refused("format", "3 columns separated by tabs, such as '1\\tMira\\t-'"),
}

pytestmark = pytest.mark.skipif(not BUGS.is_dir(), reason="needs ../shared/bugs")


def examined(name: str) -> Examined:
    policy = QualityPolicy(labels=LABELS, max_quarantine_share=0.5)
    scheme = LabelScheme(frozenset(LABELS))
    return examine_offline(
        (BUGS / name).read_bytes(), name, scheme=scheme, policy=policy, holdout=frozenset()
    )


@pytest.mark.parametrize("name", [name for name, right in RIGHT.items() if isinstance(right, Accepted)])
def test_delivery_is_read_to_its_spans(name: str) -> None:
    right, found = RIGHT[name], examined(name)
    assert isinstance(right, Accepted)
    said = [eg.text[span.start : span.end] for eg in found.accepted for span in eg.spans]
    assert (said, found.report.quarantined) == ([*right.spans], right.quarantined), found.report.issues
    hints = [issue.suggestion or "" for issue in found.report.issues]
    assert all(any(hint in given for given in hints) for hint in right.suggested)
    assert right.warning in " ".join(issue.detail for issue in found.report.warnings)


@pytest.mark.parametrize("name", [name for name, right in RIGHT.items() if isinstance(right, Refused)])
def test_delivery_is_refused_in_words_that_say_what_it_is(name: str) -> None:
    right, report = RIGHT[name], examined(name).report
    assert isinstance(right, Refused)
    assert (report.action, report.accepted) == ("reject", 0)
    found = [issue for issue in report.issues if issue.code == right.code]
    assert all(right.words in issue.detail for issue in found), found
    assert [issue.row for issue in found] == [None] or (found and not right.says_all)


def test_every_folder_has_what_is_right() -> None:
    folders = {path.name for path in BUGS.iterdir() if path.is_dir()}
    named = {name.partition("/")[0] for name in RIGHT} | ELSEWHERE
    assert folders == named


@pytest.mark.parametrize(("strategy", "said"), [("extend", ["nothing_new"]), ("blend", [])])
def test_names_alone_are_taken_and_said_to_wait_where_corrections_are_not_learnt(
    strategy: str, said: list[str], tmp_path: Path
) -> None:
    file = BUGS / "38-names-only" / "names.jsonl"
    environment = {
        "TECHNER_TRAINING__STRATEGY": strategy,
        "TECHNER_STORE": (tmp_path / "empty").as_uri(),
        "TECHNER_CACHE": str(tmp_path / "cache"),
    }
    result = CliRunner().invoke(app, ["batch", "check", str(file), "--json"], env=environment)
    found = json.loads(result.stdout)
    assert (result.exit_code, found["action"], found["accepted"]) == (0, "accept", 130)
    assert [one["code"] for one in found["warnings"] if one["code"] == "nothing_new"] == said
