"""Write spaCy's rules of English into the package: run it after an update of spaCy."""

import json
from pathlib import Path
from typing import Any

import spacy
from spacy.attrs import ORTH

FILE = Path(__file__).parents[1] / "techner" / "quality" / "english_tokenizer.json"
SOURCE = (
    "spaCy 3.8, MIT licence, Copyright (C) 2016-2024 ExplosionAI GmbH, 2016 spaCy GmbH, 2015 Matthew Honnibal"
)


def english() -> dict[str, Any]:
    """Return the rules of spaCy's English tokenizer, without those for strings with white space."""
    tokenizer: Any = spacy.blank("en").tokenizer
    found = {
        "prefix": tokenizer.prefix_search,
        "suffix": tokenizer.suffix_search,
        "infix": tokenizer.infix_finditer,
        "url": tokenizer.url_match,
    }
    specials = {word: [token[ORTH] for token in cut] for word, cut in tokenizer.rules.items()}
    patterns = {name: search.__self__.pattern for name, search in found.items()}
    return {
        "source": SOURCE,
        **patterns,
        "specials": {word: specials[word] for word in sorted(specials) if not any(map(str.isspace, word))},
    }


def written() -> str:
    return json.dumps(english(), ensure_ascii=True, indent=0) + "\n"


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
