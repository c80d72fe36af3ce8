#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Run tests of models, windows and pages with Qt 6: PyQt6 from its wheel in a separate environment (build/qt6), and a
# stand-in for QGIS (tests/qt6/stand_in), whose names are empty. Without the wheel the tests are skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/env.sh

qt6="$SANXIAN_BUILD/qt6"
imports() { "$qt6/bin/python" -c 'import PyQt6.QtWidgets' 2> /dev/null; }
install() {
    "$python" -m venv --clear "$qt6" &&
        "$qt6/bin/pip" install --quiet --disable-pip-version-check --retries 0 --only-binary :all: 'PyQt6==6.8.*' 'PyQt6-Qt6==6.8.*'
}
imports || { install && imports; } || {
    say "跳过 Qt 6 的测试：未能安装 PyQt6 · tests with Qt 6 skipped: PyQt6 could not be installed"
    exit 0
}
site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
export SANXIAN_QT6=1 QT_QPA_PLATFORM=offscreen XDG_CONFIG_HOME="$qt6/config" \
    PYTHONPATH="$PWD/tests/qt6/stand_in:$PWD:$site"
# In the box of the stand-in nothing can be typed.
exec "$qt6/bin/python" -m pytest -q -m "not exhaustive" tests/qt6 \
    tests/qgis/test_{qt_rules,page_breaks,gui_list,gui_dock,gui_exports,gui_change_queue}.py \
    --deselect tests/qgis/test_gui_dock.py::test_township_filter_can_be_ticked_with_the_keyboard \
    --deselect tests/qgis/test_gui_dock.py::test_township_filter_stays_when_its_field_loses_the_focus
