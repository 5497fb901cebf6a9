#!/usr/bin/env bash
# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
# All tables on a machine with a GPU and many cores, the more valuable first,
# for as long as there is time:
#   bash projects/mini_paper/all_tables.sh OUT SECONDS JOBS [DEVICE] [FORM] [DATA]
# Models with many heads start many small kernels, which a GPU runs one process
# after the other: tables kinds and whole_body have half of the jobs, on the
# CPU, the others DEVICE (cuda). After SECONDS nothing goes on; OUT holds what
# was done by then.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
out=$1 seconds=$2 jobs=$3 device=${4:-cuda} form=${5:-small}
data=${6:-data}
export OMP_NUM_THREADS=1
began=$SECONDS
mkdir -p "$out"

# drive JOBS DEVICE TABLE... : what is done when the time is over stays.
drive() {
    local own=$1 where=$2 table tables=()
    shift 2
    for table in "$@"; do
        tables+=(--table "$table")
    done
    timeout --kill-after=5 $((seconds - SECONDS + began)) \
        python projects/mini_paper/run.py "${tables[@]}" --form "$form" \
        --seeds 3 --jobs "$own" --device "$where" --data "$data" \
        --out "$out" ||
        echo "$where: not all was done"
}

others=(distillation mae decoder frozen attention resolution)
# Draws the data, which both need; starts nothing.
python projects/mini_paper/run.py --table whole_body --form "$form" \
    --jobs "$jobs" --minutes 0 --device cpu --data "$data"
drive $(((jobs + 1) / 2)) cpu kinds whole_body &
drive $((jobs / 2)) "$device" "${others[@]}"
wait
ls "$out"
