"""Thousands of odd inputs: documented exceptions or finite landmarks, nothing else."""

from __future__ import annotations

import hashlib
import io
import json
import resource
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dlib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from danpredict import DANShapePredictor
from danpredict.datasets.imglab import read_imglab
from danpredict.model.file import unpack
from danpredict.model.zoo import find_model

from ..conftest import Image

PATIENT = settings(
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
KINDS = st.sampled_from(
    [np.uint8, np.uint16, np.int8, np.int64, np.float16, np.float32, np.float64, bool, complex]
)
IMAGES = KINDS.flatmap(
    lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=24))
)
PIXELS = hnp.arrays(
    np.uint8,
    st.one_of(
        st.tuples(st.integers(0, 40), st.integers(0, 40)),
        st.tuples(st.integers(0, 40), st.integers(0, 40), st.just(3)),
    ),
)
NEAR = st.integers(-100, 200)
FAR = st.one_of(NEAR, st.integers(-(2**63), 2**63 - 1))
BOXES = st.builds(dlib.rectangle, FAR, FAR, FAR, FAR)


@settings(PATIENT, max_examples=250)
@given(image=IMAGES)
def test_any_array(predictor: DANShapePredictor, image: Any) -> None:
    try:
        det = predictor(image, dlib.rectangle(2, 2, 20, 20))
    except RuntimeError as error:
        words = "Unsupported image type, must be 8bit gray or RGB image: "
        assert str(error).startswith(words)  # noqa: PT017
    else:
        assert np.isfinite(det.landmarks).all()


@settings(PATIENT, max_examples=250)
@given(image=PIXELS, box=BOXES)
def test_any_rectangle(predictor: DANShapePredictor, image: Any, box: Any) -> None:
    det: Any = predictor(image, box)
    assert det.rect == box
    assert det.num_parts == 68
    for values in (det.landmarks, det.sigma, det.stages, det.confidence):
        assert np.isfinite(values).all()
    assert 0 <= det.confidence <= 1


MODEL = find_model("lean68").read_bytes()


@settings(PATIENT, max_examples=200)
@given(data=st.data())
def test_any_damage_to_a_model(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(MODEL)))
    kind = data.draw(st.sampled_from(["cut", "overwrite", "insert", "swap"]))
    junk = data.draw(st.binary(min_size=1, max_size=30))
    damaged = {
        "cut": MODEL[:start],
        "overwrite": MODEL[:start] + junk + MODEL[start + len(junk) :],
        "insert": MODEL[:start] + junk + MODEL[start:],
        "swap": MODEL[start:] + MODEL[:start],
    }[kind]
    try:
        model = unpack(damaged, "damaged.dan")
    except RuntimeError as error:
        assert str(error).startswith("Error deserializing damaged.dan: expected")  # noqa: PT017
    else:
        assert model.graphs == unpack(MODEL, "whole").graphs  # harmless bytes of the zip


@settings(PATIENT, max_examples=100)
@given(junk=st.binary(max_size=200))
def test_any_bytes_for_a_model(junk: bytes) -> None:
    with pytest.raises(RuntimeError, match="Error deserializing"):
        unpack(junk, "junk.dan")


XML = b"""<dataset><images><image file='a.png'><box top='1' left='2' width='3' height='4'>
<part name='0' x='1' y='2'/></box></image></images></dataset>"""


@settings(PATIENT, max_examples=200)
@given(start=st.integers(0, len(XML)), junk=st.binary(max_size=12), cut=st.integers(0, 12))
def test_any_damage_to_xml(tmp_path: Path, start: int, junk: bytes, cut: int) -> None:
    (tmp_path / "a.png").touch()
    path = tmp_path / "faces.xml"
    path.write_bytes(XML[:start] + junk + XML[start + cut :])
    try:
        faces = read_imglab(path, 2)
    except (ValueError, FileNotFoundError):
        return
    for face in faces:
        assert np.isfinite(face.landmarks).any()


def test_deep_xml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.xml"
    path.write_bytes(b"<dataset>" + b"<a>" * 200_000 + b"</a>" * 200_000 + b"</dataset>")
    with pytest.raises(ValueError, match="expected"):
        read_imglab(path, 2)


def test_a_model_file_cannot_run_code(tmp_path: Path) -> None:
    """No pickle is read; a graph may neither name files outside nor operators of its own."""
    from onnx import TensorProto, helper

    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1])
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="/etc/passwd")
    node = helper.make_node("Identity", ["w"], ["offsets"])
    out = helper.make_tensor_value_info("offsets", TensorProto.FLOAT, [1])
    reading = helper.make_model(helper.make_graph([node], "g", [], [out], [weights]))
    own = helper.make_model(
        helper.make_graph([helper.make_node("Run", [], ["offsets"], domain="evil")], "g", [], [out])
    )
    for graph in (reading, own):
        data = graph.SerializeToString()
        with zipfile.ZipFile(io.BytesIO(MODEL)) as archive:
            info = json.loads(archive.read("model.json"))
        info["stages"] = 1
        info["graphs"] = {"stage1.onnx": hashlib.sha256(data).hexdigest()}
        path = tmp_path / "evil.dan"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("model.json", json.dumps(info))
            archive.writestr("stage1.onnx", data)
        with pytest.raises(RuntimeError, match=r"Error deserializing .*stage1\.onnx: expected"):
            DANShapePredictor(path)


def test_threads_share_a_predictor(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    boxes = [dlib.translate_rect(rect, dlib.point(i % 9, i // 9)) for i in range(64)]
    alone = [predictor(astronaut, box).landmarks for box in boxes]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda box: predictor(astronaut, box).landmarks, boxes))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_memory_does_not_grow(predictor: DANShapePredictor, astronaut: Image, rect: Any) -> None:
    for _ in range(500):
        predictor(astronaut, rect)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(10_000):
        predictor(astronaut, rect)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 5 * 1024  # kilobytes
