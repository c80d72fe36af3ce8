#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Run the self-check (rules, fixes and declared checks with their examples) with the oldest libraries that
# resources/environment.toml accepts, in a separate environment: build/oldest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/env.sh

oldest="$SANXIAN_BUILD/oldest"
"$python" -m venv --clear "$oldest"
"$oldest/bin/python" - << 'EOF' > "$oldest/requirements.txt"
import tomllib
from pathlib import Path

settings = tomllib.loads(Path("resources/environment.toml").read_text(encoding="utf-8"))
for name, version in settings["required_libraries"].items():
    print(f"{name}=={version}.*")
EOF
"$oldest/bin/pip" install --quiet --disable-pip-version-check -r "$oldest/requirements.txt" jinja2 openpyxl tomlkit
exec "$oldest/bin/python" -W ignore -m plugin.core doctor
