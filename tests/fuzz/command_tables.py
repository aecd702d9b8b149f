"""What a random command line is made of: each command's options, and values for them.

The first value of an option works; the others are odd, and some of them work too. `train` and
`export` get no faces of 68 points, so that nothing is trained or quantised.
"""

from __future__ import annotations

from .shared import SMALLEST

MISSING = ["missing", "empty", "garbage", "", "a\nb", "é", "-", "x" * 300, "/dev/null", "a/b/c"]
MODELS = [SMALLEST, "slim68", "lean86", "broken.dan", "pictures", *MISSING]
DATA = ["pictures", "table.csv", "labels.xml", "labels.json", "a.pts", "pictures=2", *MISSING]
FACES = ["faces", *DATA]  # of 68 points
BOXES = ["boxes.json", "labels.json", "pictures", *MISSING]
NUMBERS = ["0", "1", "-1", "2", "x", "", "1e3", "nan", "0.5", "9" * 30]
COUNTS = ["32", *NUMBERS]
DETECTORS = ["dlib", "dlib-hog", "sfd", "", "x"]
CONVENTIONS = ["arcface5", "dlib5", "ibug68", "wflw98", "cofw29", "", "x", "../boxes", "boxes"]
NAMES = ["out", "out.json", "out.csv", "out.dan", "out.mp4", "out.pts", "out.xml"]
OUT = {name: [name, *NAMES, *DATA, *MISSING] for name in NAMES}

# Options with their values; those without a dash are positions.
COMMANDS: dict[str, dict[str, list[str]]] = {
    "train": {
        "data": DATA, "--out": OUT["out"], "--config": ["config.toml", "lean", "x", *MISSING],
        "--extra": DATA, "--boxes": BOXES, "--validation": NUMBERS, "--initial-weights": MODELS,
        "--faces": COUNTS, "--seed": NUMBERS, "--threads": ["1", "0", "x"],
    },
    "evaluate": {"model": MODELS, "data": FACES, "--boxes": BOXES, "--out": OUT["out.json"]},
    "pseudo-label": {"model": MODELS, "data": FACES, "--out": OUT["out.csv"]},
    "export": {"model": MODELS, "--int8": DATA, "--out": OUT["out.dan"]},
    "convert": {
        "file": ["labels.json", *DATA, *BOXES], "--from": CONVENTIONS, "--to": CONVENTIONS,
        "--out": OUT["out.json"],
    },
    "calibrate": {"detector": DETECTORS, "data": FACES, "--weights": MISSING, "--every": COUNTS},
    "align": {
        "folder": ["pictures", *MISSING], "--out": OUT["out"], "--processes": ["1"],
        "--template": ["dlib", "arcface", "x"], "--size": COUNTS, "--model": MODELS,
        "--detector": DETECTORS, "--weights": MISSING, "--upsample": NUMBERS,
    },
    "predict": {
        "path": ["pictures", "pictures/*", "a.png", "[", *MISSING], "--csv": OUT["out.csv"],
        "--json": OUT["out.json"], "--draw": OUT["out"], "--jobs": ["1"], "--model": MODELS,
        "--convention": CONVENTIONS, "--detector": DETECTORS, "--weights": MISSING,
        "--upsample": NUMBERS,
    },
    "track": {
        "video": ["video.mp4", "broken.mp4", "pictures", *MISSING], "--out": OUT["out.mp4"],
        "--json": OUT["out.json"], "--smoothing": NUMBERS, "--model": MODELS,
        "--detector": DETECTORS, "--weights": MISSING, "--upsample": NUMBERS,
    },
    "info": {"model": MODELS},
}  # fmt: skip
NEEDED = {"--out", "--config", "--from", "--to", "--int8", "--processes", "--jobs"}
FLAGS = ["--gaps", "--debug", "--help", "--version", "--x", "-h"]
CONFIG = """convention = "ibug68"
region = 1.3
[network]
widths = [16, 16, 16, 16]
[schedule]
faces = 8
"""
