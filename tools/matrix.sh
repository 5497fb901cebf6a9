#!/usr/bin/env bash
# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
# Makes an environment for each combination that is promised and runs the
# fast tests in it:
#   bash tools/matrix.sh [NAME...] [-- pytest arguments]
# work_dirs/matrix/ then holds an environment, a log and a line of the table
# in docs/install.md for each.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

export UV_COMPILE_BYTECODE=1 # half of the time of each start
NAMES=(oldest cuda 3.10 3.11 3.12 3.13 3.14)
MATRIX=$ROOT/work_dirs/matrix

# The Python of a combination, then what it has instead of the pins.
combination() {
    case $1 in
    oldest) echo 3.10 torch==2.1.2 torchvision==0.16.2 numpy==1.26.4 \
        transformers==4.49.0 ;;
    cuda) echo 3.12 torch==2.11.0 torchvision==0.26.0 ;; # a GPU server's
    *) echo "$1" ;;
    esac
}

# Of Python $1, one that is here.
find_version() {
    local python
    for python in "python$1" "$HOME/.pyenv/versions/$1".*/bin/python; do
        python_is_whole "$python" && echo "$python" && return
    done
    uv python find "$1" 2>/dev/null
}

# make PYTHON [PACKAGE...]: `set -e` does not reach here, see step.
make() {
    local requirements=$ROOT/requirements
    uv venv --clear --python "$1" "$VENV" || return
    shift
    if [ $# = 0 ]; then
        install_packages
    else
        uv pip install --python "$VENV" --no-build "$@" \
            --excludes "$requirements/excluded.txt" \
            -r "$requirements/packages.txt" || return
        install_ours
    fi
}

describe() {
    python - "$@" <<'PY'
import platform, sys
from importlib.metadata import version
packages = 'torch', 'torchvision', 'numpy', 'transformers'
print('|', sys.argv[1], '|', platform.python_version(), '|',
      ' | '.join(map(version, packages)), '|', sys.argv[2], '|')
PY
}

# run NAME [pytest arguments]: fails where the tests do.
run() {
    local name=$1 log=$MATRIX/$1.log status=0 version others python
    shift
    VENV=$MATRIX/$name
    read -r version others < <(combination "$name")
    say "$name: Python $version $others"
    python=$(find_version "$version") || {
        say "  left out: no Python $version is here"
        return 0
    }
    # shellcheck disable=SC2086 # words
    step make "$python" $others
    use_environment "$VENV"
    run_tests -q -m 'not slow' "$@" >"$log" 2>&1 || status=$?
    describe "$name" "$(tail -n 1 "$log")" | tee "$MATRIX/$name.md"
    return $status
}

names=()
while [ $# != 0 ] && [ "$1" != -- ]; do
    names+=("$1")
    shift
done
[ $# = 0 ] || shift
has_uv || die 'this needs uv: pip install uv'
cd "$ROOT"
mkdir -p "$MATRIX"
failed=
for name in "${names[@]:-${NAMES[@]}}"; do
    (run "$name" "$@") || failed+=" $name"
done
cat "$MATRIX"/*.md
[ -z "$failed" ] || die "tests failed, see $MATRIX:$failed"
