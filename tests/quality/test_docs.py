"""What the documentation says of the codes."""

from pathlib import Path

from techner.core.codes import BATCH_CODES, ROW_CODES

DOCS = (Path(__file__).parents[2] / "docs" / "quality.md").read_text()


def test_every_code_stands_in_the_documentation_as_it_is() -> None:
    for of, codes in (("row", ROW_CODES), ("batch", BATCH_CODES)):
        for name, code in codes.items():
            severity = code.severity + ("" if code.is_fixed else " *")
            assert f"| `{name}` | {of} | {severity} | {code.sentence} |" in DOCS
