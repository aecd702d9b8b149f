"""Write the list of sources of ``clean68``.

``python -m danpredict.training.clean_labels.provenance CLEAN MEDIAPIPE --out clean68.json``

CLEAN is the folder of the five sets. MEDIAPIPE is the folder of the package ``mediapipe`` in its
environment.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

from danpredict.model.sources import ALLOWED, Provenance, Source

# Published definitions of the landmarks: name, origin, number of files, `hash_files` of them when
# they were read, and for which landmarks. The labels can be made without these files.
DEFINITIONS: tuple[tuple[str, str, int, str, str], ...] = (
    (
        "eos",
        "share/ibug_to_sfm.txt of github.com/patrikhuber/eos, commit ce984207a51c",
        1,
        "5cae4483c1ac935eb03db2230516a2719483d0153938eef462329f39f8d82a69",
        "brows and nose",
    ),
    (
        "ICT-FaceKit",
        "FaceXModel/generic_neutral_mesh.obj and vertex_indices.json of "
        "github.com/ICT-VGL/ICT-FaceKit, commit da5f95a607f5",
        2,
        "7bc45c7ecb3b8929e53758acf3ea41ab52442c8f0473f046e80231c74f4f9791",
        "the start of the jaw, and the nose",
    ),
    (
        "PIPNet",
        "lib/preprocess.py of github.com/jhb86253817/PIPNet, commit b9eab5881643",
        1,
        "fde25e97d8f0c3cef63868894caf2412c1a0630c944776f0cad4b3502c5bd3a3",
        "brows",
    ),
    (
        "GNM",
        "gnm/shape/data/landmarks/head_sparse_68.txt of github.com/google/GNM, read in the copy "
        "github.com/ruofeidu/GNM, commit c7e9b046119f; where its jaw lies on MediaPipe's mesh: "
        "issue 4 of github.com/PeizhiYan/Mediapipe_2_Dlib_Landmarks",
        1,
        "6577828175fae8802ff8e48879c48f0ab3bbccc58110febbd9c8c7c5a9f8d487",
        "the start of the jaw",
    ),
)

LABELLED = (
    "pictures to train on, labelled by the mesh and the adapter; also with the head turned further "
    "by a rotation of the mesh"
)
# Name: origin, files (patterns below CLEAN), what it gave.
SETS: dict[str, tuple[str, str, str]] = {
    "sfhq_t2i": (
        "Synthetic Faces High Quality, text to image, by David Beniaguev; made with Flux, SDXL and "
        "DALL-E; the author states that the pictures are free of licensing issues",
        "sfhq_t2i/images/*",
        LABELLED,
    ),
    "sfhq": (
        "Synthetic Faces High Quality, by David Beniaguev; made with StyleGAN2",
        "sfhq/images/*",
        LABELLED,
    ),
    "congress": ("official portraits of the US Congress", "congress/images/*", LABELLED),
    "london": (
        "DeBruine and Jones, Face Research Lab London Set, doi 10.6084/m9.figshare.5047666.v5, and "
        "Young Adult White Faces, doi 10.6084/m9.figshare.4220517.v1",
        "london/images/*",
        LABELLED,
    ),
    "cc0": ("portraits of several photographers under CC0", "cc0/images/*", LABELLED),
    "london outlines": (
        "the hand-made outlines of the same two sets",
        "london/template189.csv",
        "the places of the 68 landmarks: the adapter was learned from them, and 142 faces are "
        "labelled by them",
    ),
    "YuNet": (
        "OpenCV's face detector, opencv_zoo",
        "*/points5.csv",
        "five points per face: where the mesh is searched, and a check of the mesh",
    ),
}
MEDIAPIPE = "MediaPipe face mesh 0.10.14"
MEDIAPIPE_FILES = (
    "modules/face_landmark/face_landmark_with_attention.tflite",
    "modules/face_detection/face_detection_short_range.tflite",
)
NOT_USED = {
    "300-W (iBUG)": "research only; not for labels, validation, or choices of the labels",
    "YouTube Faces": "research only",
    "All-Age-Faces": "its terms do not clearly allow commercial use",
    "web_faces, aflw_small, lfw, utk, unsplash, fgnet, helen29": "research only, or unclear terms",
    "lean68, slim68 and their teachers": "trained on 300-W: neither labels, filters, initial "
    "weights, nor the columns 'confidence' and 'disagreement' of points5.csv, which are theirs",
    "landmarks68.csv of the five sets": "made by lean68",
}
LIMITS = (
    "The pictures had been cut to the surroundings of their faces before; lean68 may have found "
    "the faces for that.",
    "The network, the losses and the augmentation (lean.toml and slim.toml, from which the configs "
    "of clean68 were made) were developed with runs on 300-W.",
    "Since the fourth round there are turned heads and a larger network. This was decided when the "
    "figures of the round before on 300-W were known: they showed that turned heads fail most "
    "often. No value was chosen by 300-W.",
    "Since the fifth round jaw, brows and nose have other places. They were examined because their "
    "errors on 300-W after the fourth round were known, and larger than those of other models. The "
    "new places follow published definitions. Where these differ, one was chosen, or the mean was "
    "taken; the outer ends of the brows were seen on pictures (clean_labels/outline189.py). No "
    "value was fitted to 300-W.",
    "The places of the landmarks also follow the figure of the 68 landmarks that iBUG publishes "
    "with 300-W. No file of 300-W was used.",
    "The people who published the definitions of the landmarks had seen 300-W, and so had those "
    "who chose among the definitions.",
    "The model's own calibration of dlib's boxes was measured on the labelled clean pictures. The "
    "package's calibrations of other detectors were measured on 300-W.",
    "Other parts of the package are not part of the weights: the shape for the head pose was "
    "measured on landmarks of lean68, and the limits for a second pass and for the detector "
    "'builtin' were chosen with lean68 and slim68 on 300-W. 'builtin' runs slim68, unless "
    "DANPREDICT_MODEL names another model.",
    "The licences of the synthetic sets are those that their author states. The terms of the "
    "generators were not examined.",
    "MediaPipe and YuNet are published under these licences; their training data are not public.",
)


def hash_files(files: Sequence[Path], folder: Path) -> str:
    """SHA-256 over the relative names and the SHA-256 sums of files, sorted by name."""
    rows = sorted(
        f"{path.relative_to(folder).as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}\n"
        for path in files
    )
    return hashlib.sha256("".join(rows).encode()).hexdigest()


def _source(name: str, origin: str, files: Sequence[Path], folder: Path, gave: str) -> Source:
    if not files:
        raise FileNotFoundError(f"expected the files of {name} in {folder}, found none")
    return Source(name, ALLOWED[name], origin, len(files), hash_files(files, folder), gave)


def clean_provenance(clean: Path, mediapipe: Path) -> Provenance:
    """The sources of ``clean68``.

    Raises
    ------
    FileNotFoundError
        The files of a source are missing.
    """
    sources = [
        _source(name, origin, [p for p in clean.glob(pattern) if p.is_file()], clean, gave)
        for name, (origin, pattern, gave) in SETS.items()
    ]
    networks = [mediapipe / name for name in MEDIAPIPE_FILES]
    gave = "meshes of 478 points, from which the adapter computes the landmarks"
    sources.append(_source(MEDIAPIPE, "Google, PyPI package mediapipe", networks, mediapipe, gave))
    sources += [
        Source(name, ALLOWED[name], origin, files, sha256, f"where landmarks lie: {gave}")
        for name, origin, files, sha256, gave in DEFINITIONS
    ]
    return Provenance(tuple(sources), NOT_USED, LIMITS)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clean", type=Path, help="folder of the five sets")
    parser.add_argument("mediapipe", type=Path, help="folder of the package mediapipe")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    options = parser.parse_args()
    clean_provenance(options.clean, options.mediapipe).write(options.out)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
