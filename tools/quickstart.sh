#!/usr/bin/env bash
# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
# From a bare clone to a trained, tested and pictured ViTPose:
#   bash tools/quickstart.sh [--fresh]
# Run again, it goes on where it stopped; --fresh trains anew.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

TRAIN_IMAGES=2600
VAL_IMAGES=200
CONFIG=configs/quickstart/td-hm_ViTPose-tiny_1xb16-7e_synth-128x96.py
WORK=work_dirs/quickstart

# A stage is done when stages.json, which the summary shows, has its seconds.
stage_is_done() { grep -q "\"$1\":" "$WORK/stages.json" 2>/dev/null; }

record_stage() {
    stage_is_done "$1" || python - "$WORK/stages.json" "$@" <<'PY'
import json, os, sys
path, name, seconds = sys.argv[1:]
stages = json.load(open(path)) if os.path.exists(path) else {}
stages[name] = int(seconds)
with open(path + '.part', 'w') as file:
    json.dump(stages, file, indent=2)
os.replace(path + '.part', path)
PY
}

# stage NAME TITLE COMMAND...
stage() {
    local name=$1 began=$SECONDS
    say "$2"
    shift 2
    "$@"
    record_stage "$name" $((SECONDS - began))
}

# Runs a command with its output in log $1; shows its epochs and results.
logged() {
    local log=$1 status cause
    shift
    set +e
    "$@" 2>&1 | tee "$log" | sed -un 's/.* - INFO - \(Epoch(\)/  \1/p'
    status=${PIPESTATUS[0]}
    set -e
    [ "$status" = 0 ] && return
    # The cause stands before the error of mim itself.
    cause=$(grep -E '^[A-Za-z_.]+(Error|Exception|Interrupt)\b' "$log" |
        grep -v CalledProcessError | tail -n 1) || cause='it was killed'
    die "$1 $2 failed: $cause. Log: $ROOT/$log"
}

draw_data() {
    # --overwrite: of other numbers of images than the above.
    vitpose-mm synth data/synth/train --images "$TRAIN_IMAGES" --seed 1 \
        --overwrite
    vitpose-mm synth data/synth/val --images "$VAL_IMAGES" --seed 2 --overwrite
}

train() {
    logged "$WORK/train.log" \
        mim train mmpose "$CONFIG" --work-dir "$WORK" --resume
}

best_checkpoint() { ls -t "$WORK"/best_*.pth | head -n 1; }

evaluate() {
    logged "$WORK/test.log" mim test mmpose "$CONFIG" \
        -C "$(best_checkpoint)" --work-dir "$WORK"
}

case ${1:-} in
--fresh) fresh=yes ;;
'') fresh= ;;
*) die "unknown argument $1; usage: bash tools/quickstart.sh [--fresh]" ;;
esac
cd "$ROOT"
unset VITPOSE_DATA # the quickstart draws and reads data/synth here
mkdir -p work_dirs
prepare_environment
prepared=$SECONDS
lock work_dirs
[ -z "$fresh" ] || rm -rf "$WORK"
mkdir -p "$WORK"
record_stage environment "$prepared"
stage data 'Drawing people (1 minute)' draw_data
if stage_is_done train; then
    say 'Training is done already; --fresh trains anew.'
else
    stage train 'Training with mim train mmpose (7 minutes on 2 cores)' train
fi
if ! stage_is_done test; then
    stage test 'Testing the best checkpoint with mim test mmpose' evaluate
fi
vitpose-mm report "$WORK"
