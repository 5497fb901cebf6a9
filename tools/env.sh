# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
# The environment of tools/quickstart.sh and tools/test.sh. Source it from a
# script with `set -euo pipefail`, then call `prepare_environment`: `python`,
# `mim` and `vitpose-mm` are then those of the environment; `run_tests` tests
# in it.
#
#   .venv/               made here by uv from requirements/pinned.txt ...
#   VITPOSE_MM_ENV=PATH  ... or an existing environment (`active`: the active
#                        one), where only vitpose_mm itself is installed

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=$ROOT/.venv
NEEDED_GB=9 # 7.4 installed; uv links them to its cache

say() { printf '%s\n' "$*"; }

die() {
    printf '\nStopped: %s\n' "$*" >&2
    exit 1
}

# Waits until no other run holds the lock of folder $1; unlock releases it.
lock() {
    exec 9<"$1"
    flock -n 9 && return
    say "Another run is using $1; waiting for it to finish."
    flock 9
}

unlock() { exec 9<&-; }

NO_NETWORK='name resolution|Name or service not known|NewConnectionError'
NO_NETWORK+='|Network is unreachable|Connection refused|ConnectTimeout'
NO_NETWORK+='|Read timed out|Max retries exceeded|error sending request'

# Runs a command with its output in a log; shows the large downloads. Explains
# why the command failed, and stops.
step() {
    local log=$ROOT/work_dirs/environment.log status
    mkdir -p "$ROOT/work_dirs"
    set +e # `set -e` does not reach into a function that `||` follows
    (set -e && "$@") 2>&1 | tee "$log" |
        sed -Eun '/^Downloading .*\([0-9]{3,}\./s/^/      /p'
    status=${PIPESTATUS[0]}
    set -e
    [ "$status" != 0 ] || return 0
    if grep -qiE 'No space left on device|Errno 28' "$log"; then
        die "the disk is full. Free $NEEDED_GB GB and run this again." \
            "Log: $log"
    elif grep -qiE "$NO_NETWORK" "$log"; then
        die "no network: the package index cannot be reached. Check the" \
            "connection (or the index and proxy settings of pip and uv) and" \
            "run this again; finished downloads are kept. Log: $log"
    fi
    tail -n 15 "$log" >&2
    die "the step above failed; these were its last lines. Log: $log"
}

# --- the Python ------------------------------------------------------------

has_uv() { uv --version >/dev/null 2>&1; }

python_fits() {
    "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 15))' \
        2>/dev/null
}

# A self-compiled Python may lack what pandas and torchvision import; Debian
# splits off what brings pip, and pip uv.
python_is_whole() {
    "$1" -c 'import bz2, ctypes, lzma, ssl' 2>/dev/null || return
    has_uv || "$1" -c 'import ensurepip' 2>/dev/null ||
        "$1" -c 'import pip' 2>/dev/null
}

# Where none is here, an installed uv downloads one.
find_python() {
    local python fitting=
    for python in python3.12 python3.13 python3.11 python3.10 python3.14 python3 \
        "$HOME"/.pyenv/versions/3.1[0-3].*/bin/python; do
        python_fits "$python" || continue
        fitting=$python
        python_is_whole "$python" && echo "$python" && return
    done
    has_uv && echo 3.12 && return
    [ -z "$fitting" ] || die "$fitting lacks a part of its standard library" \
        "(venv, bz2, ctypes, lzma or ssl). On Debian: apt install python3-venv"
    die "no Python 3.10 to 3.14 found (python3 is" \
        "$(python3 --version 2>/dev/null || echo missing))." \
        "On Debian: apt install python3-venv"
}

# --- .venv -----------------------------------------------------------------

check_disk() {
    local free
    free=$(df -Pk "$ROOT" | awk 'NR == 2 { print int($4 / 1048576) }')
    [ "$free" -ge "$NEEDED_GB" ] || die "the disk is almost full: $free GB" \
        "free at $ROOT, $NEEDED_GB GB needed for the environment."
}

# Makes .venv for Python $1. Without an installed uv, pip brings it.
make_venv() {
    rm -rf "$VENV"
    if has_uv; then
        uv venv --python "$1" "$VENV"
        return
    fi
    "$1" -m venv --without-pip "$VENV"
    "$VENV/bin/python" -m ensurepip --default-pip ||
        "$1" -m pip --python "$VENV/bin/python" install pip
    "$VENV/bin/pip" install "$(grep '^uv==' "$ROOT/requirements/pinned.txt")"
}

# A uv that pip brought finds packages where pip does.
use_sources_of_pip() {
    local name value
    while IFS='=' read -r name value; do
        value=${value//\'/}
        value=${value//\\n/ }
        case ${name##*.} in
        index-url) export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$value} ;;
        extra-index-url) export UV_INDEX=${UV_INDEX:-$value} \
            UV_INDEX_STRATEGY=${UV_INDEX_STRATEGY:-unsafe-best-match} ;;
        find-links) export UV_FIND_LINKS=${UV_FIND_LINKS:-${value// /,}} ;;
        esac
    done < <("$VENV/bin/pip" config list)
}

install_packages() {
    has_uv || use_sources_of_pip
    export UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-180} # slow networks
    export UV_COMPILE_BYTECODE=1 # half of the time of each start
    use_environment "$VENV"
    uv pip install --python "$VENV" --no-deps --no-build \
        -r "$ROOT/requirements/pinned.txt"
    install_ours
}

# Reinstalls: uv takes an unchanged version for an unchanged package.
install_ours() {
    local lite=$ROOT/projects/openmmlab_lite
    uv pip install --python "$VENV" --no-deps --no-build-isolation \
        --reinstall -e "$ROOT" "$lite/mmcv_ops" "$lite/xtcocotools"
}

# The stamp of a finished installation holds the folder, as an environment
# cannot be moved, and what was installed.
install_venv() {
    local stamp=$VENV/vitpose_mm.stamp found made_of python began=$SECONDS
    lock "$ROOT"
    unset PYTHONPATH            # packages of another Python
    PATH=${PATH//"$VENV/bin:"/} # where .venv is active, or was
    made_of=$(cd "$ROOT" && find requirements/pinned.txt setup.py \
        vitpose_mm/version.py projects/openmmlab_lite -type f \
        -not -name '*.pyc' -not -path '*.egg-info/*' -not -path '*/build/*' \
        -exec sha256sum {} + | sort | sha256sum)
    found=$(cat "$stamp" 2>/dev/null) || found=
    python_fits "$VENV/bin/python" || found=
    if [ "$found" != "$VENV $made_of" ]; then
        say '  Downloading and installing PyTorch, MMPose and the other' \
            'wheels, 3 GB (1 to 3 minutes)'
        rm -f "$stamp"
        if [[ $found != "$VENV "* ]]; then
            python=$(find_python)
            check_disk
            step make_venv "$python"
        fi
        step install_packages
        echo "$VENV $made_of" >"$stamp"
        say "      done in $((SECONDS - began)) s"
    fi
    use_environment "$VENV"
    unlock
}

# --- which environment -----------------------------------------------------

use_environment() {
    export VIRTUAL_ENV=$1 PATH=$1/bin:$PATH
    unset PYTHONHOME
    hash -r
}

# An old setuptools cannot install in place; pip then fetches a newer one for
# this build alone.
install_project() {
    python -m pip install --no-input --no-deps --no-build-isolation \
        -e "$ROOT" || python -m pip install --no-input --no-deps -e "$ROOT"
}

use_existing() {
    local prefix=$1
    [ "$prefix" != active ] || prefix=${VIRTUAL_ENV:-${CONDA_PREFIX:-}}
    [ -n "$prefix" ] || die "VITPOSE_MM_ENV=active, but no environment is" \
        "active. Activate one, or give its folder: VITPOSE_MM_ENV=PATH"
    [ -x "$prefix/bin/python" ] || die "VITPOSE_MM_ENV=$prefix holds no" \
        "bin/python, so it is no Python environment."
    python_fits "$prefix/bin/python" || die "VITPOSE_MM_ENV=$prefix has" \
        "$("$prefix/bin/python" --version 2>&1), but vitpose_mm needs 3.10" \
        "to 3.14."
    "$prefix/bin/python" -c 'import pip' 2>/dev/null || die \
        "VITPOSE_MM_ENV=$prefix has no pip: $prefix/bin/python -m ensurepip"
    say "Environment: $prefix, as it is; only vitpose_mm is installed there"
    use_environment "$(cd "$prefix" && pwd)"
    step install_project
}

prepare_environment() {
    local report
    if [ -n "${VITPOSE_MM_ENV:-}" ]; then
        use_existing "$VITPOSE_MM_ENV"
    else
        say "Environment: $VENV"
        install_venv
    fi
    say '  Checking it with vitpose-mm doctor (half a minute)'
    report=$(vitpose-mm doctor 2>&1) || {
        say "$report" >&2
        die "this environment cannot train; the cures stand above."
    }
}

# --- tests -----------------------------------------------------------------

# Most models there are too small for threads: a file of tests per core is
# nearly as many times faster.
run_tests() {
    python -c 'import hypothesis, pytest, xdist' 2>/dev/null || die \
        "this environment lacks packages of the tests: pip install" \
        "hypothesis pytest pytest-xdist timm transformers mmpretrain"
    OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} python -m pytest -n logical \
        --maxprocesses 8 --dist loadfile --no-loadscope-reorder "$@"
}
