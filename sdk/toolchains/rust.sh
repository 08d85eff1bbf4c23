#!/bin/sh
# What plugins in Rust need: rustc 1.95 or later with the target wasm32-unknown-unknown. Safe to run
# again. --check says what is there and changes nothing.
set -eu
TARGET=wasm32-unknown-unknown

version() {
    rustc --version 2>/dev/null | cut -d' ' -f2
}

is_new_enough() {
    major=${1%%.*}
    rest=${1#*.}
    [ "$major" -gt 1 ] || [ "${rest%%.*}" -ge 95 ]
}

has_target() {
    [ -d "$(rustc --print target-libdir --target $TARGET 2>/dev/null)" ]
}

found=$(version)
if [ -z "$found" ]; then
    echo "rust: missing: rustc; https://rustup.rs installs it"
    exit 1
fi
if ! is_new_enough "$found"; then
    echo "rust: rustc $found is too old: 1.95 or later is needed; \`rustup update\` brings it"
    exit 1
fi
if ! has_target; then
    if [ "${1:-}" = --check ]; then
        echo "rust: rustc $found; missing: the target $TARGET"
        exit 1
    fi
    rustup target add $TARGET
    has_target
    echo "rust: added the target $TARGET"
fi
echo "rust: ready: rustc $found with the target $TARGET"
