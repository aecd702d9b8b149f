#!/usr/bin/env bash
# Retrain lean68, slim68 and nano68: bash danpredict/training/recipes/lean68.sh DATA RUNS
#
# DATA holds 300w/ and unlabelled/ as the model card describes them. RUNS receives the runs and the
# tables of pseudo-labels. The same command resumes. It needs the extra "teachers" and some days on
# two cores. weights/README.md says how the released models differ: they have older rounds.
set -euo pipefail
data=$1 runs=$2
licence="research only, non-commercial: trained on 300-W (iBUG) and on other pictures whose terms exclude commercial use"
labelled=("$data/300w/afw" "$data/300w/helen/trainset" "$data/300w/lfpw/trainset")
faces=("${labelled[@]}" --boxes "$data/300w/hog_boxes.json")
sets=(web_faces aflw_small lfw utk unsplash fgnet helen29)
mkdir -p "$runs"

# A model of the hand-made labels, from random weights.
danpredict train "${faces[@]}" --config lean --out "$runs/round0"

# A teacher of another kind. It starts from the landmarks of a model, so it is trained second.
python -m danpredict.training.teachers.train "${faces[@]}" --out "$runs/integral"
teacher="$runs/integral/teacher.pt"

# Two rounds: the teachers label, the student learns, and the student becomes a teacher.
teachers=("$runs/round0/model.dan" --teacher "$teacher")
for round in 1 2; do
    extra=()
    for set in "${sets[@]}"; do
        # A table must lie in or above the folder of its pictures.
        folder="$runs/labels$round/$set"
        [ -d "$folder" ] || { mkdir -p "$runs/labels$round" && cp -r "$data/unlabelled/$set" "$folder"; }
        [ -f "$folder/labels.csv" ] ||
            danpredict pseudo-label "${teachers[0]}" "$folder/points5.csv" "${teachers[@]:1}" \
                --openness "$teacher" --out "$folder/labels.csv"
        extra+=(--extra "$folder/labels.csv=0.12")
    done
    danpredict train "${faces[@]}" "${extra[@]}" --config lean --faces 300000 \
        --initial-weights "$runs/round$((round - 1))/model.dan" --licence "$licence" --out "$runs/round$round"
    teachers+=(--teacher "$runs/round$round/model.dan")
done

# The smaller model. Its first stage starts from the other one's.
danpredict train "${faces[@]}" "${extra[@]}" --config slim --faces 1000000 \
    --initial-weights "$runs/round2/model.dan" --licence "$licence" --out "$runs/slim68"

# The smallest model, with a first stage of its own. Its second stage starts from slim68.
danpredict train "${faces[@]}" "${extra[@]}" --config nano --faces 560000 \
    --initial-weights "$runs/slim68/model.dan" --licence "$licence" --out "$runs/nano68"

# The same networks in int8.
for run in round2 slim68 nano68; do
    danpredict export "$runs/$run/model.dan" --int8 "${labelled[@]}" --out "$runs/$run-int8.dan"
done
