"""All kinds of input, and how many of 2,000 each gets: more where one takes less time."""

from __future__ import annotations

from . import (
    boxes,
    command_lines,
    images,
    landmark_files,
    model_files,
    pickles,
    round_trips,
    settings_files,
    videos,
)
from .harness import Area

AREAS = {
    area.name: area
    for area in (
        Area("boxes", 500, boxes.case),
        Area("images", 400, images.case),
        Area("landmark-files", 368, landmark_files.text_case),
        Area("imglab", 150, landmark_files.xml_case),
        Area("round-trips", 150, round_trips.case),
        Area("align-log", 30, settings_files.align_log_case),
        Area("run-log", 20, settings_files.run_log_case),
        Area("configs", 30, settings_files.config_case),
        Area("pickles", 160, pickles.case),
        Area("model-files", 60, model_files.file_case),
        Area("graphs", 40, model_files.graph_case),
        Area("videos", 50, videos.case),
        Area("video-output", 20, videos.output_case),
        Area("command-lines", 20, command_lines.case),
        Area("programs", 2, command_lines.program_case, seconds=60),
    )
}
