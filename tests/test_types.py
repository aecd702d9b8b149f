"""What a type checker sees of the public names: real types, not Any."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import danpredict

mypy_api = pytest.importorskip("mypy.api", reason="the extra 'dev' is missing")

# Skips what the public types do not need: a quarter of the time.
CONFIG = """[mypy]
strict = True
follow_imports = silent
[mypy-torch.*,cv2.*,scipy.*,matplotlib.*,onnx.*,tqdm.*]
follow_imports = skip
follow_imports_for_stubs = True
"""
SNIPPET = """import danpredict
import numpy as np

predictor = danpredict.DANShapePredictor()
image = np.zeros((9, 9), np.uint8)
rect = danpredict.rectangle(1, 2, 3, 4)
detection = predictor(image, rect)
"""
STAND_INS, OBJECTS = "danpredict.dlib_compat.stand_ins", "danpredict.dlib_compat.detection"
FLOAT32 = r"numpy\.ndarray\[.*numpy\.floating\[numpy\._typing\._nbit_base\._32Bit\]\]\]"
EXPECTED = {
    "danpredict.rectangle": rf"def \(left: int =.*\) -> {STAND_INS}\.rectangle",
    "danpredict.point": rf"def \(x: int, y: int\) -> {STAND_INS}\.point",
    "danpredict.points": rf"def \(.*\) -> {STAND_INS}\.points",
    "danpredict.Detection": rf"def \(rect: .*\) -> {OBJECTS}\.Detection",
    "detection": rf"{OBJECTS}\.Detection",
    "detection.landmarks": FLOAT32,
    "detection.sigma": rf"None \| {FLOAT32}",
    "detection.confidence": r"None \| float",
    "detection.transform": r"skimage\..*SimilarityTransform \| None",
    "detection.rect.left()": "int",
    "detection.part(0).x": "int",
    "predictor.predict(image, [rect])": rf"list\[{OBJECTS}\.Detection\]",
    "danpredict.find_faces(image)": rf"list\[{OBJECTS}\.Detection\]",
    "danpredict.load_detector()(image)": r"list\[danpredict\.boxes\.face_box\.FaceBox\]",
}


def test_public_names_have_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(danpredict.__file__).parent.parent
    if root.name != "site-packages":
        monkeypatch.setenv("MYPYPATH", str(root))
    lines = [f"reveal_type({expression})" for expression in EXPECTED]
    (tmp_path / "snippet.py").write_text(SNIPPET + "\n".join(lines))
    (tmp_path / "mypy.ini").write_text(CONFIG)
    options = ["--config-file", str(tmp_path / "mypy.ini"), "--cache-dir", str(tmp_path / "cache")]
    output, errors, code = mypy_api.run([*options, str(tmp_path / "snippet.py")])
    assert code == 0, output + errors
    revealed = re.findall(r'Revealed type is "(.*)"', output)
    for (expression, pattern), text in zip(EXPECTED.items(), revealed, strict=True):
        assert re.fullmatch(pattern, text), f"{expression}: {text}"
