"""Where the data folders ``adapters/`` and ``weights/`` are, in a wheel and in a checkout."""

from __future__ import annotations

from pathlib import Path


def data_folder(name: str) -> Path:
    """Path of ``adapters`` or ``weights``.

    A wheel carries them inside the package, a checkout beside it.
    """
    package = Path(__file__).parent
    for folder in (package / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"danpredict is installed without its {name} folder, beside {package}")
