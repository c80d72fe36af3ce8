#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Routine check: format, lint, layers, types, fast tests. All steps run; the exit status is 1 if any fails.
# Types are checked in parallel with the other steps; their output is printed last.
# Fast tests: structure of the code and of all texts, examples of every rule, and the packages of the core that differ
# from the last commit or from the upstream branch. `make test` runs all tests.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Find the environment once for all steps.
[ -n "${SANXIAN_CHECK:-}" ] || exec env SANXIAN_CHECK=1 bash tools/run.sh bash tools/check.sh
python="$SANXIAN_ENV/bin/python"
said=$(mktemp)
trap 'rm -f "$said"' EXIT
failed=0
step() {
    printf '%s\n' "-- $1"
    shift
    "$@" || failed=1
}
types() {
    [ ! -d plugin/core ] || "$python" -m mypy --no-error-summary
}
layers() {
    # `python -c` finds `plugin` in this folder; the script lint-imports fails if the environment's path has spaces.
    local out
    out=$("$python" -c 'from importlinter.cli import lint_imports_command as run; run()' --no-logo --cache-dir build/layers 2>&1) ||
        { printf '%s\n' "$out"; return 1; }
}
changed() {
    {
        git diff --name-only HEAD
        git ls-files --others --exclude-standard
        git diff --name-only '@{upstream}...HEAD'
    } 2> /dev/null | sed -nE 's#^(plugin|tests)/core/([a-z_]+)/.*#tests/core/\2#p; s#^plugin/core/[a-z_]+\.py$#tests/core/engine#p' | sort -u |
        while read -r folder; do [ -d "$folder" ] && printf '%s\n' "$folder"; done
}
mapfile -t packages < <(changed)
types > "$said" 2>&1 &
typing=$!
step "格式 · format (make format mends it)" "$python" -m ruff format --check --quiet .
step "静态检查 · lint" "$python" -m ruff check --quiet .
step "分层 · layers of imports" layers
step "快速测试 · fast tests ${packages[*]}" "$python" -m pytest -q -n auto --maxprocesses 4 --dist loadfile -m "not slow and not desktop and not exhaustive" \
    tests/shape tests/core/rules/test_rule_examples.py tests/core/engine/test_run_order.py "${packages[@]}"
step "Qt 6 · models, windows and pages with Qt 6" bash tools/qt6.sh
wait "$typing" || failed=1
printf '%s\n' "-- 类型 · types"
cat "$said"
exit "$failed"
