#!/usr/bin/env bash
# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
# Runs the tests in the environment of tools/env.sh:
#   bash tools/test.sh [--slow] [pytest arguments]
# --slow adds the tests that are marked slow.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

tier=(-m 'not slow')
if [ "${1:-}" = --slow ]; then
    tier=()
    shift
fi
prepare_environment
cd "$ROOT"
run_tests ${tier[@]+"${tier[@]}"} "$@"
