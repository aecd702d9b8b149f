"""MkDocs hook: the pictures beside the included files, which lie outside ``docs/``."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
PICTURES = (".jpg", ".png")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pictures of ``weights/`` and ``examples/`` to the site's top folder.

    `models.md` includes `weights/README.md`, which names its pictures without a folder.
    """
    for folder in ("weights", "examples"):
        for path in sorted((ROOT / folder).iterdir()):
            if path.suffix in PICTURES:
                files.append(File.generated(config, path.name, abs_src_path=str(path)))
    return files
