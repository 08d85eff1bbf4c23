#!/bin/sh
# What plugins in C need: a clang with wasm-ld, wasi-libc and compiler-rt for Wasm, as Debian packages
# them, or Zig's C compiler, which pip brings (its package ziglang). Makes the command millstream-cc of
# whichever is there. Safe to run again. --check says what is there and changes nothing.
set -eu
ZIGLANG=0.17.1
DEBIAN="clang-16 lld-16 wasi-libc libclang-rt-16-dev-wasm32"
data=${XDG_DATA_HOME:-$HOME/.local/share}
folder=${MILLSTREAM_TOOLCHAINS:-$data/millstream/toolchains}/c
command=$folder/bin/millstream-cc
zig=$folder/pip/ziglang/zig

# Where the compiler looks for headers and libraries; Debian's are in /usr.
sysroot=${WASI_SYSROOT:-/usr}
# A reactor has no main. Names stay, for backtraces. The stack has 128 KiB. Zig would leave out asserts.
flags="-mexec-model=reactor -std=c11 -O2 -UNDEBUG -Wall -Wextra -Wl,-z,stack-size=131072"
# The stack below everything else, so that an overflow traps: Zig puts it there anyway. And no debugging
# information of the C library: Zig would take the names with it.
clang_flags="-Wl,--stack-first -Wl,--strip-debug"

# The version that millstream-cc tells, if it works.
version() {
    "$command" --version 2>/dev/null | head -n 1
}

# Whether $@ links a reactor that uses the C library.
links() {
    try=$(mktemp -d)
    echo '#include <stdio.h>
int at(char *to) { return snprintf(to, 9, "%f", 1.5); }' >"$try/try.c"
    # shellcheck disable=SC2086 # one word a flag
    "$@" $flags -Wl,--export=at -o "$try/try.wasm" "$try/try.c" >/dev/null 2>&1
    linked=$?
    rm -r "$try"
    return $linked
}

# A clang that is there and complete.
complete_clang() {
    # shellcheck disable=SC2086 # one word a flag
    for name in clang clang-21 clang-20 clang-19 clang-18 clang-17 clang-16; do
        if command -v "$name" >/dev/null && links "$name" --target=wasm32-wasi "--sysroot=$sysroot" $clang_flags; then
            echo "$name"
            return
        fi
    done
    return 1
}

# Makes millstream-cc of the compiler command $1.
make_command() {
    mkdir -p "$folder/bin"
    printf '#!/bin/sh\nexec %s %s "$@"\n' "$1" "$flags" >"$command.new"
    chmod +x "$command.new"
    mv "$command.new" "$command"
}

# As make_command, of the clang that is there.
use_clang() {
    found=$(complete_clang) || return 1
    make_command "$found --target=wasm32-wasi --sysroot=$sysroot $clang_flags"
}

# As make_command, of the Zig that pip brought.
use_zig() {
    [ -x "$zig" ] && make_command "'$zig' cc -target wasm32-wasi"
}

with_apt() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    echo "c: apt-get installs $DEBIAN"
    # shellcheck disable=SC2086 # one word a package
    { apt-get update && apt-get install --yes --no-install-recommends $DEBIAN; } >/dev/null 2>&1 || return 1
    use_clang
}

with_pip() {
    python3 -m pip --version >/dev/null 2>&1 || return 1
    echo "c: pip installs ziglang $ZIGLANG into $folder"
    python3 -m pip install --quiet --upgrade --target "$folder/pip" "ziglang==$ZIGLANG" || return 1
    use_zig
}

# Whether millstream-cc works and is what this version of the script makes.
is_ready() {
    [ -n "$(version)" ] && grep -qF -e "$flags" "$command"
}

if ! command -v make >/dev/null; then
    echo "c: missing: make"
    exit 1
fi
if [ "${1:-}" = --check ]; then
    if ! is_ready; then
        echo "c: missing: $command, which sdk/toolchains/c.sh makes of clang or ziglang"
        exit 1
    fi
elif ! { use_clang || use_zig || with_apt || with_pip; } || ! is_ready; then
    echo "c: missing: $DEBIAN, as Debian calls them, or pip, which can bring ziglang"
    exit 1
fi
echo "c: ready: millstream-cc is $(version)"
