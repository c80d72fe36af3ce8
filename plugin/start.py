# SPDX-License-Identifier: GPL-2.0-or-later
"""Which plugin QGIS gets: the whole one, or on an old Python the one that says what is missing.

Everything imported here and by `old_python` parses and runs on Python 3.9.
"""

from __future__ import annotations

import sys


def plugin(iface):
    """Return the plugin for this QGIS. Python 3.11 brought tomllib, without which no setting can be read."""
    if _new_enough():
        from .main import SanxianPlugin

        return SanxianPlugin(iface)
    from .old_python import OldPythonPlugin

    return OldPythonPlugin(iface)


def _new_enough():
    try:
        import tomllib  # noqa: F401 - only whether it is there
    except ImportError:
        return False
    return sys.version_info >= (3, 11)
