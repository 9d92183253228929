"""Pipelines that are in memory together share a vocabulary that is the same on disk."""

from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language

from techner.uptraining.pipeline import load_pipeline


def saved(folder: Path, *, word: str = "old", vector: float = 1.0, lang: str = "en") -> Path:
    nlp = spacy.blank(lang)
    nlp.vocab.strings.add(word)
    nlp.vocab.vectors = spacy.vectors.Vectors(
        data=np.full((1, 4), vector, dtype="float32"), keys=["word"], strings=nlp.vocab.strings
    )
    nlp.to_disk(folder)
    return folder


@pytest.fixture
def first(tmp_path: Path) -> Language:
    return load_pipeline(saved(tmp_path / "first"))


def test_pipelines_with_the_same_vectors_share_words_and_vectors(first: Language, tmp_path: Path) -> None:
    second = load_pipeline(saved(tmp_path / "second", word="new"), beside=first)
    assert second.vocab is first.vocab
    assert {"old", "new"} <= set(second.vocab.strings)


@pytest.mark.parametrize("other", [{"vector": 2.0}, {"lang": "xx"}], ids=["vectors", "language"])
def test_pipelines_that_differ_share_nothing(
    first: Language, tmp_path: Path, other: dict[str, float]
) -> None:
    second = load_pipeline(saved(tmp_path / "second", **other), beside=first)  # type: ignore[arg-type]
    assert second.vocab is not first.vocab
    assert second("a word")[1].vector[0] == other.get("vector", 1.0)


def test_a_pipeline_of_more_files_shares_nothing(first: Language, tmp_path: Path) -> None:
    folder = saved(tmp_path / "second")
    (folder / "vocab" / "more").touch()
    assert load_pipeline(folder, beside=first).vocab is not first.vocab
