#!/bin/sh
# Make a virtual environment with the first Python that is new enough.
set -eu
venv="$1"

for candidate in "${BENFEX_PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "Making $venv with $("$candidate" --version)."
        if "$candidate" -m venv "$venv"; then
            exit 0
        fi
        rm -rf "$venv"
        echo "That Python has no venv module. On Debian and Ubuntu: apt install python3-venv" >&2
        exit 1
    fi
done
echo "Benfex needs Python 3.11 or later. Name one with BENFEX_PYTHON=/path/to/python3" >&2
exit 1
