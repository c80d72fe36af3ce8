# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether GDAL raises, chosen for a while, whatever this process has chosen before (QGIS's Processing and other plugins do)."""

from collections.abc import Iterator
from contextlib import contextmanager

from osgeo import gdal, ogr, osr

_MODULES = {"gdal": gdal, "ogr": ogr, "osr": osr}
#: Before 3.7 GDAL piles up the handlers of its modules, the last one first, and lets go of the uppermost only.
_PILE = "__chain_python_error_handlers"


@contextmanager
def gdal_raises(on: bool) -> Iterator[None]:
    """GDAL raises, or does not, within; afterwards all is as it was."""
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
    """The modules that raised, the last one first."""
    pile = (gdal.GetConfigOption(_PILE) or "").split()
    names = [name for name, module in _MODULES.items() if module.GetUseExceptions()]
    names.sort(key=lambda name: pile.index(name) if name in pile else len(pile))
    for name in names:
        _MODULES[name].DontUseExceptions()
    return names
