"""Shell completion by argcomplete's protocol: environment variables hold line and cursor."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

import danpredict
from danpredict.alignment.templates import templates
from danpredict.cli.main import COMMANDS
from danpredict.detectors.load import detectors

CASES: dict[str, set[str]] = {
    "danpredict ": {*COMMANDS, "-h", "--help", "--version", "--debug"},
    "danpredict al": {"align"},
    "danpredict rel": {""},  # an old name works, but is not offered
    "danpredict evaluate --o": {"--out"},
    "danpredict train photos --deb": {""},
    "danpredict track v.mp4 --detector ": set(detectors()),
    "danpredict calibrate yu": {"yunet"},
    "danpredict convert a.pts --from ibug6": {"ibug66", "ibug68"},
    "danpredict convert a.pts --from ibug68 --to ": set(danpredict.conventions()),
    "danpredict align photos --template arc": {"arcface", "arcface128"},
    "danpredict align photos --template=": set(templates()),
    "danpredict align photos --model sl": {"slim68", "slim68-int8", "slide.dan"},
    "danpredict info le": {"lean68", "lean68-int8"},
    "danpredict pseudo-label lean68 a.csv --teacher slim68-": {"slim68-int8"},
    "danpredict train photos --config le": {"lean"},
    "danpredict train photos --initial-weights lean68-": {"lean68-int8"},
    "danpredict align pho": {"photos/"},
}
# argcomplete ends the process, so each line gets a child; danpredict is imported only once.
SCRIPT = """
import os, sys
from danpredict.cli.main import main
for number, line in enumerate(sys.argv[1:]):
    child = os.fork()
    if child == 0:
        os.environ["_ARGCOMPLETE_STDOUT_FILENAME"] = f"{number}.txt"
        os.environ["COMP_LINE"], os.environ["COMP_POINT"] = line, str(len(line))
        main([])
    assert os.waitpid(child, 0)[1] == 0
"""
SHELL = {  # as bash sets them
    "_ARGCOMPLETE": "1",
    "_ARGCOMPLETE_COMP_WORDBREAKS": " \t\n\"'><=;|&(:",
    "_ARGCOMPLETE_IFS": "\n",
    "_ARGCOMPLETE_SHELL": "bash",
    "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
    "COMP_TYPE": "9",
}


@pytest.fixture(scope="module")
def offers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """What the tab key offers at the end of each line."""
    if find_spec("argcomplete") is None:
        pytest.skip("the package argcomplete is not installed: the extra completion")
    if not hasattr(os, "fork"):
        pytest.skip("no fork on this system")
    folder = tmp_path_factory.mktemp("completion")
    (folder / "photos").mkdir()
    (folder / "slide.dan").touch()
    words = [sys.executable, "-c", SCRIPT, *CASES]
    subprocess.run(words, cwd=folder, env={**os.environ, **SHELL}, check=True, timeout=300)
    files = [folder / f"{number}.txt" for number in range(len(CASES))]
    return {
        line: set(file.read_text().split("\n")) for line, file in zip(CASES, files, strict=True)
    }


@pytest.mark.parametrize("line", CASES)
def test_the_tab_key_offers(line: str, offers: dict[str, set[str]]) -> None:
    assert offers[line] == CASES[line]


def test_argcomplete_is_imported_only_by_the_tab_key() -> None:
    code = (
        "import sys; from danpredict.cli.main import main\n"
        "try: main(['--version'])\n"
        "except SystemExit: print('argcomplete' in sys.modules)\n"
    )
    words = [sys.executable, "-W", "error", "-c", code]
    result = subprocess.run(words, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == [f"danpredict {danpredict.__version__}", "False"]


def test_without_argcomplete_the_error_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['argcomplete'] = None\n"
        "from danpredict.cli.main import main\n"
        "try: main(['--version'])\n"
        "except ImportError as error: print(error)\n"
    )
    environment = {**os.environ, "_ARGCOMPLETE": "1"}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert "shell completion needs argcomplete: pip install 'danpredict[completion]'" in (
        result.stdout
    )
