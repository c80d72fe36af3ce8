# SPDX-License-Identifier: GPL-2.0-or-later
"""Select the plugin: the complete one, or on an old Python a message.

This module and `old_python` with its imports run on Python 3.9.
"""

import sys


def plugin(iface):
    """Return the plugin object for QGIS: `SanxianPlugin`, or `OldPythonPlugin` on Python below 3.11.

    The plugin reads settings with tomllib, which needs Python 3.11.
    """
    if _has_tomllib():
        from .main import SanxianPlugin

        return SanxianPlugin(iface)
    from .old_python import OldPythonPlugin

    return OldPythonPlugin(iface)


def _has_tomllib():
    try:
        import tomllib  # noqa: F401 - only whether it is there
    except ImportError:
        return False
    return sys.version_info >= (3, 11)
