#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Start the desktop with the plugin and a copy of the sample county: editing a GeoPackage changes its file.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
SANXIAN_DESKTOP=1
. tools/env.sh
[ -n "$SANXIAN_QGIS" ] || die "没有 QGIS · no QGIS here"
[ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] ||
    die "没有图形界面（DISPLAY 未设置）。在桌面会话中运行，或 xvfb-run make qgis · no screen here: run in a desktop session"
use_qgis
translate
QT_QPA_PLATFORM=offscreen enable_plugin
exec qgis --nologo --noversioncheck --lang "${SANXIAN_LOCALE:-zh-Hans}" --code tools/open_sample.py
