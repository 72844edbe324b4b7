#!/bin/sh
# NEST in a course's kernel, outside of an image (see infra/cloudlab/kernel.py).
#   kernel.sh needs      prints what a machine must have beside Python, as a Markdown list
#   kernel.sh install    prepares the environment whose python comes first in PATH
set -eu
here=$(cd "$(dirname "$0")" && pwd)

needs() {
    cat <<'END'
- a processor of the x86-64 kind, and 1 GB of disk for each installation;
- for models written in NESTML: a compiler for C++20 (`g++`; tested with GCC 12), `make`, the GNU
  Scientific Library, and the headers of Boost and of libtool's `ltdl.h`. CMake comes along. On
  Debian and Ubuntu these are `g++ make libgsl-dev libboost-dev libltdl-dev`. Without them all else
  works.
END
}

# What a model's module is compiled with; where the headers are is the compiler's business.
compile() {
    printf '#include <%s>\n' gsl/gsl_errno.h boost/tuple/tuple.hpp ltdl.h >"$work/try.cpp"
    echo 'int main() { return !gsl_strerror(0); }' >>"$work/try.cpp"
    command -v make
    # shellcheck disable=SC2046 # options, to be split
    g++ $(nest-config --cflags) "$work/try.cpp" -o "$work/try" $(nest-config --libs)
}

install() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    python "$here/nest_lab" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
    if ! compile >"$work/log" 2>&1; then
        echo "NESTML can't compile models here (the README says what that needs):" >&2
        cat "$work/log" >&2
    fi
}

case "${1-}" in
    needs | install) "$1" ;;
    *) echo "usage: kernel.sh needs | install" >&2; exit 1 ;;
esac
