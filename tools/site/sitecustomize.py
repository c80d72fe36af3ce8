# SPDX-License-Identifier: GPL-2.0-or-later
"""Startup code of Python that makes wheels use their bundled GEOS, PROJ and GDAL.

On Linux the qgis programs have their own GEOS, PROJ and GDAL in the global scope, where the loader looks first:
shapely from a wheel (GEOS 3.14) would mix functions of Debian's GEOS 3.11 with its bundled ones on the same
objects. QGIS imports shapely itself, before any plugin, so this cannot be done later. Python alone does not have
the problem.
"""

import os
import sys
from importlib.machinery import ExtensionFileLoader

WHEELS = {"shapely", "pyproj", "pyogrio", "fiona"}
_create_module = ExtensionFileLoader.create_module


def create_module(self, spec):
    """Return an extension module; libraries of `WHEELS` are loaded with their own symbols first."""
    if spec.name.partition(".")[0] not in WHEELS:
        return _create_module(self, spec)
    flags = sys.getdlopenflags()
    sys.setdlopenflags(os.RTLD_NOW | os.RTLD_DEEPBIND)
    try:
        return _create_module(self, spec)
    finally:
        sys.setdlopenflags(flags)


if hasattr(os, "RTLD_DEEPBIND"):
    ExtensionFileLoader.create_module = create_module
