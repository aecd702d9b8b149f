#!/usr/bin/env bash
# Label the clean sets and train clean68: bash danpredict/training/recipes/clean68.sh CLEAN RUNS PYTHON
#
# CLEAN holds the five sets that docs/clean68.md describes. RUNS receives labels and runs. PYTHON is
# the interpreter of an environment with MediaPipe; docs/clean68.md says how to make it. The same
# command resumes. Nothing but the files of weights/provenance/clean68.json enters.
set -euo pipefail
clean=$1 runs=$2 mediapipe=$3
steps=danpredict.training.clean_labels
adapter="$runs/adapter.json"
sets=(london sfhq_t2i cc0 congress sfhq)
outlines="$clean/london/template189.csv"

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

# From random weights. The frontal portraits are many and alike, so they are drawn less often.
danpredict train "$runs/sfhq_t2i/labels.csv" "$runs/london/labels.csv" "$runs/cc0/labels.csv" \
    "$runs/congress/labels.csv=0.4" "$runs/sfhq/labels.csv=0.4" --config slim \
    --licence "clean68: see weights/provenance/clean68.json" --out "$runs/clean68"
