"""Read annotated faces with their pictures: 300-W folders (``.pts``), CSV tables, imglab XML."""

from __future__ import annotations

from pathlib import Path

from danpredict.datasets.boxes_json import read_boxes
from danpredict.datasets.csv_table import read_csv
from danpredict.datasets.face import LabelledFace
from danpredict.datasets.pts import read_pts
from danpredict.files.pictures import PICTURES


def read_folder(folder: Path, boxes: Path | None = None) -> list[LabelledFace]:
    """Read all pictures that have a ``.pts`` file of the same name, in a folder and below.

    Parameters
    ----------
    folder : Path
    boxes : Path, optional
        JSON file with a detector's boxes: an object whose keys are picture paths, relative to the
        JSON file, and whose values are ``[left, top, right, bottom]`` or null.

    Returns
    -------
    list of LabelledFace
        Sorted by path.

    Raises
    ------
    FileNotFoundError
        No such folder or JSON file, or no annotated picture in the folder.
    ValueError
        A damaged ``.pts`` or JSON file.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"expected a folder of pictures with .pts files, got {folder}")
    box_of = {} if boxes is None else read_boxes(boxes)
    faces = []
    for path in sorted(folder.rglob("*")):
        labels = path.with_suffix(".pts")
        if path.suffix.lower() in PICTURES and labels.is_file():
            faces.append(LabelledFace(path, read_pts(labels), box_of.get(path.resolve())))
    if not faces:
        raise FileNotFoundError(f"expected pictures with .pts files, found none in {folder}")
    return faces


def read_dataset(path: Path, size: int, boxes: Path | None = None) -> list[LabelledFace]:
    """Read a 300-W folder, a ``.csv`` table or an imglab ``.xml`` file.

    Parameters
    ----------
    path : Path
        Its suffix says which of these it is.
    size : int
        Number of landmarks. Each ``.pts`` file must have exactly this number.
    boxes : Path, optional
        Detector boxes for a folder; see `read_folder`. Not used for files.

    Raises
    ------
    FileNotFoundError, ValueError
        See `read_folder`, `danpredict.datasets.csv_table.read_csv` and
        `danpredict.datasets.imglab.read_imglab`.
    """
    if path.suffix.lower() == ".csv":
        return read_csv(path, size)
    if path.suffix.lower() == ".xml":
        from danpredict.datasets.imglab import read_imglab

        return read_imglab(path, size)
    faces = read_folder(path, boxes)
    for face in faces:
        if len(face.landmarks) != size:
            raise ValueError(
                f"expected {size} landmarks, got {len(face.landmarks)} for {face.path}"
            )
    return faces
