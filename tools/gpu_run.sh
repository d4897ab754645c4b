#!/bin/sh
# Train from packed parts: the same command starts a run and resumes it (docs/training.md).
#
# MINUTES       length of the whole run (12)
# CALL_MINUTES  stop and save after so long, to be resumed (never)
# PARTS, RUN    folders of the parts and of the results (runs/parts, runs/sam-gpu)
# START, TEACHER  weights files, where PARTS holds no shards of them
# RECIPE, DEVICE, PYTHON  the recipe, the device (cuda), the interpreter (python3)
set -eu
cd "$(dirname "$0")/.."
: "${PARTS:=runs/parts}" "${RUN:=runs/sam-gpu}" "${MINUTES:=12}"
: "${RECIPE:=resources/recipes/sam-gpu.toml}" "${DEVICE:=cuda}" "${PYTHON:=python3}"

join() { # NAME: the file of its shards, joined unless that has been done
    if [ ! -e "$RUN/$1.safetensors" ]; then
        "$PYTHON" -m tinysam2.checkpoints.sharding join "$PARTS" "$RUN/$1.safetensors" --name "$1"
    fi
    echo "$RUN/$1.safetensors"
}

mkdir -p "$RUN"
START=${START:-$(join start)}
TEACHER=${TEACHER:-$(join teacher)}
set -- "$PYTHON" -m tinysam2.training "$RECIPE" --parts "$PARTS" --out "$RUN" \
    --start "$START" --teacher-checkpoint "$TEACHER" --minutes "$MINUTES" --device "$DEVICE"
if [ -n "${CALL_MINUTES:-}" ]; then
    set -- timeout --preserve-status --signal=INT "${CALL_MINUTES}m" "$@"
fi
exec "$@"
