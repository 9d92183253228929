"""Annotation files ⇄ rows. A reader finds rows and their parts; `quality` judges them."""

from techner.formats.detect import read_rows
from techner.formats.jsonl import read_examples, write_examples
from techner.formats.rows import Fault, Row

__all__ = ["Fault", "Row", "read_examples", "read_rows", "write_examples"]
