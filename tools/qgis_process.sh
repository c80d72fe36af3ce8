#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Run qgis_process with the plugin enabled, without a screen, in the checkout folder (relative paths start there).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/env.sh
[ -n "$SANXIAN_QGIS" ] || die "没有 QGIS；可用核心检查 · no QGIS here; the core does the same: \"$python\" -m plugin.core check …"
use_qgis
translate
enable_plugin
exec "$SANXIAN_QGIS_PROCESS" "$@"
