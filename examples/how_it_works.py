"""Draw how the shipped model finds landmarks, with the input images of its two stages.

    python examples/how_it_works.py --out docs/how_it_works.png

The picture is scikit-image's astronaut, rotated, with an upright box. So the similarity transform
between the stages has a visible effect: it rotates the face upright for the second stage.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

import danpredict
from danpredict.boxes.calibration import as_expected
from danpredict.error_boundary import needed_by, run_program
from danpredict.evaluation.plots import save_figure
from danpredict.files.outputs import check_outputs
from danpredict.geometry.similarity import initial_transform
from danpredict.model.file import Model, read_model
from danpredict.model.zoo import find_model

with needed_by("how_it_works.py", "pip install 'danpredict[torch]'"):
    import torch
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyArrowPatch

    from danpredict.geometry.torch_sampling import warp
    from danpredict.model.heatmap import landmark_heatmap
    from danpredict.model.network import StageResult
    from danpredict.model.onnx_to_torch import network_of
    from danpredict.model.stage import Stage


if TYPE_CHECKING:
    from matplotlib.axes import Axes

Image = NDArray[np.uint8]
Points = NDArray[np.floating]
FACE = (179, 83, 266, 170)  # box of dlib's HOG detector: left, top, right, bottom
ROLL = 25  # degrees
BLUE, ORANGE = "#0072B2", "#E69F00"
CROP = 100  # pixels shown on each side of the face's centre


def rolled(degrees: float) -> Image:
    """The astronaut, rotated about the centre of her face."""
    image = data.astronaut()  # type: ignore[no-untyped-call]
    middle = ((FACE[0] + FACE[2]) / 2, (FACE[1] + FACE[3]) / 2)
    matrix = cv2.getRotationMatrix2D(middle, degrees, 1)
    return np.asarray(cv2.warpAffine(image, matrix, image.shape[:2]), np.uint8)


@torch.inference_mode()
def look_inside(model: Model, image: Image) -> dict[str, Any]:
    """Inputs and outputs of both stages, by name; points in image or canonical pixels."""
    network = network_of(model)
    size, last = network.config.input_size, cast(Stage, network.stages[1])
    start = initial_transform(
        model.box.landmark_box(*as_expected(danpredict.face_box(FACE))), model.mean_shape
    )
    gray = torch.from_numpy(image.mean(-1).round()[None, None].astype(np.float32))
    transform = torch.from_numpy(start.params[None, :2].astype(np.float32))
    one, two = network(gray, transform)
    feature = torch.relu(last.feature_layer(one.output.hidden)).reshape(last.side, last.side)

    def canonical(result: StageResult, points: Points) -> Points:
        matrix = result.transform[0].numpy()
        return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])

    def face(result: StageResult) -> NDArray[np.floating]:
        return np.asarray(warp(gray, result.transform, size)[0, 0])

    seen = canonical(two, one.landmarks[0].numpy())
    return {
        "start": start.inverse(model.mean_shape),
        "faces": (face(one), face(two)),
        "begin": (model.mean_shape, seen),
        "end": tuple(canonical(r, r.landmarks[0].numpy()) for r in (one, two)),
        "heatmap": landmark_heatmap(torch.from_numpy(seen[None]).float(), size, 2)[0, 0].numpy(),
        "feature": np.kron(feature.numpy(), np.ones((last.enlarge, last.enlarge))),
        "landmarks": tuple(r.landmarks[0].numpy() for r in (one, two)),
    }


def tile(axes: Axes, picture: Any, title: str, points: Points | None, colour: str) -> None:
    """Draw an image with points."""
    axes.imshow(picture, cmap="gray")
    if points is not None:
        axes.plot(*points.T, ".", color=colour, markersize=4.5, markeredgecolor="k", mew=0.3)
    axes.set_title(title, fontsize=11)
    axes.set(xticks=[], yticks=[])


def photo(axes: Axes, image: Image, title: str, points: Points, colour: str) -> None:
    """Draw the face in the photo, with points."""
    tile(axes, image, title, points, colour)
    middle = np.array([FACE[0] + FACE[2], FACE[1] + FACE[3]]) / 2
    axes.set(xlim=(middle[0] - CROP, middle[0] + CROP), ylim=(middle[1] + CROP, middle[1] - CROP))


def arrow(figure: Figure, start: Axes, end: Axes, words: str) -> None:
    """Draw an arrow from one tile to the next."""
    a, b = start.get_position(), end.get_position()
    y = (b.y0 + b.y1) / 2
    figure.add_artist(FancyArrowPatch((a.x1 + 0.005, y), (b.x0 - 0.005, y), arrowstyle="-|>",
                                      mutation_scale=16, color="0.3"))  # fmt: skip
    figure.text((a.x1 + b.x0) / 2, y + 0.02, words, ha="center", fontsize=9, color="0.3")


def draw(image: Image, inside: dict[str, Any], out: Path) -> None:
    """Draw the two stages, one per row, from left to right."""
    figure = Figure(figsize=(13, 5.6))
    grid = figure.subplots(2, 5)
    figure.subplots_adjust(0.01, 0.02, 0.99, 0.95, wspace=0.32, hspace=0.12)
    before = (inside["start"], inside["landmarks"][0])
    titles = ("box and mean shape", "landmarks of stage 1")
    for row in range(2):
        photo(grid[row, 0], image, titles[row], before[row], ORANGE)
        tile(grid[row, 1], inside["faces"][row], f"input of stage {row + 1}",
             inside["begin"][row], ORANGE)  # fmt: skip
        tile(grid[row, 3], inside["faces"][row], f"offsets of stage {row + 1}",
             inside["end"][row], BLUE)  # fmt: skip
        begin, end = inside["begin"][row], inside["end"][row]
        grid[row, 3].quiver(*begin.T, *(end - begin).T, color=ORANGE, angles="xy",
                            scale_units="xy", scale=1, width=0.006)  # fmt: skip
        photo(grid[row, 4], image, f"landmarks of stage {row + 1}", inside["landmarks"][row], BLUE)
        arrow(figure, grid[row, 0], grid[row, 1], "similarity")
        arrow(figure, grid[row, 3], grid[row, 4], "back")
    grid[0, 0].add_patch(_rectangle())
    grid[0, 2].axis("off")
    arrow(figure, grid[0, 1], grid[0, 3], "convolutions, then 256 numbers")
    both = np.hstack([inside["heatmap"], np.ones((inside["heatmap"].shape[0], 4))])
    feature = np.clip(inside["feature"] / np.percentile(inside["feature"], 99), 0, 1)
    tile(grid[1, 2], np.hstack([both, feature]), "heatmap and feature image", None, BLUE)
    arrow(figure, grid[1, 1], grid[1, 2], "+")
    arrow(figure, grid[1, 2], grid[1, 3], "network")
    save_figure(figure, out, dpi=100)


def _rectangle() -> Any:
    from matplotlib.patches import Rectangle

    side = FACE[2] - FACE[0]
    return Rectangle(FACE[:2], side, side, fill=False, edgecolor="white", linewidth=1.5)


def main(arguments: list[str] | None = None) -> int:
    """Write the diagram."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n")[0])
    parser.add_argument("--out", type=Path, default=Path("how_it_works.png"))
    parser.add_argument("--model", default="lean68", help="model name or file; float32, two stages")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    given = parser.parse_args(arguments)

    def run() -> None:
        check_outputs([given.out], [find_model(given.model)])
        image = rolled(ROLL)
        draw(image, look_inside(read_model(find_model(given.model)), image), given.out)
        print(f"wrote {given.out}")

    return run_program("how_it_works.py", run, debug=given.debug)


if __name__ == "__main__":
    raise SystemExit(main())
