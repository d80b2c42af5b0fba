#!/bin/bash
# Gradescope runs this once, as root, when it builds the image: a Python of 3.11 or newer, and the judge's packages.
set -euo pipefail

SOURCE=/autograder/source
VENV=/autograder/venv # not in SOURCE, which is closed below: student code needs the packages

find_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$name" > /dev/null &&
            "$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

if ! python=$(find_python); then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update
    apt-get install -y --no-install-recommends libseccomp2 python3 python3-venv
    find_python > /dev/null || apt-get install -y --no-install-recommends python3.11 python3.11-venv || true
    python=$(find_python) || {
        echo "Python 3.11 or newer is needed: choose a base image with Ubuntu 24.04 or newer." >&2
        exit 1
    }
fi

"$python" -m venv "$VENV"
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
    -r "$SOURCE/requirements.lock"

# The course secret and the model answer are in there: for root alone.
chmod -R go-rwx "$SOURCE"

# The build fails if the judge fails its own reference. It goes on, and says so, where this machine gives no sandbox.
cd "$SOURCE"
PYTHONPATH="$SOURCE:$SOURCE/pset" "$VENV/bin/python" -m autograder.exports.gradescope_run --check
