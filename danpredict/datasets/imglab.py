"""Reader of imglab XML, dlib's format for annotated pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from danpredict.datasets.face import LabelledFace, Labels, Rectangle
from danpredict.files.pictures import check_below, is_file
from danpredict.geometry.similarity import FloatArray

LARGEST = 2**28  # bytes; 300-W with all its landmarks is 30 MB
MOST_PARTS = 10_000
LARGEST_COORDINATE = 1e6  # pixels


class _Builder(ElementTree.TreeBuilder):
    """Refuses document types: entities are the way in for attacks, and imglab writes none."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError(f"expected no document type, got <!DOCTYPE {name}>")


def _number(element: ElementTree.Element, name: str) -> float:
    text = element.get(name)
    try:
        value = float(text or "")
    except ValueError:
        value = float("nan")
    if not abs(value) <= LARGEST_COORDINATE:
        raise ValueError(f"expected a number for {name} of <{element.tag}>, got {text!r}")
    return value


def box_sides(box: ElementTree.Element) -> Rectangle:
    """Left, top, right, bottom of a ``<box>``, inclusive."""
    left, top = _number(box, "left"), _number(box, "top")
    return left, top, left + _number(box, "width") - 1, top + _number(box, "height") - 1


def read_parts(box: ElementTree.Element, size: int) -> FloatArray:
    """A box's landmarks, (L, 2); NaN for those that it lacks."""
    landmarks = np.full((size, 2), np.nan)
    for part in box.iter("part"):
        name = part.get("name", "")
        if not name.isdecimal() or int(name) >= size:
            raise ValueError(f"expected part names from 0 to {size - 1}, got {name!r}")
        landmarks[int(name)] = _number(part, "x"), _number(part, "y")
    return landmarks


def _face(box: ElementTree.Element, picture: Path, size: int) -> LabelledFace | None:
    landmarks = read_parts(box, size)
    if np.isnan(landmarks).all():
        return None
    return LabelledFace(picture, landmarks, box_sides(box))


def parse(path: Path) -> ElementTree.Element:
    """The ``<dataset>`` of a file, checked for size and entities; see `read_imglab`."""
    if not path.is_file():
        raise FileNotFoundError(f"expected an imglab XML file, found no {path}")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"expected at most {LARGEST} bytes, got {path.stat().st_size} in {path}")
    try:
        parser = ElementTree.XMLParser(target=_Builder())
        # LookupError: an encoding that Python does not know.
        root: ElementTree.Element = ElementTree.parse(path, parser).getroot()
        if root.tag != "dataset":
            raise ValueError(f"expected <dataset>, got <{root.tag}>")
    except (ValueError, LookupError, ElementTree.ParseError) as error:
        raise ValueError(f"expected imglab XML, got {path}: {error}") from error
    return root


def count_parts(path: Path) -> int:
    """Number of landmarks of an imglab XML file: one more than the largest part's name.

    Raises
    ------
    FileNotFoundError, ValueError
        See `read_imglab`.
    """
    names = {part.get("name", "") for part in parse(path).iter("part")}
    wrong = sorted(name for name in names if not name.isdecimal() or int(name) >= MOST_PARTS)
    if wrong:
        raise ValueError(f"expected part names from 0 to {MOST_PARTS - 1}, got {wrong[0]!r}")
    if not names:
        raise ValueError(f"expected boxes with parts, found none in {path}")
    return max(int(name) for name in names) + 1


def read_imglab(path: Path, size: int) -> list[LabelledFace]:
    """Read the labelled boxes of an imglab XML file.

    Parameters
    ----------
    path : Path
        Pictures are named relative to its folder and have to lie in it or below.
    size : int
        Number of landmarks. A part's name is the landmark's index; those that a box lacks are NaN.
        Boxes without parts and those marked ``ignore`` are left out.

    Raises
    ------
    FileNotFoundError
        The file or one of its pictures is missing.
    ValueError
        Not imglab XML, or something in it that is unsafe or makes no sense.
    """
    root = parse(path)
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


def read_imglab_landmarks(path: Path, size: int) -> list[Labels]:
    return [
        Labels(image.get("file", ""), landmarks, box_sides(box))
        for image in parse(path).iter("image")
        for box in image.iter("box")
        if np.isfinite(landmarks := read_parts(box, size)).any()
    ]


def imglab_text(faces: Sequence[Labels]) -> str:
    root = ElementTree.Element("dataset")
    images = ElementTree.SubElement(root, "images")
    by_picture: dict[str, ElementTree.Element] = {}
    for face in faces:
        if face.picture not in by_picture:
            by_picture[face.picture] = ElementTree.SubElement(images, "image", file=face.picture)
        if np.isnan(face.landmarks).all():
            raise ValueError(f"expected a face with landmarks for imglab XML, got {face.picture!r}")
        low, high = np.nanmin(face.landmarks, 0), np.nanmax(face.landmarks, 0)
        left, top, right, bottom = face.rectangle or (*np.floor(low), *np.ceil(high))
        sides = {"top": top, "left": left, "width": right - left + 1, "height": bottom - top + 1}
        box = ElementTree.SubElement(
            by_picture[face.picture], "box", {k: str(round(v)) for k, v in sides.items()}
        )
        for i, (x, y) in enumerate(face.landmarks):
            if np.isfinite(x):  # dlib reads whole pixels
                place = {"name": f"{i:02}", "x": str(round(x)), "y": str(round(y))}
                ElementTree.SubElement(box, "part", place)
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return text.decode("utf-8")
