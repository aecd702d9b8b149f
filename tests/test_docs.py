"""README and documentation: the Python runs, the commands run, names and links exist."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import danpredict
from danpredict.cli.main import COMMANDS, build_parser, main
from danpredict.datasets.dataset import read_folder
from danpredict.datasets.face import FaceLandmarks
from danpredict.datasets.landmark_file import write_landmarks

from .conftest import ROOT, Image
from .faces import write_dataset

FACES = 2
SMALL = (  # beside --config, so that the command for training is over in seconds
    'convention = "ibug68"\nregion = 1.5\n[network]\nwidths = [16, 16, 16, 16]\n'
    "blocks = [0, 1, 1, 1]\nhidden = 32\n[schedule]\nfaces = 48\nbatch = 8\n"
)
README = ROOT / "README.md"
README_LIMIT = 9000  # characters
DOCS = sorted((ROOT / "docs").rglob("*.md"))
CARDS = [ROOT / "weights" / "README.md", ROOT / "weights" / "teachers" / "README.md"]
PAGES = [README, *DOCS, *CARDS, ROOT / "adapters" / "README.md"]
PAGES += [ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
# Packages that the extra `test` does not install: a block that needs one is left out without it.
HEAVY = {"face_recognition": "face_recognition", "imutils": "imutils"}
NOTEBOOKS = ROOT / "examples" / "notebooks"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def text(path: Path) -> str:
    return path.read_text("utf-8")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def commands(page: Path) -> list[list[str]]:
    """The words of every command in a page's first block of commands, without remarks."""
    block = re.findall(r"^```sh\n(.*?)^```", text(page), re.MULTILINE | re.DOTALL)[0]
    lines = block.replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as MkDocs and GitHub make them."""
    headings = re.findall(r"^#+ (.*)$", text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


@pytest.fixture(scope="module")
def files(
    tmp_path_factory: pytest.TempPathFactory,
    predictor: danpredict.DANShapePredictor,
    astronaut: Image,
    rect: Any,
) -> Path:
    """A folder with all the files that the pages name, made from the astronaut."""
    folder = tmp_path_factory.mktemp("docs")
    cv2.imwrite(str(folder / "photo.jpg"), np.ascontiguousarray(astronaut[..., ::-1]))
    landmarks = predictor(astronaut, rect).landmarks
    for part in ("outdoor", "afw", "helen/trainset", "lfpw/trainset"):
        write_dataset(folder / "300w" / part, astronaut, landmarks, FACES)
    (folder / "300w" / "hog_boxes.json").write_text("{}")
    write_dataset(folder / "photos", astronaut, landmarks, FACES)
    labels = [
        FaceLandmarks(str(face.path.relative_to(folder)), face.landmarks)
        for face in read_folder(folder / "photos")
    ]
    for table in ("faces.csv", "faces.xml", "training.xml", "testing.xml"):
        write_landmarks(folder / table, labels)
    video = cv2.VideoWriter(
        str(folder / "talk.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25, (512, 512)
    )
    for _ in range(5):
        video.write(np.ascontiguousarray(astronaut[..., ::-1]))
    video.release()
    (folder / "small.toml").write_text(SMALL)
    data = Path(os.environ.get("DANPREDICT_DATA", ROOT.parent / "shared" / "data"))
    weights = data / "detectors" / "yunet_n_dynamic.onnx"
    if weights.is_file():
        shutil.copy(weights, folder / "yunet.onnx")
    return folder


def missing(block: str, folder: Path) -> str | None:
    """What a block needs that is not there: a heavy package, or a file that we cannot ship."""
    for word, package in HEAVY.items():
        if re.search(rf'import {word}|from {word}|"{word}"', block) and find_spec(package) is None:
            return f"the package {package}"
    for file in re.findall(r'weights="(\S+)"', block):
        if not (folder / file).is_file():
            return f"the file {file}"
    return None


def pages_with_python() -> list[Any]:
    """Each a case; the one that trains is slow, and test_shape_training.py does the same."""
    return [
        pytest.param(
            page,
            id=name(page),
            marks=[pytest.mark.slow] if "train_shape_predictor(" in text(page) else [],
        )
        for page in PAGES
        if BLOCK.search(text(page))
    ]


@pytest.mark.filterwarnings("ignore:pkg_resources is deprecated", "ignore::SyntaxWarning")
@pytest.mark.parametrize("page", pages_with_python())
def test_python_runs(page: Path, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page, in one namespace; a training run is made shorter, and nothing else."""
    monkeypatch.chdir(files)
    if page.stem == "face-recognition":  # the page replaces its predictors
        api = pytest.importorskip("face_recognition.api", reason="face_recognition is missing")
        for model in ("pose_predictor_68_point", "pose_predictor_5_point"):
            monkeypatch.setattr(api, model, getattr(api, model))
    names: dict[str, Any] = {"__name__": "page"}
    left_out = []
    content = text(page)
    for match in BLOCK.finditer(content):
        if needed := missing(match[1], files):
            left_out.append(needed)
            continue
        before = content.count("\n", 0, match.start(1))  # so that tracebacks show the page's line
        block = "\n" * before + match[1].replace("100_000", "64")
        exec(compile(block, name(page), "exec"), names)
    if left_out:
        pytest.skip(f"the other blocks ran; missing: {', '.join(left_out)}")


@pytest.mark.parametrize(
    "words", commands(ROOT / "docs" / "command-line.md"), ids=lambda words: words[1]
)
def test_command_lines_run(
    words: Sequence[str],
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(files)
    (files / "runs").mkdir(exist_ok=True)
    program, command, *arguments = words
    assert program == "danpredict"
    if command == "train":
        arguments += ["--config", "small.toml"]
    assert main([command, *arguments]) == 0, capsys.readouterr().err
    if "--out" in arguments:
        assert Path(arguments[arguments.index("--out") + 1]).exists()


def test_every_command_line_is_understood() -> None:
    """On all pages; also after ``python -m``, as for torchrun."""
    checked = 0
    for page in PAGES:
        for block in re.findall(r"^```sh\n(.*?)^```", text(page), re.MULTILINE | re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if "danpredict" not in (words[:1] + words[4:5]):
                    continue
                build_parser().parse_args(words[words.index("danpredict") + 1 :])
                checked += 1
    assert checked > 15


def test_every_command_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    for command, module in COMMANDS.items():
        with pytest.raises(SystemExit) as stop:
            build_parser().parse_args([command, "--help"])
        assert stop.value.code == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert "usage: danpredict" in shown
        assert shown.endswith(f"example: {module.EXAMPLE}")
        program, *words = shlex.split(module.EXAMPLE)
        assert [program, words[0]] == ["danpredict", command]
        build_parser().parse_args(words)
        for page in (README, ROOT / "docs" / "command-line.md"):
            assert f"`danpredict {command}`" in text(page), f"{command} in {name(page)}"


def test_every_extra_is_documented() -> None:
    extras = tomllib.loads(text(ROOT / "pyproject.toml"))["project"]["optional-dependencies"]
    page = text(ROOT / "docs" / "index.md")
    for extra in extras:
        assert re.search(rf"^\| .*`{extra}`.* \|", page, re.MULTILINE), extra


def test_every_public_name_is_in_the_reference() -> None:
    page = text(ROOT / "docs" / "api.md")
    listed = set(re.findall(r"^::: danpredict\.(?:\w+\.)*(\w+)$", page, re.MULTILINE))
    listed |= set(re.findall(r"`danpredict\.(\w+)`", page))
    assert set(danpredict.__all__) <= listed


def test_the_readme_is_short() -> None:
    assert len(text(README)) <= README_LIMIT


def test_the_test_command_is_the_one_that_is_run() -> None:
    (command,) = re.findall(r"^python -m pip install -e .*pytest$", text(README), re.MULTILINE)
    assert command in text(ROOT / ".ci" / "run").splitlines()
    assert "mkdocs build --strict" in text(ROOT / ".ci" / "run")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_resolve(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text(page)):
        assert not target.startswith("/"), target
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        file = (page.parent / path).resolve() if path else page
        if not file.exists() and file.suffix in (".png", ".jpg", ".ipynb"):
            # docs/hooks.py adds the notebooks, and pictures that they store.
            file = NOTEBOOKS / re.sub(r"_\d+\.(png|jpg)$", ".ipynb", path)
        assert file.exists(), target
        # An anchor of an included card is the site's to check.
        if anchor and file.name != "models.md":
            assert anchor in anchors(file), target


def test_the_site_gets_the_pictures_that_the_pages_name() -> None:
    pytest.importorskip("mkdocs", reason="needs the extra docs")
    spec = spec_from_file_location("hooks", ROOT / "docs" / "hooks.py")
    assert spec is not None
    assert spec.loader is not None
    hooks = module_from_spec(spec)
    spec.loader.exec_module(hooks)
    kept = "[a](../weights/README.md) ![b](../docs/b.png) ![c](c.jpg)"
    assert hooks.on_page_markdown(f"![d](../examples/d.jpg) {kept}") == f"![d](d.jpg) {kept}"
    stored = {name for path in NOTEBOOKS.glob("*.ipynb") for name, _ in hooks.stored_pictures(path)}
    named = {n for page in DOCS for n in re.findall(r"\((\w+_\d+\.(?:png|jpg))\)", text(page))}
    assert named
    assert named <= stored


def test_what_the_pages_name_is_there() -> None:
    tests = "".join(map(text, (ROOT / "tests").rglob("test_*.py")))
    everything = "".join(map(text, PAGES))
    examples = set(re.findall(r"python examples/(\w+)\.py", everything))
    assert len(examples) > 5
    for example in examples:
        assert re.search(rf'"{example}(\.py)?"', tests), f"no test runs examples/{example}.py"
    files = re.findall(r"`((?:danpredict|examples|adapters|weights|docs)/[\w./-]+)`", everything)
    assert len(files) > 10
    for file in files:
        assert (ROOT / file).exists(), file


def test_the_site_is_complete_and_needs_no_network(tmp_path: Path) -> None:
    if find_spec("mkdocs") is None:
        pytest.skip("the package mkdocs is not installed: the extra docs")
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        check=True,
    )
    pages = {path.relative_to(tmp_path / "site"): text(path)
             for path in (tmp_path / "site").rglob("*.html")}  # fmt: skip
    assert {Path(name(page).removeprefix("docs/")).with_suffix(".html") for page in DOCS} <= set(
        pages
    )
    outside = re.compile(
        r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']?(?:https?:)?//|"
        r"<link\b(?![^>]*rel=[\"']?canonical)[^>]*\bhref=[\"']?(?:https?:)?//|"
        r"@import|url\([\"']?(?:https?:)?//"
    )
    for page, html in pages.items():
        assert not (found := outside.search(html)), f"{page}: {found and found[0]}"
    for style in (tmp_path / "site").rglob("*.css"):
        assert not re.search(r"url\([\"']?(?:https?:)?//|@import", text(style)), style
    reference = pages[Path("api.html")]
    for public in danpredict.__all__:
        assert public in reference
