#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Change the code at one place at a time and run the tests of that line (tools/mutants.py), with Cosmic Ray and
# pytest-cov in a separate environment (build/mutants/env). Arguments: those of the program.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/env.sh

env="$SANXIAN_BUILD/mutants/env"
if ! "$env/bin/python" -c 'import cosmic_ray, pytest_cov' 2> /dev/null; then
    "$python" -m venv --clear --system-site-packages "$env"
    "$env/bin/pip" install --quiet --disable-pip-version-check 'cosmic-ray==8.*' 'pytest-cov==7.*'
    # The plugin's libraries, after its own.
    "$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$(echo "$env"/lib/python*/site-packages)/sanxian.pth"
fi
PYTHONPATH=$PWD exec "$env/bin/python" tools/mutants.py "$@"
