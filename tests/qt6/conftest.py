# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests that only tools/qt6.sh runs, with PyQt6 and a stand-in for QGIS."""

import os

collect_ignore_glob = [] if "SANXIAN_QT6" in os.environ else ["test_*.py"]
