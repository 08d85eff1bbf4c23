#!/bin/sh
# What plugins in Zig need: Zig 0.17, whose language still changes from one minor version to the next.
# Where it is missing, pip brings it (its package ziglang, 411 MB). Safe to run again. --check says what
# is there and changes nothing.
set -eu
ZIGLANG=0.17.1
data=${XDG_DATA_HOME:-$HOME/.local/share}
toolchains=${MILLSTREAM_TOOLCHAINS:-$data/millstream/toolchains}
folder=$toolchains/zig

version() {
    zig version 2>/dev/null || true
}

is_ready() {
    case $(version) in 0.17.*) ;; *) return 1 ;; esac
}

# Makes the command zig of what pip put into the folder $1.
use() {
    [ -x "$1/ziglang/zig" ] || return 1
    mkdir -p "$folder/bin"
    ln -sf "$1/ziglang/zig" "$folder/bin/zig"
    is_ready
}

with_pip() {
    python3 -m pip --version >/dev/null 2>&1 || return 1
    echo "zig: pip installs ziglang $ZIGLANG into $folder"
    python3 -m pip install --quiet --disable-pip-version-check --no-compile --upgrade \
        --target "$folder/pip" "ziglang==$ZIGLANG" || return 1
    use "$folder/pip"
}

PATH=$folder/bin:$PATH
if ! is_ready; then
    found=$(version)
    missing="${found:+zig $found is another language; }missing: zig 0.17"
    if [ "${1:-}" = --check ]; then
        echo "zig: $missing"
        exit 1
    fi
    # The toolchain of C may have brought it.
    if ! { use "$toolchains/c/pip" || use "$folder/pip" || with_pip; }; then
        echo "zig: $missing: install it from https://ziglang.org/download, or pip, which can bring it"
        exit 1
    fi
fi
echo "zig: ready: zig $(version)"
