"""What a user installs: light imports, the command line, the wheel's contents."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import danpredict
from danpredict.cli.main import main
from danpredict.model.zoo import VIDEO_MODEL, default_model

from .conftest import ROOT
from .environments import copied_source


def test_import_is_light() -> None:
    code = (
        "import sys, danpredict; danpredict.DANShapePredictor();"
        "heavy = ('torch', 'dlib', 'matplotlib', 'onnx', 'scipy', 'skimage');"
        "print([name for name in heavy if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_dlib_is_imported_in_one_file() -> None:
    files = (ROOT / "danpredict").rglob("*.py")
    pattern = re.compile(r"^\s*(import|from) dlib\b", re.MULTILINE)
    importing = {path.name for path in files if pattern.search(_without_typing(path))}
    assert importing == {"library.py"}


def _without_typing(path: Path) -> str:
    """The source without what only a type checker reads."""
    return re.sub(r"if TYPE_CHECKING:\n(    .*\n|\n)+", "", path.read_text("utf-8"))


def test_detectors_without_dlib_name_both_packages() -> None:
    code = (
        "import sys; sys.modules['dlib'] = None\n"
        "from danpredict.dlib_compat.detectors import frontal_face_detector\n"
        "try: frontal_face_detector()\n"
        "except ImportError as error: print(error)\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert "danpredict[dlib-bin]" in result.stdout
    assert "danpredict[dlib]" in result.stdout


def test_the_contract_names_tests_that_are_there() -> None:
    table = (ROOT / "docs" / "contract.md").read_text("utf-8")
    tests = {path.name: path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    rows = [line for line in table.splitlines() if line.startswith("| ") and "`test_" in line]
    assert len(rows) > 20
    for row in rows:
        file = ""
        for name, test in re.findall(r"`(test_\w+\.py)?(?:::(test_\w+))?`", row.split("|")[-2]):
            file = name or file
            assert file in tests, row
            assert not test or f"def {test}(" in tests[file], row


def test_info_names_data_and_licence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    output = capsys.readouterr().out
    assert f"{default_model()}: 68 landmarks (ibug68)" in output
    video = default_model(VIDEO_MODEL)
    assert f"default model: {default_model()}; for video {video}, because this" in output
    assert "licence" in output
    assert "17447 for training, 201 for validation" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["info", "nowhere.dan"], "Unable to open nowhere.dan"),
        (["train", "nowhere", "--out", "OUT"], "got nowhere"),
        (["train", "nowhere.csv", "--out", "OUT"], "found no nowhere.csv"),
        (["train", "OUT", "--out", "OUT", "--config", "fat"], "'fat'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path) if word == "OUT" else word for word in arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_bad_arguments_exit_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out.strip() == f"danpredict {danpredict.__version__}"
    for arguments in (["train"], ["train", "x", "--out", "y", "--validation", "1.5"], ["nothing"]):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_the_wheel_holds_danpredict_alone(tmp_path: Path) -> None:
    source = copied_source(tmp_path)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    subprocess.run([*pip, *options, source], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    version = danpredict.__version__
    assert {name.split("/")[0] for name in names} == {
        "danpredict",
        f"danpredict-{version}.dist-info",
    }
    for needed in (
        "danpredict/py.typed",
        "danpredict/adapters/conventions/ibug68.json",
        "danpredict/adapters/shapes/ibug68.json",
        "danpredict/adapters/detector_calibrations.json",
        "danpredict/adapters/chip_templates.json",
        "danpredict/adapters/mediapipe478_to_ibug68_clean.json",
        "danpredict/training/recipes/clean68.sh",
        "danpredict/training/recipes/lean68.sh",
        "danpredict/training/configs/clean.toml",
        "danpredict/training/configs/lean.toml",
        "danpredict/training/configs/slim.toml",
        *(f"danpredict/weights/{name}.dan" for name in danpredict.models()),
        "danpredict/weights/README.md",
        "danpredict/weights/provenance/clean68.json",
    ):
        assert needed in names
