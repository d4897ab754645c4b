#!/bin/sh
# Train from packed parts: the same command begins a run and goes on with it (docs/training.md).
#
# MINUTES       length of the whole run (12)
# CALL_MINUTES  stop and save after so long, to go on later (never)
# PARTS, RUN    folders of the parts and of the results (runs/parts, runs/sam-gpu)
# RECIPE, DEVICE, PYTHON  the recipe, the device (cuda), the interpreter (python3)
set -eu
cd "$(dirname "$0")/.."
: "${PARTS:=runs/parts}" "${RUN:=runs/sam-gpu}" "${MINUTES:=12}"
: "${RECIPE:=resources/recipes/sam-gpu.toml}" "${DEVICE:=cuda}" "${PYTHON:=python3}"

mkdir -p "$RUN"
for name in start teacher; do
    if [ ! -e "$RUN/$name.safetensors" ]; then
        "$PYTHON" -m tinysam2.checkpoints.sharding join "$PARTS" "$RUN/$name.safetensors" --name "$name"
    fi
done
set -- "$PYTHON" -m tinysam2.training "$RECIPE" --parts "$PARTS" --out "$RUN" \
    --start "$RUN/start.safetensors" --teacher-checkpoint "$RUN/teacher.safetensors" \
    --minutes "$MINUTES" --device "$DEVICE"
if [ -n "${CALL_MINUTES:-}" ]; then
    set -- timeout --preserve-status --signal=INT "${CALL_MINUTES}m" "$@"
fi
exec "$@"
