#!/usr/bin/env bash
# Retrain the default model, lean68: bash danpredict/training/recipes/lean68.sh DATA RUNS
#
# DATA holds 300w/, youtube_faces/ and all_age_faces/ as the model card describes them. RUNS receives
# the runs and the tables of pseudo-labels. The same command resumes. weights/README.md says how the
# released model differs: it has more rounds, each one like the second round below.
set -euo pipefail
data=$1 runs=$2
licence="research only, non-commercial: trained on 300-W (iBUG), YouTube Faces and All-Age-Faces, whose terms exclude commercial use"
faces=("$data/300w/afw" "$data/300w/helen/trainset" "$data/300w/lfpw/trainset" --boxes "$data/300w/hog_boxes.json")
mkdir -p "$runs"

# First round: hand-made labels only, random initial weights.
danpredict train "${faces[@]}" --config lean --out "$runs/first"

# Pseudo-labels of the first round. A table must lie in or above the folder of its pictures.
for set in youtube_faces/landmarks68 all_age_faces/landmarks49; do
    name=$(dirname "$set")
    [ -d "$runs/$name" ] || cp -r "$data/$name" "$runs/$name"
    [ -f "$runs/$name/labels.csv" ] ||
        danpredict pseudo-label "$runs/first/model.dan" "$runs/$set.csv" --out "$runs/$name/labels.csv"
done

# Second round: these labels too, from the weights of the first round.
danpredict train "${faces[@]}" --config lean --initial-weights "$runs/first/model.dan" \
    --extra "$runs/youtube_faces/labels.csv=0.15" --extra "$runs/all_age_faces/labels.csv=0.15" \
    --licence "$licence" --out "$runs/second"

# The same network in int8.
danpredict export "$runs/second/model.dan" --int8 "${faces[@]:0:3}" --out "$runs/lean68-int8.dan"
