"""A hook of MkDocs: pages of the repository root join the site, their links and map are rewritten for it."""

import logging
import os
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FROM_ROOT = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
log = logging.getLogger("mkdocs.techner")  # below the logger that `strict` watches
_MAP = re.compile(r"^```mermaid\n.*?^```$", re.MULTILINE | re.DOTALL)
_PICTURE = "![One night, task by task: what each reads and writes, and how it can end](docs/one-night.svg)"
"""The map of ARCHITECTURE.md, which mermaid would draw with a script; a test keeps both the same."""
_LINK = re.compile(r"(!?\[[^\]]*\])\((?!https?:|#)([^)#\s]+)(#[^)]*)?\)")


def on_files(files: Files, *, config: Any) -> Files:
    """Add the pages of the root."""
    for name, page in FROM_ROOT.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Show the map as a picture, and point each link, relative to its file in the repository, at its page."""
    source = Path(page.file.abs_src_path)
    here = Path(page.file.src_uri).parent

    def on_site(found: re.Match[str]) -> str:
        text, path, anchor = found[1], found[2], found[3] or ""
        target = Path(os.path.normpath(source.parent / path))
        if not target.exists():
            log.warning("%s links to %s, which does not exist", page.file.src_uri, path)
        uri = _uri(target)
        if uri is None:  # a file that is only in the repository
            return text.strip("![]")
        return f"{text}({os.path.relpath(uri, here)}{anchor})"

    return _LINK.sub(on_site, _MAP.sub(_PICTURE, markdown))


def _uri(target: Path) -> str | None:
    """Return the place of a file or folder of the repository on the site."""
    if target.parent == ROOT and target.name in FROM_ROOT:
        return FROM_ROOT[target.name]
    if target.is_relative_to(DOCS):
        found = target / "README.md" if target.is_dir() else target
        return found.relative_to(DOCS).as_posix()
    return None
