# SPDX-License-Identifier: GPL-2.0-or-later
"""Select the plugin: the complete one, or a message where its modules cannot be imported.

This module and `unusable` with its imports run on Python 3.9.
"""

import sys
from importlib.util import find_spec

#: Libraries that modules import when QGIS loads the plugin. If others are missing, the panel shows what to install.
LIBRARIES_AT_START = ("numpy", "pyproj", "shapely")


def plugin(iface):
    """Return the plugin object for QGIS: `SanxianPlugin`, or `UnusablePlugin` without Python 3.11 or a library."""
    lack = _find_lack()
    if not lack:
        from .main import SanxianPlugin

        return SanxianPlugin(iface)
    from .unusable import UnusablePlugin

    return UnusablePlugin(iface, lack)


def _find_lack():
    """Return what prevents the import of the plugin; empty if nothing does."""
    try:
        # Settings are read with it.
        import tomllib  # noqa: F401 - only whether it is there
    except ImportError:
        return "Python ≥ 3.11 (tomllib)"
    missing = [name for name in LIBRARIES_AT_START if find_spec(name) is None]
    return ", ".join(missing) if sys.version_info >= (3, 11) else "Python ≥ 3.11"
