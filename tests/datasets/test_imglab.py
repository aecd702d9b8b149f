"""dlib's imglab XML: what is read, and what is refused."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from danpredict.datasets.dataset import read_dataset

IMGLAB = """<?xml version='1.0' encoding='ISO-8859-1'?>
<dataset><name>n</name><images><image file='a.png'>
<box top='10' left='20' width='30' height='40'><part name='00' x='21' y='11'/>
<part name='2' x='49.5' y='49'/></box>
<box top='1' left='2' width='3' height='4' ignore='1'><part name='00' x='2' y='2'/></box>
<box top='1' left='2' width='3' height='4'/></image></images></dataset>"""


def test_imglab_xml(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((9, 9), np.uint8))
    path = tmp_path / "faces.xml"
    path.write_text(IMGLAB)
    (face,) = read_dataset(path, 4)
    nothing = [np.nan, np.nan]
    np.testing.assert_array_equal(face.landmarks, [[21, 11], nothing, [49.5, 49], nothing])
    assert list(face.box or ()) == [20, 10, 49, 49]
    assert face.path == tmp_path / "a.png"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<dataset>", "<!DOCTYPE d [<!ENTITY a 'b'>]><dataset>", "document type"),
        ("'a.png'", "'../a.png'", "in the folder"),
        ("'a.png'", "'/etc/passwd'", "in the folder"),
        ("'a.png'", "'b.png'", r"b\.png"),
        ("x='21'", "x='nan'", "'nan'"),
        ("x='21'", "x='1e9'", "'1e9'"),
        ("x='21'", "", "None"),
        ("name='2'", "name='4'", "from 0 to 3"),
        ("name='2'", "name='nose'", "'nose'"),
        ("width='30'", "width='wide'", "'wide'"),
        ("</dataset>", "", "imglab XML"),
        ("dataset>", "data>", "<data>"),
        ("part", "port", "boxes with parts"),
    ],
)
def test_bad_imglab_xml_is_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((9, 9), np.uint8))
    path = tmp_path / "faces.xml"
    path.write_text(IMGLAB.replace(old, new))
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        read_dataset(path, 4)
