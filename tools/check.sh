#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The habit: format, lint, types of the core, fast tests. Everything runs, then the first failure decides.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
failed=0
step() {
    printf '%s\n' "-- $1"
    shift
    "$@" || failed=1
}
step "格式 · format (make format mends it)" bash tools/run.sh ruff format --check --quiet .
step "静态检查 · lint" bash tools/run.sh ruff check --quiet .
[ ! -d plugin/core ] || step "类型 · types of plugin/core" bash tools/run.sh mypy --no-error-summary
step "快速测试 · fast tests" bash tools/run.sh pytest -q -m "not slow and not desktop" tests/core tests/shape
exit "$failed"
