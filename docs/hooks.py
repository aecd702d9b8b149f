"""MkDocs hook: files of the site that lie outside ``docs/``."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
PICTURES = (".jpg", ".png")
# In the pages: a picture of the repository outside of docs/, as GitHub needs it.
OUTSIDE = re.compile(r"\]\(\.\./(?:weights|examples)/([^/()]+\.(?:jpg|png))\)")
STORED = {"image/jpeg": ".jpg", "image/png": ".png"}  # outputs of a notebook


def stored_pictures(notebook: Path) -> Iterator[tuple[str, bytes]]:
    """The pictures that a notebook stores, as ``first_steps_1.jpg`` and so on."""
    count = 0
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            for kind in STORED.keys() & output.get("data", {}).keys():
                count += 1
                content = base64.b64decode("".join(output["data"][kind]))
                yield f"{notebook.stem}_{count}{STORED[kind]}", content


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add pictures and notebooks to the site's top folder.

    `models.md` includes `weights/README.md`, which names its pictures without a folder.
    """
    for folder in ("weights", "examples"):
        for path in sorted((ROOT / folder).iterdir()):
            if path.suffix in PICTURES:
                files.append(File.generated(config, path.name, abs_src_path=str(path)))
    for path in sorted((ROOT / "examples" / "notebooks").glob("*.ipynb")):
        files.append(File.generated(config, path.name, abs_src_path=str(path)))
        for name, content in stored_pictures(path):
            files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Let the pages name pictures at their place on the site; see `on_files`."""
    return OUTSIDE.sub(r"](\1)", markdown)
