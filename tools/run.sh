#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Run a command in the environment: `tools/run.sh python -m plugin.core rules`, `tools/run.sh pytest …` or `… bash`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/env.sh
[ -x "$python" ] || die "先运行 make setup · run make setup first"
if [ -n "$SANXIAN_QGIS" ]; then
    use_qgis
    translate
    enable_plugin
fi
export PATH="$SANXIAN_ENV/bin:$PATH"
case "${1:-}" in
    python) shift; exec "$python" "$@" ;;
    pytest | mypy | ruff | bandit) exec "$python" -m "$@" ;; # not the scripts: a shebang cannot contain every path
    *) exec "$@" ;;
esac
