#!/usr/bin/env bash
# Label the clean sets and train clean68: bash danpredict/training/recipes/clean68.sh CLEAN RUNS PYTHON
#
# CLEAN holds the five sets that docs/clean68.md describes. RUNS receives labels and runs. PYTHON is
# the interpreter of an environment with MediaPipe; docs/clean68.md says how to make it. The same
# command resumes. Run it in a checkout: it needs weights/teachers/clean68-1.toml. Nothing but the
# files of weights/provenance/clean68.json enters. FACES_1, FACES_2 and FACES_3 change the
# number of training faces of the three rounds, for a trial.
set -euo pipefail
clean=$1 runs=$2 mediapipe=$3
steps=danpredict.training.clean_labels
adapter="$runs/adapter.json"
sets=(london sfhq_t2i cc0 congress sfhq)
outlines="$clean/london/template189.csv"
teachers="$(dirname "$0")/../../../weights/teachers"
licence="commercial use allowed by all sources; see weights/provenance/clean68.json"

# A table must lie in or above the folder of its pictures, so the pictures are copied.
for set in "${sets[@]}"; do
    mkdir -p "$runs/$set"
    [ -d "$runs/$set/images" ] || cp -r "$clean/$set/images" "$runs/$set/images"
    [ -f "$runs/$set/mesh.npz" ] ||
        "$mediapipe" -m $steps.mediapipe_mesh "$clean/$set/points5.csv" --out "$runs/$set/mesh.npz"
done

# The adapter, with its errors on faces that it was not learned from.
[ -f "$adapter" ] || python -m $steps.make_adapter "$runs/london/mesh.npz" "$outlines" --out "$adapter"

for set in "${sets[@]}"; do
    extra=()
    [ "$set" = london ] && extra=(--outlines "$outlines")
    [ -f "$runs/$set/labels.csv" ] ||
        python -m $steps.label "$runs/$set/mesh.npz" "${extra[@]}" --adapter "$adapter" --out "$runs/$set/labels.csv"
done

# Two pictures of each face with the head turned further, and their labels.
for set in "${sets[@]}"; do
    folder="$runs/turned/$set"
    [ -f "$folder/mesh.npz" ] || {
        rm -rf "$folder"
        python -m $steps.turned_heads "$runs/$set/mesh.npz" "$runs/$set" --adapter "$adapter" --out "$folder"
    }
    [ -f "$folder/turned.csv" ] ||
        python -m $steps.label "$folder/mesh.npz" --adapter "$adapter" --out "$folder/turned.csv"
done

# Where these faces lie in the boxes of dlib's detector. The shipped calibration is of 300-W.
boxes="$runs/boxes.json"
[ -f "$boxes" ] || {
    danpredict calibrate dlib-hog "$runs"/*/labels.csv --every 3 > "$boxes.part"
    mv "$boxes.part" "$boxes"
}

# Three rounds: from random weights, with a stronger augmentation, and with turned heads and a larger
# network. The frontal portraits are many and alike, so they are drawn less often.
faces=("$runs/sfhq_t2i/labels.csv" "$runs/london/labels.csv" "$runs/cc0/labels.csv"
    "$runs/congress/labels.csv=0.4" "$runs/sfhq/labels.csv=0.4")
turned=("$runs/turned/sfhq_t2i/turned.csv=0.25" "$runs/turned/london/turned.csv=0.25"
    "$runs/turned/cc0/turned.csv=0.25" "$runs/turned/congress/turned.csv=0.15"
    "$runs/turned/sfhq/turned.csv=0.15")
danpredict train "${faces[@]}" --config "$teachers/clean68-1.toml" --faces "${FACES_1:-330000}" \
    --licence "$licence" --out "$runs/clean68-1"
danpredict train "${faces[@]}" --config "$teachers/clean68-2.toml" --faces "${FACES_2:-550000}" \
    --initial-weights "$runs/clean68-1/model.dan" --box-calibration "$boxes" \
    --licence "$licence" --out "$runs/clean68-2"
danpredict train "${faces[@]}" "${turned[@]}" --config clean --faces "${FACES_3:-1320000}" \
    --initial-weights "$runs/clean68-2/model.dan" --box-calibration "$boxes" \
    --licence "$licence" --out "$runs/clean68"

# The check of all runs: allowed sources only, back to random weights.
python - "$runs/clean68/model.dan" "$runs/clean68-2/model.dan" "$runs/clean68-1/model.dan" << 'EOF'
import sys
from pathlib import Path

from danpredict.model.file import read_info
from danpredict.model.rounds import check_training

model, *earlier = map(Path, sys.argv[1:])
check_training(read_info(model)["training"], earlier)
print("all sources of all rounds are allowed")
EOF
