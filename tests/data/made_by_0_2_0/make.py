"""Make the files of this folder with danpredict 0.2.0: ``python make.py CHECKOUT_OF_0_2_0``.

It needs the extras torch and dlib-bin, and takes three minutes. See the README.md beside it.
"""

import json
import operator
import os
import pickle
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent.resolve()
SAMPLES = runpy.run_path(str(FOLDER.parents[1] / "samples.py"))

DETECTION = [
    "it.landmarks", "it.sigma", "it.confidence", "it.stages", "it.present", "it.convention",
    "it.track_id", "it.rect", "it.num_parts", "it.parts()", "it.part(1)", "it.note",
]  # fmt: skip
OPTIONS = ("device", "threads", "max_sigma", "convention", "steady", "strict")
PREDICTOR = [
    *(f"it.__getstate__()['options'].{name}" for name in OPTIONS),
    "it.info", "it.layout.name", "it.layout.size", "it.can_follow", "it.mean_shape",
    "it(picture, rect).landmarks", "it(picture, rect).sigma", "it(picture, rect).confidence",
    "it(picture, rect).present", "it(picture, rect).convention", "it(picture, rect).rect",
    "len(it.predict(picture, [rect, rect]))",
]  # fmt: skip
MAPS = "{key: [m.points, m.approximate, m.source] for key, m in {**it.gives, **it.taken}.items()}"
QUESTIONS = {
    "detection.pkl": DETECTION,
    "detection_without_dlib.pkl": DETECTION,
    "stand_ins.pkl": [
        "it['rectangle']", "it['rectangle'].center()", "it['rectangle'].area()", "it['point']",
        "it['points']", "len(it['points'])", "it['points'][1]", "str(it['rectangle'])",
        "repr(it['point'])",
    ],
    "predictor.pkl": PREDICTOR,
    "predictor_int8.pkl": PREDICTOR,
    "predictor_strict.pkl": PREDICTOR,
    "tracker.pkl": [
        "it.smoothing", "it.every", "it.detector_calls", "len(it.tracks)",
        "it.predictor.layout.name", "it.detector(picture)", "it.update(picture)",
    ],
    "face_box.pkl": ["it.left", "it.top", "it.right", "it.bottom", "it.score", "it.source",
                     "it.sides", "it == danpredict.FaceBox(1.5, 2, 30, 40.25, 0.75, 'yunet')"],
    "box_calibration.pkl": ["it.left", "it.top", "it.right", "it.bottom"],
    "template.pkl": [
        "it.convention", "it.points", "it.indices", "it.size", "it.unit",
        "it == danpredict.Template('dlib5', ((1.5, 2), (3, 4)), (0, 2), 96, False)",
        "danpredict.face_chip(picture, detection, template=it).shape",
    ],
    "convention.pkl": ["it.name", "it.size", "it.mirror", "it.groups", "it.eyes", "it.source",
                       MAPS, "it == danpredict.convention('ibug68')"],
    "convention_with_maps.pkl": ["it.name", "it.size", "it.eyes", MAPS],
    "training_options.pkl": [
        "it.faces", "it.cascade_depth", "it.oversampling_translation_jitter", "it.random_seed",
        "it.num_threads", "it.be_verbose", "it.mirror", "it.eyes", "it.start", "it.licence",
    ],
    "names.pkl": ["sorted(it)", "{name: it[name].__name__ for name in it}",
                  "{n: it[n] is getattr(danpredict, n) for n in it if n not in "
                  "('point', 'points', 'rectangle')}"],  # which are dlib's where it is installed
}  # fmt: skip


def train(checkout: Path, folder: Path) -> tuple[Path, Path]:
    """A tiny model, of the astronaut turned twelve times, in float32 and in int8."""
    import danpredict

    faces = folder / "astronaut" / "faces"
    faces.mkdir(parents=True)
    colour = SAMPLES["samples"]()["colour"]
    predictor = danpredict.DANShapePredictor("lean68", threads=1)
    landmarks = predictor(colour.picture, colour.rectangle).landmarks
    rng = np.random.default_rng(0)
    for i in range(12):
        turn, size = rng.uniform(-15, 15), rng.uniform(0.8, 1.2)
        matrix = cv2.getRotationMatrix2D(landmarks.mean(0).tolist(), turn, size)
        picture = cv2.warpAffine(colour.picture, matrix, (512, 512))
        cv2.imwrite(str(faces / f"{i:02}.png"), picture[..., ::-1])
        moved = landmarks @ matrix[:, :2].T + matrix[:, 2] + 1  # iBUG counts from 1
        rows = "\n".join(f"{x:.4f} {y:.4f}" for x, y in moved)
        (faces / f"{i:02}.pts").write_text(f"version: 1\nn_points: 68\n{{\n{rows}\n}}\n", "utf-8")
    config, out, int8 = FOLDER / "tiny.toml", folder / "tiny", folder / "tiny-int8.dan"
    program = [sys.executable, "-m", "danpredict"]
    training = [*program, "train", str(faces), "--out", str(out), "--config", str(config)]
    licence = "made of NASA's picture of an astronaut, which is in the public domain"
    training += ["--validation", "0", "--threads", "1", "--licence", licence]
    subprocess.run(training, check=True, cwd=checkout)
    export = [*program, "export", str(out / "model.dan"), "--int8", str(faces)]
    subprocess.run([*export, "--out", str(int8)], check=True, cwd=checkout)
    return out / "model.dan", int8


def pickles(*, with_dlib: bool) -> dict[str, Any]:
    """What to pickle, by the file's name."""
    from danpredict.layouts import convention

    import danpredict

    landmarks = np.array([[10.25, 20.5], [30.75, 40.125], [50.5, 60.0]])
    detection = danpredict.Detection(
        danpredict.rectangle(5, 10, 60, 70), landmarks, np.array([0.5, 1, 2]), 0.875,
        np.stack([landmarks - 1, landmarks]), np.array([True, False, True]), "mine3",
    )  # fmt: skip
    detection.track_id, detection.note = 7, {"from": "a user"}
    if not with_dlib:
        return {
            "detection_without_dlib.pkl": detection,
            "stand_ins.pkl": {
                "rectangle": danpredict.rectangle(-1, 2, 30, 41),
                "point": danpredict.point(3, -4),
                "points": danpredict.points([danpredict.point(1, 2), danpredict.point(3, 4)]),
            },
            "names.pkl": {
                name: getattr(danpredict, name)
                for name in danpredict.__all__
                if callable(getattr(danpredict, name))
            },
        }
    fp32, int8 = FOLDER / "tiny.dan", FOLDER / "tiny-int8.dan"
    colour = SAMPLES["samples"]()["colour"]
    predictor = danpredict.DANShapePredictor(fp32, threads=1)
    nothing = operator.itemgetter(slice(0, 0))  # a detector that pickles and finds no face
    boxes = np.array([[0.0, 0, 99, 99], [10, 20, 209, 219]])
    marks = np.array([[[10.0, 20], [90, 95]], [[30, 60], [190, 200]]])
    return {
        "detection.pkl": detection,
        "predictor.pkl": danpredict.DANShapePredictor(
            fp32, threads=2, max_sigma=0.02, convention="wflw98"
        ),
        "predictor_int8.pkl": danpredict.DANShapePredictor(int8, "cpu", steady=True),
        "predictor_strict.pkl": danpredict.DANShapePredictor(fp32, strict=True),
        "tracker.pkl": danpredict.Tracker(predictor, nothing, smoothing=0.25, every=10),
        "face_box.pkl": danpredict.FaceBox(1.5, 2, 30, 40.25, 0.75, "yunet"),
        "box_calibration.pkl": danpredict.fit_box_calibration(boxes, marks),
        "template.pkl": danpredict.Template("dlib5", ((1.5, 2), (3, 4)), (0, 2), 96, False),
        "convention.pkl": danpredict.convention("ibug68"),
        "convention_with_maps.pkl": convention("wflw98"),
        "training_options.pkl": danpredict.shape_predictor_training_options(
            faces=64, random_seed="any", mirror=[1, 0, 2], eyes=(0, 1), start="lean68"
        ),
    }


def write_pickles(*, with_dlib: bool) -> None:
    """Pickle everything of one kind."""
    for name, value in pickles(with_dlib=with_dlib).items():
        (FOLDER / name).write_bytes(pickle.dumps(value))


def ask(script: str, *options: str, text: str | None = None) -> Any:
    """Run a script of this folder; what it prints, read as JSON."""
    command = [sys.executable, str(FOLDER / script), *options]
    result = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(result.stdout)


def write_answers() -> None:
    """What the old version reads in its pickles, with dlib and without: the same."""
    text = json.dumps(QUESTIONS)
    answers = ask("read.py", text=text)
    assert answers == ask("read.py", "--without-dlib", text=text)
    blocks = []
    for file, values in answers.items():
        rows = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in values.items()]
        blocks.append(f" {json.dumps(file)}: {{\n" + ",\n".join(rows) + "\n }")
    (FOLDER / "answers.json").write_text("{\n" + ",\n".join(blocks) + "\n}\n", "utf-8")


def write_names() -> None:
    """The public names, one class, function or command a line."""
    blocks = []
    for part, content in ask("names.py").items():
        rows = content.items() if isinstance(content, dict) else {}
        lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in rows]
        block = "{\n" + ",\n".join(lines) + "\n }" if lines else json.dumps(content)
        blocks.append(f" {json.dumps(part)}: {block}")
    (FOLDER / "public_names.json").write_text("{\n" + ",\n".join(blocks) + "\n}\n", "utf-8")


def main() -> None:
    """Write all files."""
    if sys.argv[1:] == ["--without-dlib"]:
        sys.modules["dlib"] = None  # type: ignore[assignment]  # importing it then fails
        write_pickles(with_dlib=False)
        return
    checkout = Path(sys.argv[1]).resolve()
    sys.path.insert(0, str(checkout))
    os.environ["PYTHONPATH"] = str(checkout)
    import danpredict

    assert Path(danpredict.__file__).is_relative_to(checkout)
    assert danpredict.__version__ == "0.2.0"
    with tempfile.TemporaryDirectory() as folder:
        fp32, int8 = train(checkout, Path(folder))
        (FOLDER / "tiny.dan").write_bytes(fp32.read_bytes())
        (FOLDER / "tiny-int8.dan").write_bytes(int8.read_bytes())
    write_pickles(with_dlib=True)
    subprocess.run([sys.executable, str(FOLDER / "make.py"), "--without-dlib"], check=True)
    write_answers()
    write_names()
    (FOLDER / "machine.json").write_text(json.dumps(SAMPLES["machine"]()) + "\n", "utf-8")


if __name__ == "__main__":
    main()
