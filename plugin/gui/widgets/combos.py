# SPDX-License-Identifier: GPL-2.0-or-later
"""Entries of combo boxes, each a text with data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qgis.PyQt.QtCore import QSignalBlocker
from qgis.PyQt.QtWidgets import QComboBox


def add_entries(combo: QComboBox, entries: Iterable[tuple[str, Any]]) -> None:
    """Append entries, (text, data) each."""
    for text, data in entries:
        combo.addItem(text, data)


def fill_combo(combo: QComboBox, entries: Iterable[tuple[str, Any]], chosen: Any = None) -> None:
    """Replace all entries, and choose that with the data ``chosen``, else the first; without signals."""
    with QSignalBlocker(combo):
        combo.clear()
        add_entries(combo, entries)
        combo.setCurrentIndex(max(combo.findData(chosen), 0))


def choose_or_add_entry(combo: QComboBox, data: Any, text: str = "") -> None:
    """Choose the entry with this data; append it first if the combo box lacks it, with the data as text without one."""
    if combo.findData(data) < 0:
        combo.addItem(text or str(data), data)
    combo.setCurrentIndex(combo.findData(data))
