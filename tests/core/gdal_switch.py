# SPDX-License-Identifier: GPL-2.0-or-later
"""Temporary switch of GDAL exceptions, independent of the state that QGIS and other plugins left."""

from collections.abc import Iterator
from contextlib import contextmanager

from osgeo import gdal, ogr, osr

_MODULES = {"gdal": gdal, "ogr": ogr, "osr": osr}
#: Before 3.7 GDAL stacks the handlers of its modules and removes only the top one.
_PILE = "__chain_python_error_handlers"


@contextmanager
def gdal_raises(on: bool) -> Iterator[None]:
    """Switch exceptions of GDAL on or off within the context and restore the state."""
    before = _switch_off()
    if on:
        gdal.UseExceptions()
    try:
        yield
    finally:
        _switch_off()
        for name in reversed(before):
            _MODULES[name].UseExceptions()


def _switch_off() -> list[str]:
    """Switch exceptions off; return the modules that raised, the last one first."""
    pile = (gdal.GetConfigOption(_PILE) or "").split()
    names = [name for name, module in _MODULES.items() if module.GetUseExceptions()]
    names.sort(key=lambda name: pile.index(name) if name in pile else len(pile))
    for name in names:
        _MODULES[name].DontUseExceptions()
    return names
