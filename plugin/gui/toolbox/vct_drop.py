# SPDX-License-Identifier: GPL-2.0-or-later
"""Import of VCT files dropped on map or layer tree.

QGIS would open them with its Idrisi reader.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qgis.gui import QgsCustomDropHandler
from qgis.PyQt.QtCore import QTimer

#: Comments may come before the header.
_HEADER_BYTES = 8192


def is_vct_file(path: str) -> bool:
    """Return True if the file begins as GB/T 17798 requires; False also for an unreadable one."""
    try:
        with open(path, "rb") as file:
            start = file.read(_HEADER_BYTES)
    except OSError:
        return False
    lines = start.removeprefix(b"\xef\xbb\xbf").splitlines()
    return any(line.strip().lower() == b"headbegin" for line in lines)


class VctDropHandler(QgsCustomDropHandler):
    """Drop handler of VCT files; all other files are left to QGIS.

    ``on_dropped(path)`` is called after a VCT file was dropped.
    """

    def __init__(self, on_dropped: Callable[[str], None]):
        super().__init__()
        self._on_dropped = on_dropped

    def customUriProviderKey(self) -> str:
        return "sanxian_vct"

    def handleFileDrop(self, file: str) -> bool:
        if Path(file).suffix.lower() != ".vct" or not is_vct_file(file):
            return False
        # A dialog during the drop would block the program that the file comes from.
        QTimer.singleShot(0, lambda: self._on_dropped(file))
        return True
