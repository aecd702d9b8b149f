"""The page of ``compare.py --report``, opened in a real browser, and who may take part in it."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest

from danpredict import DANShapePredictor
from danpredict.landmarks.points import landmarks_of

from ..conftest import ROOT, Image
from ..examples.test_compare import RECT, compare
from ..faces import write_dataset

ARGUMENTS = (
    "--headless=new --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-quic"
)
FUNCTION = """
import numpy as np
def circle(image, rect):
    angle = np.linspace(0, 6, 68)
    middle = np.array([rect.left() + rect.right(), rect.top() + rect.bottom()]) / 2
    return middle + rect.width() / 3 * np.stack([np.cos(angle), np.sin(angle)], 1)
def short(image, rect):
    return np.zeros((5, 2))
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, dlib_model: Path, astronaut: Image) -> Path:
    """A report of everything but the speed, with a function as third contestant."""
    folder = tmp_path_factory.mktemp("report")
    write_dataset(folder / "set", astronaut, DANShapePredictor()(astronaut, RECT).landmarks, 2)
    boxes = {f"set/face_00{i}.png": [179, 83, 266, 170] for i in range(2)}
    (folder / "boxes.json").write_text(json.dumps(boxes))
    (folder / "round_faces.py").write_text(FUNCTION)
    out = folder / "page.html"
    result = compare(
        "--dataset", folder / "set", "--boxes", folder / "boxes.json", "--robustness",
        "--contestant", "dlib", "danpredict", "circle=round_faces:circle", "--report", out,
        PYTHONPATH=os.pathsep.join([str(ROOT), str(folder)]),
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return out


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("needs the programs chromium and chromedriver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ARGUMENTS.split():
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield opened
    opened.quit()


@pytest.mark.parametrize(("width", "colours"), [(1280, "light"), (390, "dark")])
def test_the_page_in_a_browser(browser: Any, page: Path, width: int, colours: str) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = {"name": "prefers-color-scheme", "value": colours}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    browser.get(page.as_uri())
    assert browser.get_log("browser") == []  # no error, nothing that was not found
    images = "return [...document.images].map(i => [i.complete, i.naturalWidth, i.alt])"
    shown = browser.execute_script(images)
    assert len(shown) == 3 + 4 + 3 * 2 * 2 * 3 + 6  # sides, errors, worst and best, robustness
    assert all(complete and pixels > 100 and alt for complete, pixels, alt in shown)
    wide, inside = browser.execute_script(
        "return [document.documentElement.scrollWidth, window.innerWidth]"
    )
    assert wide <= inside  # nothing sticks out to the right
    paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (np.mean([int(v) for v in re.findall(r"\d+", paper)]) > 127) == (colours == "light")
    screen = cv2.imdecode(
        np.frombuffer(browser.get_screenshot_as_png(), np.uint8), cv2.IMREAD_COLOR
    )
    assert screen is not None
    assert screen.std() > 20


def test_the_page_needs_nothing_else_and_the_numbers_stand_in_json(page: Path) -> None:
    html = page.read_text("utf-8")
    links = re.findall(r'(?:src|href)="([^"]{0,20})', html)
    assert all(link.startswith(("data:", "#s")) for link in links)
    figures = json.loads(page.with_suffix(".json").read_text())
    rows = figures["accuracy"]["predictors"]
    assert list(rows) == ["dlib", "danpredict", "circle"]
    for row in rows.values():
        low, high = row["nme_interval"]
        nme = row["inter-ocular"]["nme"]
        assert low <= nme <= high
        assert f"{nme:.2f} ({low:.2f} to {high:.2f})" in html
    assert rows["circle"]["inter-ocular"]["failures"] == 100
    assert rows["danpredict"]["inter-ocular"]["failures"] == 0
    assert len(figures["accuracy"]["differences"]) == 3
    for curve in figures["robustness"].values():
        for point in curve:
            assert f"{point['dlib']['nme']:.2f} ({point['dlib']['failures']:.1f})" in html
    assert figures["versions"]["danpredict"]
    assert "--report" in figures["command"]


@pytest.fixture
def contestants(example: Callable[[str], ModuleType]) -> ModuleType:
    return example("comparison.contestants")


def test_contestants_are_files_models_and_functions(
    contestants: ModuleType, tmp_path: Path, dlib_model: Path, astronaut: Image,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "two_functions.py").write_text(FUNCTION)
    monkeypatch.syspath_prepend(tmp_path)
    specs = ["dlib", "danpredict", "lean68", f"again={dlib_model}", "two_functions:circle"]
    found = contestants.load_all(specs, dlib_model)
    assert [c.name for c in found] == ["dlib", "danpredict", "lean68", "again",
                                       "two_functions:circle"]  # fmt: skip
    assert len({c.colour for c in found}) == 5
    assert found[0].colour == "#E69F00"
    parts = [landmarks_of(c.predictor(astronaut, RECT)) for c in found]
    assert all(points.shape == (68, 2) for points in parts)
    np.testing.assert_array_equal(parts[0], parts[3])
    assert np.abs(parts[1] - parts[2]).max() < 2  # eight bits and float32
    assert [c.file is None for c in found] == [False] * 4 + [True]


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        (["nobody"], "nobody"),
        (["two_functions:short"], "expected 68 finite landmarks"),
        (["two_functions:nothing"], "nothing"),
        (["no_module:f"], "no_module"),
        (["lean68", "lean68"], "different names"),
        (["lean68"] * 8, "at most 7"),
    ],
)
def test_bad_contestants_say_so(
    contestants: ModuleType, tmp_path: Path, astronaut: Image, specs: list[str], message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "two_functions.py").write_text(FUNCTION)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match=message):
        contestants.load_all(specs, None)[0].predictor(astronaut, RECT)
