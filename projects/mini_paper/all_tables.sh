#!/usr/bin/env bash
# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
# The tables in the order of their worth, for as long as there is time:
#   bash projects/mini_paper/all_tables.sh OUT SECONDS JOBS DEVICE
# After SECONDS nothing goes on. OUT has the JSON of what was done by then.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
out=$1 seconds=$2 jobs=$3 device=$4
tables=()
for table in kinds distillation mae decoder frozen attention resolution; do
    tables+=(--table "$table")
done
export OMP_NUM_THREADS=1
timeout --signal=INT --kill-after=5 "$seconds" \
    python projects/mini_paper/run.py "${tables[@]}" --seeds 3 \
    --jobs "$jobs" --device "$device" \
    --out "$out" || true
ls "$out"
