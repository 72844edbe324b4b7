#!/bin/sh
# Installs the course's kernel for whoever runs this.   usage: sh install.sh [FOLDER]
#
# The packages go into FOLDER (by default one in ~/.local/share/syllab), once: where they are
# already, be it by somebody else's hand, only the kernel is made known to your Jupyter. Needs no
# root. PYTHON=... names a Python 3.11; pip's own settings (index, proxy, certificates) hold.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/course.sh" # name, title, threads, version
folder=${1:-$HOME/.local/share/syllab/$name}

say() { printf 'kernel: %s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }

# What centres set for all Pythons would get in between.
unset PYTHONPATH PYTHONHOME
export PYTHONNOUSERSITE=1 PIP_USER=0

find_python() {
    for python in ${PYTHON:-python3.11 python3}; do
        "$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info[:2] != (3, 11))' \
            2>/dev/null && return
    done
    fail "no Python 3.11 with venv -> load its module, or name it: PYTHON=/path/to/python3.11"
}

packages() {
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
        --require-hashes --no-deps --no-build-isolation --use-pep517 --no-compile -r "$1" \
        || fail "packages could not be installed -> is the index reachable, is there disk left?"
}

# The kernel starts with the variables by which compilers and libraries are found now: nobody loads
# modules for it later.
describe() {
    set -- --env PATH "$environment/bin:$PATH" --env OMP_NUM_THREADS "$threads" \
        --env PYTHONPATH "" --env PYTHONHOME "" --env PYTHONNOUSERSITE 1
    for variable in LD_LIBRARY_PATH LIBRARY_PATH CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH \
        CMAKE_PREFIX_PATH PKG_CONFIG_PATH CC CXX; do
        eval "value=\${$variable-}"
        [ -z "$value" ] || set -- "$@" --env "$variable" "$value"
    done
    # JUPYTER_PATH keeps it from warning of a folder where no Jupyter looks yet.
    JUPYTER_PATH="$folder/share/jupyter" "$environment/bin/python" -m ipykernel install \
        --prefix "$folder" --name "$name" --display-name "$title" "$@" >/dev/null
}

make_environment() {
    trap 'rm -rf "$environment"; rmdir "$folder" 2>/dev/null || :' EXIT
    trap 'exit 1' INT TERM HUP
    find_python
    say "installing $(grep -c == "$here/requirements.txt") packages, which takes some minutes"
    rm -rf "$environment" # what a killed run left
    "$python" -m venv "$environment"
    packages "$here/build.txt"
    packages "$here/requirements.txt"
    site=$("$environment/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    cp -R "$here/courseware" "$site/"
    # Some packages carry a template, which doesn't compile: no failure of ours.
    "$environment/bin/python" -m compileall -q -j 4 "$site" >/dev/null || :
    mkdir -p "$environment/etc/ipython"
    cp "$here/ipython_kernel_config.py" "$environment/etc/ipython/"
    if [ -f "$here/recipe/kernel.sh" ]; then
        PATH="$environment/bin:$PATH" sh "$here/recipe/kernel.sh" install
    fi
    describe
    touch "$environment/.complete"
    trap - EXIT INT TERM HUP
    for other in "$folder"/environment-*; do
        [ "$other" = "$environment" ] || rm -rf "$other"
    done
}

mkdir -p "$folder" || fail "$folder can't be made -> name another: sh install.sh FOLDER"
folder=$(cd "$folder" && pwd)
environment="$folder/environment-$version"
if [ -f "$environment/.complete" ] && "$environment/bin/python" -c ''; then
    say "the packages are in $folder already"
else
    [ -w "$folder" ] || fail "$folder can't be written -> name another: sh install.sh FOLDER"
    make_environment
    say "the packages are in $folder"
fi
"$environment/bin/python" -W ignore -m jupyter_client.kernelspecapp install --user \
    --name "$name" --log-level=ERROR "$folder/share/jupyter/kernels/$name"
say "ready: reload JupyterLab's page and choose the kernel “$title”"
