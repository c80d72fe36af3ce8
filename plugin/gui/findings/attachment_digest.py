# SPDX-License-Identifier: GPL-2.0-or-later
"""Size and SHA-256 of a file, computed in blocks without blocking the dialog."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

_BLOCK_BYTES = 1 << 20
#: Delay after the last key press before the file is read.
_START_DELAY_MS = 200


class AttachmentDigest(QObject):
    """Computes size and SHA-256 of the attachment of a waiver, one file at a time.

    Signal ``changed``: one of the attributes has changed: `busy` (True while reading), `problem` (why the file cannot
    be read), `size` (bytes), `digest` (SHA-256). All are empty without a path.
    """

    changed = pyqtSignal()

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._path = ""
        self._file: BinaryIO | None = None
        self._clear_digest()
        self._wait = QTimer(self, singleShot=True, interval=_START_DELAY_MS, timeout=self._begin_reading)
        self._pieces = QTimer(self, interval=0, timeout=self._read_block)

    def _clear_digest(self) -> None:
        self.busy, self.problem, self.size, self.digest = False, False, 0, ""

    def start_reading(self, path: str) -> None:
        """Start reading another file and discard the result for the former one."""
        self.stop()
        self._path = path
        self._clear_digest()
        self.busy = bool(path)
        if path:
            self._wait.start()
        self.changed.emit()

    def stop(self) -> None:
        """Stop reading the file."""
        self._wait.stop()
        self._pieces.stop()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin_reading(self) -> None:
        path = Path(self._path)
        try:
            self.size = path.stat().st_size
            self._file = path.open("rb")
        except (OSError, ValueError):
            self._show_read_error()
            return
        self._running_hash = hashlib.sha256()
        self._pieces.start()

    def _read_block(self) -> None:
        if self._file is None:
            return
        try:
            piece = self._file.read(_BLOCK_BYTES)
        except OSError:
            self._show_read_error()
            return
        if piece:
            self._running_hash.update(piece)
            return
        self.stop()
        self.busy, self.digest = False, self._running_hash.hexdigest()
        self.changed.emit()

    def _show_read_error(self) -> None:
        self.stop()
        self._clear_digest()
        self.problem = True
        self.changed.emit()
