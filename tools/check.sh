#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The habit: format, lint, types of the core, fast tests. Everything runs, then the first failure decides. The tests run in as
# many parts as there are processors (at most four), beside format, lint and types; what each says comes in its turn.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# The environment is found once for all steps.
[ -n "${SANXIAN_CHECK:-}" ] || exec env SANXIAN_CHECK=1 bash tools/run.sh bash tools/check.sh
python="$SANXIAN_ENV/bin/python"
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
parts=$(nproc 2>/dev/null || echo 1)
[ "$parts" -le 4 ] || parts=4
failed=0
step() {
    printf '%s\n' "-- $1"
    shift
    "$@" || failed=1
}

# Files by size, dealt out back and forth, so that the parts take about as long.
share() { # NUMBER
    find tests/core tests/shape -name 'test_*.py' -size +0 -exec wc -c {} + | grep -v ' total$' | sort -rn |
        awk -v parts="$parts" -v mine="$1" '{ n = NR - 1; k = n % (2 * parts); if (k >= parts) k = 2 * parts - 1 - k; if (k == mine) print $2 }'
}
tests() { # NUMBER
    share "$1" | xargs "$python" -m pytest -q -m "not slow and not desktop" -o cache_dir="build/pytest-$1"
}
running=()
for part in $(seq 0 $((parts - 1))); do
    tests "$part" > "$said/$part" 2>&1 &
    running+=($!)
done
step "格式 · format (make format mends it)" "$python" -m ruff format --check --quiet .
step "静态检查 · lint" "$python" -m ruff check --quiet .
[ ! -d plugin/core ] || step "类型 · types of plugin/core" "$python" -m mypy --no-error-summary
for part in $(seq 0 $((parts - 1))); do
    wait "${running[$part]}" || failed=1
    printf '%s\n' "-- 快速测试 · fast tests $((part + 1))/$parts"
    cat "$said/$part"
done
exit "$failed"
