"""A base model on a tiny BERT, made on the spot: random weights, a vocabulary of letters and words."""

import re
from collections import Counter
from pathlib import Path

from thinc.api import Adam, fix_random_seed

from benchmarks.transformer_base import blank
from techner.starter import slot_examples
from techner.uptraining.gold import gold

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
GENERAL = slot_examples("general", 250, seed=1)


def save_bert(folder: Path) -> Path:
    """Write the weights and the tokenizer, as transformers reads them."""
    from transformers import BertConfig, BertModel, BertTokenizerFast  # only `.venv-transformers` has it

    words = Counter(word for eg in GENERAL for word in re.findall(r"\w+|[^\w\s]", eg.text.lower()))
    letters = sorted(
        {letter for word in words for letter in word} | set("abcdefghijklmnopqrstuvwxyz0123456789")
    )
    frequent = [word for word, _ in words.most_common(300) if len(word) > 1]
    vocabulary = [*SPECIAL, *letters, *(f"##{letter}" for letter in letters), *frequent]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    shape = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=96,
        max_position_embeddings=160,
    )
    BertModel(shape).save_pretrained(folder)
    return folder


def train_base(folder: Path, weights: Path) -> None:
    """Train a pipeline as `spacy init config --gpu` makes it, and save it into `folder`."""
    fix_random_seed(0)
    save_bert(weights)
    nlp = blank(weights)
    egs = gold(nlp, GENERAL, frozenset(span.label for example in GENERAL for span in example.spans))
    nlp.initialize(lambda: egs)
    sgd = Adam(0.003, grad_clip=1.0)
    for _ in range(10):
        for start in range(0, len(egs), 20):
            nlp.update(egs[start : start + 20], drop=0.1, sgd=sgd)
    nlp.to_disk(folder)
