"""The example for folders beyond one machine, run by a real Ray on this one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from danpredict import DANShapePredictor

from ..conftest import ROOT, Image

pytest.importorskip("ray", reason="needs the extra ray")


@pytest.mark.slow
def test_a_folder_on_ray(tmp_path: Path, astronaut: Image, rect: Any) -> None:
    photos, out = tmp_path / "photos", tmp_path / "landmarks"
    photos.mkdir()
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(photos / name), astronaut[..., ::-1])
    (photos / "broken.jpg").write_bytes(b"no picture")
    command = [sys.executable, ROOT / "examples" / "folder_on_ray.py", photos, "--out", out]
    result = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=240)
    assert result.returncode == 1, result.stderr  # one picture failed
    assert "wrote 2 faces" in result.stdout
    lines = [line for file in out.glob("*.json") for line in file.read_text().splitlines()]
    rows = [json.loads(line) for line in lines]
    assert {Path(row["path"]).name: bool(row["error"]) for row in rows} == {
        "a.png": False,
        "b.png": False,
        "broken.jpg": True,
    }
    expected = DANShapePredictor(threads=1)(astronaut, rect)
    for row in rows:
        if not row["error"]:
            np.testing.assert_allclose(row["landmarks"], expected.landmarks, atol=0.01)
            assert row["rectangle"] == [rect.left(), rect.top(), rect.right(), rect.bottom()]
