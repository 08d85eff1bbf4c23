#!/bin/sh
# What plugins in JavaScript and TypeScript need: Node.js 20 or later, which must be there, and from the
# npm registry the packages below. Safe to run again. --check says what is there and changes nothing.
set -eu
PACKAGES="componentize-qjs@0.4.5 esbuild@0.28.2 @jridgewell/trace-mapping@0.3.31 typescript@6.0.3"
NODE_MIN=20
data=${XDG_DATA_HOME:-$HOME/.local/share}
folder=${MILLSTREAM_TOOLCHAINS:-$data/millstream/toolchains}/javascript

node=$(node --version 2>/dev/null | tr -d v || true)
if [ -z "$node" ]; then
    echo "javascript: missing: node; install Node.js $NODE_MIN or later, https://nodejs.org"
    exit 1
fi
if [ "${node%%.*}" -lt "$NODE_MIN" ]; then
    echo "javascript: node $node is too old: $NODE_MIN or later is needed"
    exit 1
fi

# The list of what was installed, written last.
is_there() {
    [ "$(cat "$folder/installed" 2>/dev/null)" = "$PACKAGES" ]
}

if ! is_there; then
    if [ "${1:-}" = --check ]; then
        echo "javascript: node $node; missing: $PACKAGES"
        exit 1
    fi
    mkdir -p "$folder/bin"
    echo '{ "private": true }' >"$folder/package.json"
    # shellcheck disable=SC2086 # one word a package
    (cd "$folder" && npm install --save-exact --no-audit --no-fund --loglevel=error $PACKAGES)
    ln -sf ../node_modules/.bin/tsc "$folder/bin/tsc"
    echo "$PACKAGES" >"$folder/installed"
    echo "javascript: installed $PACKAGES into $folder"
fi
echo "javascript: ready: node $node, $PACKAGES"
