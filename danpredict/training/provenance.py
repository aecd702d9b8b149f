"""Provenance of a run: hashes of the data, versions and commit, so that it can be repeated."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from danpredict.datasets.face import LabelledFace
from danpredict.version import __version__


def fingerprint(faces: Sequence[LabelledFace]) -> str:
    """SHA-256 of the pictures and landmarks of a data set, in order."""
    digest = hashlib.sha256()
    for face in faces:
        content = face.path.read_bytes() if face.image is None else face.image.tobytes()
        digest.update(content)
        digest.update(np.ascontiguousarray(face.landmarks, np.float64).tobytes())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that training uses."""
    import torch  # here, because hashing needs no torch

    return {
        "danpredict": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
    }


def commit() -> str | None:
    """Git commit of this package, with ``+`` if files were changed since.

    None if the package is not in a git checkout.
    """
    folder = Path(__file__).parent

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    try:
        git(
            "ls-files", "--error-unmatch", Path(__file__).name
        )  # fails for site-packages inside a checkout of something else
        changed = git("status", "--porcelain", "--untracked-files=no", str(folder))
        return git("rev-parse", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None
