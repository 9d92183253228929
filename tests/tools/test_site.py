"""The documentation site: built strictly from the pages as they are, and with nothing from the network."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ASSET = re.compile(r'<(?:link|script|img)\b[^>]*?(?:href|src)="(?:https?:)?//[^"]+"')


def test_the_site_has_no_broken_link_and_loads_nothing_from_the_network(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 30
    assert [found for page in pages for found in ASSET.findall(page.read_text())] == []
