# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
# The environment of tools/quickstart.sh and tools/test.sh. Source it from a
# script with `set -euo pipefail`, then call `prepare_environment runtime` or
# `prepare_environment tests`: `python`, `mim` and `vitpose-mm` are then those
# of the environment.
#
#   .venv/               made here with the pins of requirements/ ...
#   VITPOSE_MM_ENV=PATH  ... or an existing environment (`active`: the active
#                        one), where only vitpose_mm itself is installed

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=$ROOT/.venv
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/vitpose_mm
NEEDED_GB=9 # 5.5 installed, the downloads in pip's cache, the MMCV build

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
NO_NETWORK+='|Read timed out|Max retries exceeded'

# Explains why the command that wrote log $1 failed, and stops.
explain_failure() {
    local log=$1
    if grep '^Stopped: ' "$log" >&2; then
        exit 1
    elif grep -qiE 'No space left on device|Errno 28' "$log"; then
        die "the disk is full. Free $NEEDED_GB GB and run this again;" \
            "finished steps are kept. Log: $log"
    elif grep -qi 'Killed signal terminated program' "$log"; then
        die "the compiler ran out of memory. Close other programs and run" \
            "this again; it goes on where it stopped. Log: $log"
    elif grep -qiE "$NO_NETWORK" "$log"; then
        die "no network: pip cannot reach its package index. Check the" \
            "connection (or pip's proxy settings) and run this again;" \
            "finished steps are kept. Log: $log"
    fi
    tail -n 15 "$log" >&2
    die "the step above failed; these were its last lines. Log: $log"
}

# Of a step's output, shows what tells that it is alive.
progress() {
    local line
    while IFS= read -r line; do
        if [[ $line =~ Downloading\ .*\([0-9]{3,}\.?[0-9]*\ MB\) ]]; then
            say "      ${BASH_REMATCH[0]}"
        elif [[ $line =~ \[([0-9]*0)/([0-9]+)\]\  ]]; then
            say "      compiled ${BASH_REMATCH[1]} of ${BASH_REMATCH[2]} files"
        elif [[ $line == 'Another run'* ]]; then
            say "      $line"
        fi
    done
}

# step NAME TITLE KEY COMMAND...: runs COMMAND, with its output in a log,
# unless it has succeeded before with the same KEY.
step() {
    local name=$1 title=$2 key log=$VENV/logs/$1.log began=$SECONDS status
    key=$(printf '%s' "$3" | sha256sum)
    shift 3
    mkdir -p "$VENV/logs" "$VENV/stamps"
    [ "$(cat "$VENV/stamps/$name" 2>/dev/null)" != "$key" ] || return 0
    rm -f "$VENV/stamps/$name"
    say "  $title"
    set +e # `set -e` does not reach into a function that `||` follows
    (set -e && "$@") 2>&1 | tee "$log" | progress
    status=${PIPESTATUS[0]}
    set -e
    [ "$status" = 0 ] || explain_failure "$log"
    printf '%s' "$key" >"$VENV/stamps/$name"
    say "      done in $((SECONDS - began)) s"
}

# --- the Python ------------------------------------------------------------

python_fits() {
    "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))' \
        2>/dev/null
}

# Debian splits venv off; a self-compiled Python may lack the others, which
# pandas and torchvision import.
python_is_whole() {
    "$1" -c 'import bz2, ctypes, ensurepip, lzma, ssl, venv' 2>/dev/null
}

find_python() {
    local python fitting=
    for python in python3.12 python3.11 python3.10 python3 \
        "$HOME"/.pyenv/versions/3.12.*/bin/python \
        "$HOME"/.pyenv/versions/3.11.*/bin/python \
        "$HOME"/.pyenv/versions/3.10.*/bin/python; do
        python_fits "$python" || continue
        fitting=$python
        python_is_whole "$python" && echo "$python" && return
    done
    [ -z "$fitting" ] || die "$fitting lacks a part of its standard library" \
        "(venv, bz2, ctypes, lzma or ssl). On Debian: apt install python3-venv"
    die "no Python 3.10, 3.11 or 3.12 found (python3 is" \
        "$(python3 --version 2>/dev/null || echo missing))." \
        "On Debian: apt install python3 python3-venv python3-dev"
}

# --- the steps of .venv ----------------------------------------------------

check_disk() {
    local free
    free=$(df -Pk "$ROOT" | awk 'NR == 2 { print int($4 / 1048576) }')
    [ "$free" -ge "$NEEDED_GB" ] || die "the disk is almost full: $free GB" \
        "free at $ROOT, $NEEDED_GB GB needed for the environment."
}

# A moved environment is of no use: its scripts hold its path. Nor is one
# whose large installation was interrupted: pip takes half a package for done.
venv_stands() {
    python_fits "$VENV/bin/python" &&
        "$VENV/bin/python" -c 'import pip' 2>/dev/null &&
        grep -qF "$VENV/bin/" "$VENV/bin/pip" &&
        { [ ! -e "$VENV/stamps" ] || [ -e "$VENV/stamps/runtime" ]; }
}

make_venv() {
    local python
    python=$(find_python)
    if [ -e "$VENV" ]; then
        say "  .venv is half-made or was moved; making it again."
        rm -rf "$VENV"
    fi
    check_disk
    "$python" -m venv "$VENV" || die "$python could not make $VENV."
}

pip_install() { python -m pip install --no-input "$@"; }

install_runtime() {
    pip_install -r "$ROOT/requirements/build.txt"
    pip_install --only-binary :all: -r "$ROOT/requirements/runtime.txt"
}

check_compiler() {
    local cxx=${CXX:-c++}
    command -v "$cxx" >/dev/null || die "no C++ compiler ($cxx), which MMCV" \
        "needs. On Debian: apt install g++"
    python -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
        die "the headers of $(python --version) (Python.h) are missing," \
            "which MMCV needs. On Debian: apt install python3-dev"
}

# Identifies what a compiled wheel depends on.
wheel_tag() {
    python -c 'import platform, sys
from importlib.metadata import version
print("cp%d%d" % sys.version_info[:2], platform.machine(),
      "torch" + version("torch"), "numpy" + version("numpy"), sep="-")'
}

# MMCV's compiler uses 2 GB per file.
compile_jobs() {
    awk -v cores="$(nproc)" '/^MemAvailable/ {
        jobs = int($2 / 2097152)
        print jobs < 1 ? 1 : jobs < cores ? jobs : cores }' /proc/meminfo
}

# build_wheel NAME VERSION TAG: the sources lie outside .venv, and ninja goes
# on with what an interrupted build left in them.
build_wheel() {
    local build=$CACHE/build/$3/$1-$2 wheels=$CACHE/wheels/$3
    compgen -G "$wheels/$1-$2-*.whl" >/dev/null && return
    check_compiler
    mkdir -p "$wheels" "$build"
    if [ ! -f "$build/src/setup.py" ]; then
        python -m pip download --no-deps --no-build-isolation \
            --no-binary "$1" -d "$build" "$1==$2"
        rm -rf "$build/unpacked"
        mkdir "$build/unpacked"
        tar -xzf "$build/$1-$2.tar.gz" -C "$build/unpacked" \
            --strip-components 1
        mv "$build/unpacked" "$build/src"
    fi
    # Debug symbols double the time; CPU operators also where CUDA is seen:
    # ViTPose runs none of MMCV's, MMPose only imports them.
    MMCV_WITH_OPS=1 FORCE_CUDA=0 CUDA_VISIBLE_DEVICES='' CFLAGS=-g0 \
        MAX_JOBS=$(compile_jobs) python -m pip -v wheel --no-deps \
        --no-build-isolation -w "$build/wheel" "$build/src"
    mv "$build"/wheel/*.whl "$wheels"
    rm -rf "$build"
}

install_source() {
    local tag line
    tag=$(wheel_tag)
    mkdir -p "$CACHE"
    lock "$CACHE"
    for line in $(grep -v '^#' "$ROOT/requirements/source.txt"); do
        build_wheel "${line%%==*}" "${line##*==}" "$tag"
        pip_install --no-deps --force-reinstall \
            "$CACHE/wheels/$tag/${line%%==*}-${line##*==}"-*.whl
    done
}

install_project() { pip_install --no-deps --no-build-isolation -e "$ROOT"; }

install_venv() {
    local pins=$ROOT/requirements
    lock "$ROOT"
    venv_stands || make_venv
    unset PYTHONPATH # packages of another Python
    use_environment "$VENV"
    step runtime 'Downloading PyTorch and the other wheels, 3 GB (2 minutes)' \
        "$(cat "$pins/build.txt" "$pins/runtime.txt")" install_runtime
    step source 'MMCV and xtcocotools, compiled once (5 to 9 minutes)' \
        "$(cat "$pins/source.txt" "$VENV/stamps/runtime")" install_source
    step openmmlab 'Installing MMPose and its family (10 seconds)' \
        "$(cat "$pins/openmmlab.txt")" \
        pip_install --no-deps -r "$pins/openmmlab.txt"
    step project 'Installing vitpose_mm itself (5 seconds)' \
        "$(cat "$ROOT/setup.py" "$ROOT/vitpose_mm/version.py")" install_project
    [ "$1" != tests ] || step tests 'Installing the test tools (30 seconds)' \
        "$(cat "$pins/tests.txt" "$pins/runtime.txt")" \
        pip_install -r "$pins/tests.txt" -c "$pins/runtime.txt"
    unlock
}

# --- which environment -----------------------------------------------------

use_environment() {
    export VIRTUAL_ENV=$1 PATH=$1/bin:$PATH
    unset PYTHONHOME
    hash -r
}

use_existing() {
    local prefix=$1 log=$ROOT/work_dirs/environment.log
    [ "$prefix" != active ] || prefix=${VIRTUAL_ENV:-${CONDA_PREFIX:-}}
    [ -n "$prefix" ] || die "VITPOSE_MM_ENV=active, but no environment is" \
        "active. Activate one, or give its folder: VITPOSE_MM_ENV=PATH"
    [ -x "$prefix/bin/python" ] || die "VITPOSE_MM_ENV=$prefix holds no" \
        "bin/python, so it is no Python environment."
    python_fits "$prefix/bin/python" || die "VITPOSE_MM_ENV=$prefix has" \
        "$("$prefix/bin/python" --version 2>&1), but vitpose_mm needs 3.10" \
        "to 3.12."
    "$prefix/bin/python" -c 'import pip' 2>/dev/null || die \
        "VITPOSE_MM_ENV=$prefix has no pip: $prefix/bin/python -m ensurepip"
    say "Environment: $prefix, as it is; only vitpose_mm is installed there"
    use_environment "$(cd "$prefix" && pwd)"
    mkdir -p "$ROOT/work_dirs"
    # An old setuptools cannot install in place; pip then fetches a newer one
    # for this build alone.
    install_project >"$log" 2>&1 || pip_install --no-deps -e "$ROOT" \
        >"$log" 2>&1 || explain_failure "$log"
}

check_environment() {
    local report
    say '  Checking it with vitpose-mm doctor (10 seconds)'
    report=$(vitpose-mm doctor 2>&1) || {
        say "$report" >&2
        die "this environment cannot train; the cures stand above."
    }
}

prepare_environment() {
    if [ -n "${VITPOSE_MM_ENV:-}" ]; then
        use_existing "$VITPOSE_MM_ENV"
        check_environment
    else
        say "Environment: $VENV (7 to 12 minutes the first time)"
        install_venv "$1"
        [ "$1" = tests ] || check_environment
    fi
}
