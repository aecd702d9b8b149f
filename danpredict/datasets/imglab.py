"""imglab XML, dlib's format for annotated pictures.

A ``<box>`` is a face, and each ``<part>`` of it is a landmark in image pixels from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from danpredict.datasets.face import BoxTuple, FaceLandmarks, LabelledFace
from danpredict.files.pictures import check_below, is_file
from danpredict.geometry.similarity import FloatArray

MAX_BYTES = 2**28  # 300-W with all its landmarks is 30 MB
MAX_PARTS = 10_000
MAX_COORDINATE = 1e6  # pixels


class _Builder(ElementTree.TreeBuilder):
    """Refuses document types: they can define harmful entities, and imglab writes none."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError(f"expected no document type, got <!DOCTYPE {name}>")


def _number(element: ElementTree.Element, name: str) -> float:
    text = element.get(name)
    try:
        value = float(text or "")
    except ValueError:
        value = float("nan")
    if not abs(value) <= MAX_COORDINATE:
        raise ValueError(f"expected a number for {name} of <{element.tag}>, got {text!r}")
    return value


def _box(box: ElementTree.Element) -> BoxTuple:
    """The box of a ``<box>`` element."""
    left, top = _number(box, "left"), _number(box, "top")
    return left, top, left + _number(box, "width") - 1, top + _number(box, "height") - 1


def _landmarks(box: ElementTree.Element, size: int) -> FloatArray:
    """The (size, 2) landmarks of a ``<box>`` element; NaN for missing parts."""
    landmarks = np.full((size, 2), np.nan)
    for part in box.iter("part"):
        name = part.get("name", "")
        if not name.isdecimal() or int(name) >= size:
            raise ValueError(f"expected part names from 0 to {size - 1}, got {name!r}")
        landmarks[int(name)] = _number(part, "x"), _number(part, "y")
    return landmarks


def _face(box: ElementTree.Element, picture: Path, size: int) -> LabelledFace | None:
    landmarks = _landmarks(box, size)
    if np.isnan(landmarks).all():
        return None
    return LabelledFace(picture, landmarks, _box(box))


def _parse(path: Path) -> ElementTree.Element:
    """The ``<dataset>`` element of a file; raises as `read_imglab`."""
    if not path.is_file():
        raise FileNotFoundError(f"expected an imglab XML file, found no {path}")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"expected at most {MAX_BYTES} bytes, got {path.stat().st_size} in {path}")
    try:
        # Raises LookupError for an unknown encoding.
        parser = ElementTree.XMLParser(target=_Builder())
        root: ElementTree.Element = ElementTree.parse(path, parser).getroot()
        if root.tag != "dataset":
            raise ValueError(f"expected <dataset>, got <{root.tag}>")
    except (ValueError, LookupError, ElementTree.ParseError) as error:
        raise ValueError(f"expected imglab XML, got {path}: {error}") from error
    return root


def count_parts(path: Path) -> int:
    """Number of landmarks of an imglab XML file: the largest name of a part, plus one.

    Raises
    ------
    FileNotFoundError
        No such file.
    ValueError
        Not imglab XML, no parts, or a part's name that is not a number below 10,000.
    """
    names = {part.get("name", "") for part in _parse(path).iter("part")}
    wrong = sorted(name for name in names if not name.isdecimal() or int(name) >= MAX_PARTS)
    if wrong:
        raise ValueError(f"expected part names from 0 to {MAX_PARTS - 1}, got {wrong[0]!r}")
    if not names:
        raise ValueError(f"expected boxes with parts, found none in {path}")
    return max(int(name) for name in names) + 1


def read_imglab(path: Path, size: int) -> list[LabelledFace]:
    """Read the labelled boxes of an imglab XML file, with their pictures.

    Boxes without parts and boxes marked ``ignore`` are left out.

    Parameters
    ----------
    path : Path
        The file names pictures relative to its folder. They must be in this folder or below.
    size : int
        Number of landmarks. The name of a part is the landmark's index. Landmarks without a part
        are NaN.

    Raises
    ------
    FileNotFoundError
        The file or one of its pictures is missing.
    ValueError
        Not imglab XML, larger than 256 MB, with a document type, with a picture outside the file's
        folder, with a wrong number or part name, or without a box with parts.
    """
    root = _parse(path)
    folder = path.parent.resolve()
    faces: list[LabelledFace] = []
    try:
        for image in root.iter("image"):
            picture = check_below(folder, folder / image.get("file", "")).resolve()
            if not is_file(picture):
                raise FileNotFoundError(f"expected a picture, found no {picture}")
            boxes = (box for box in image.iter("box") if box.get("ignore") in (None, "0"))
            faces += [face for box in boxes if (face := _face(box, picture, size)) is not None]
    except ValueError as error:
        raise ValueError(f"expected imglab XML, got {path}: {error}") from error
    if not faces:
        raise ValueError(f"expected boxes with parts, found none in {path}")
    return faces


def read_faces(path: Path, size: int) -> list[FaceLandmarks]:
    """Read all boxes with parts, without looking for their pictures; raises as `read_imglab`."""
    return [
        FaceLandmarks(image.get("file", ""), landmarks, _box(box))
        for image in _parse(path).iter("image")
        for box in image.iter("box")
        if np.isfinite(landmarks := _landmarks(box, size)).any()
    ]


def faces_text(faces: Sequence[FaceLandmarks]) -> str:
    """The contents of an imglab XML file.

    Landmarks are rounded, since dlib reads whole pixels. Faces without a box get the tight box of
    their landmarks. Landmarks that are NaN get no part.

    Raises
    ------
    ValueError
        A face without landmarks.
    """
    root = ElementTree.Element("dataset")
    images = ElementTree.SubElement(root, "images")
    by_picture: dict[str, ElementTree.Element] = {}
    for face in faces:
        if face.picture not in by_picture:
            by_picture[face.picture] = ElementTree.SubElement(images, "image", file=face.picture)
        if np.isnan(face.landmarks).all():
            raise ValueError(f"expected a face with landmarks for imglab XML, got {face.picture!r}")
        low, high = np.nanmin(face.landmarks, 0), np.nanmax(face.landmarks, 0)
        left, top, right, bottom = face.box or (*np.floor(low), *np.ceil(high))
        values = {"top": top, "left": left, "width": right - left + 1, "height": bottom - top + 1}
        attributes = {name: str(round(value)) for name, value in values.items()}
        box = ElementTree.SubElement(by_picture[face.picture], "box", attributes)
        for i, (x, y) in enumerate(face.landmarks):
            if np.isfinite(x):
                part = {"name": f"{i:02}", "x": str(round(x)), "y": str(round(y))}
                ElementTree.SubElement(box, "part", part)
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return text.decode("utf-8")
