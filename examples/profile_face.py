"""Where the time of one call goes: sampling, the network of each stage, the rest.

    python examples/profile_face.py
    python examples/profile_face.py --model slim68

The face is scikit-image's astronaut. Times are medians over two seconds of calls on one thread.
"""

from __future__ import annotations

import argparse
import sys

from comparison.profile_face import profile, profile_rows
from comparison.tables import markdown
from skimage import data

import danpredict
from danpredict.error_boundary import run_program
from danpredict.model.zoo import DEFAULT_MODEL, find_model

SECONDS = 2.0
FACE = (179, 83, 266, 170)  # box of dlib's HOG detector: left, top, right, bottom


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n")[0])
    parser.add_argument("--model", default=DEFAULT_MODEL, help="model name or model file")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    given = parser.parse_args(arguments)

    def run() -> None:
        image = data.astronaut()  # type: ignore[no-untyped-call]
        file = find_model(given.model)
        parts = profile(file, image, danpredict.rectangle(*FACE), lambda: None, SECONDS)
        print(markdown(*profile_rows(parts)))

    return run_program("profile_face.py", run, debug=given.debug)


if __name__ == "__main__":
    sys.exit(main())
