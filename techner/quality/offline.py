"""Examine a file without a store, as annotators and their CI can do before they deliver."""

from techner.core.delivery import BatchRef
from techner.core.errors import BatchError, FileError
from techner.core.examples import digest, fold, leak_key
from techner.core.policy import QualityPolicy
from techner.core.scheme import LabelScheme
from techner.formats import read_rows, strict_json
from techner.quality.disagreement import SecondReader
from techner.quality.english_tokenizer import english_tokenizer
from techner.quality.examine import Examined, assess
from techner.quality.scan import Rulebook


def examine_offline(
    data: bytes,
    name: str,
    *,
    scheme: LabelScheme,
    policy: QualityPolicy,
    holdout: frozenset[str],
    second: SecondReader | None = None,
) -> Examined:
    """Examine a delivery as a night would, but without a record; `holdout` holds leak keys.

    Tokens are those of spaCy's English tokenizer. Needs neither spaCy nor Great Expectations.
    """
    rulebook = Rulebook(
        scheme=scheme,
        policy=policy,
        frozen_texts=holdout,
        tokenize=english_tokenizer(),
        cuts_at_space=True,
        digest="",
        second=second,
    )
    return assess(data, BatchRef(name=name, digest=digest(data)), rulebook)


def holdout_keys(data: bytes, *, where: str) -> frozenset[str]:
    """Return the leak keys of annotated rows or of a JSON list of texts.

    Raises BatchError if the file or a row cannot be read, or a row has no text.
    """
    try:
        texts = strict_json.loads(data.decode("utf-8-sig"))
    except ValueError:
        texts = None
    if not (isinstance(texts, list) and texts and all(isinstance(text, str) for text in texts)):
        try:
            rows = list(read_rows(data)[1])
        except FileError as error:
            raise BatchError(f"{where}: {error}") from error
        for row in rows:
            if row.fault or not isinstance(row.text, str) or not row.text.strip():
                why = row.fault.detail if row.fault else "no text"
                raise BatchError(
                    f"{where}, row {row.number}: {why}; give annotated rows or a JSON list of texts"
                )
        texts = [row.text for row in rows]
    return frozenset(leak_key(fold(text)) for text in texts)
