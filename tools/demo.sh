#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Check the sample county: with qgis_process, or with the core alone if QGIS is not available.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/env.sh
sample=resources/sample/county.gpkg profile=hunyuan out=build/demo
[ -f "$sample" ] || die "缺少示例县 · the sample county is missing: $sample (make sample)"
rm -rf "$out" && mkdir -p "$out"
log="$out/log.txt"
if [ -n "$SANXIAN_QGIS" ]; then
    say "用 QGIS $SANXIAN_QGIS 的 qgis_process 检查示例县 · checking the sample county with qgis_process"
    run=(bash tools/qgis_process.sh run sanxian:check_plan -- "SOURCE=$sample" "PROFILE=$profile"
        "OUTPUT_JSON=$out/report.json" "OUTPUT_HTML=$out/report.html" "OUTPUT_FINDINGS=$out/findings.gpkg")
else
    say "本机没有 QGIS 3.40 或更新版本，改用核心检查（报告中没有地图图片）· no QGIS here: the core alone checks the sample county"
    run=("$python" -m plugin.core check "$sample" --profile "$profile"
        --json "$out/report.json" --html "$out/report.html" --findings "$out/findings.gpkg")
fi
status=0
"${run[@]}" > "$log" 2>&1 < /dev/null || status=$?
# Exit status 1 of the core: the plan has errors (the sample has). Exit status 1 of qgis_process: it could not run.
if [ ! -s "$out/report.json" ] || { [ "$status" != 0 ] && { [ -n "$SANXIAN_QGIS" ] || [ "$status" != 1 ]; }; }; then
    tail -n 30 "$log" >&2
    die "检查未能运行（退出码 $status，日志 $log）· the check could not run (exit $status)"
fi
exec "$python" tools/demo.py "$out/report.json" "$out/report.html" "$out/findings.gpkg"
