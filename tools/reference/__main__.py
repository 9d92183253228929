"""Write the generated pages; `make docs` does it."""

from tools.reference.pages import DOCS, pages


def main() -> None:
    """Write each page that has changed, and name it."""
    for name, text in pages().items():
        path = DOCS / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote docs/{name}")  # noqa: T201 - a script


if __name__ == "__main__":
    main()
