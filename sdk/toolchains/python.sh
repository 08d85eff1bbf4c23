#!/bin/sh
# What plugins in Python need: Python 3.10 or later with pip, which must be there, and componentize-py
# from PyPI. Safe to run again. --check says what is there and changes nothing.
set -eu
PACKAGE=componentize-py==0.25.1
data=${XDG_DATA_HOME:-$HOME/.local/share}
folder=${MILLSTREAM_TOOLCHAINS:-$data/millstream/toolchains}/python

python=$(python3 -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null || true)
if [ -z "$python" ]; then
    echo "python: missing: python3; install Python 3.10 or later, https://www.python.org"
    exit 1
fi
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    echo "python: python $python is too old: 3.10 or later is needed"
    exit 1
fi

# What was installed, written last.
is_there() {
    [ "$(cat "$folder/installed" 2>/dev/null)" = "$PACKAGE" ] && [ -x "$folder/bin/componentize-py" ]
}

if ! is_there; then
    if [ "${1:-}" = --check ]; then
        echo "python: python $python; missing: $PACKAGE"
        exit 1
    fi
    mkdir -p "$folder/bin"
    python3 -m venv "$folder/venv"
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "$PACKAGE"
    ln -sf ../venv/bin/componentize-py "$folder/bin/componentize-py"
    echo "$PACKAGE" >"$folder/installed"
    echo "python: installed $PACKAGE into $folder"
fi
echo "python: ready: python $python, $PACKAGE"
