# SPDX-License-Identifier: GPL-2.0-or-later
"""Temporary switch of GDAL exceptions that restores the former state."""

from collections.abc import Iterator
from contextlib import contextmanager

from osgeo import gdal, ogr, osr

_MODULES = {"gdal": gdal, "ogr": ogr, "osr": osr}
#: Before 3.7 GDAL stacks the handlers of its modules and removes only the top one.
_ERROR_HANDLER_STACK = "__chain_python_error_handlers"


@contextmanager
def gdal_raises(on: bool) -> Iterator[None]:
    """Switch exceptions of GDAL on or off inside a with block, then restore them."""
    before = _switch_exceptions_off()
    if on:
        gdal.UseExceptions()
    try:
        yield
    finally:
        _switch_exceptions_off()
        for name in reversed(before):
            _MODULES[name].UseExceptions()


def _switch_exceptions_off() -> list[str]:
    """Switch GDAL exceptions off; return the names of the modules that had them on."""
    pile = (gdal.GetConfigOption(_ERROR_HANDLER_STACK) or "").split()
    names = [name for name, module in _MODULES.items() if module.GetUseExceptions()]
    names.sort(key=lambda name: pile.index(name) if name in pile else len(pile))
    for name in names:
        _MODULES[name].DontUseExceptions()
    return names
