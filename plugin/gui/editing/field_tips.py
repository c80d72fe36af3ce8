# SPDX-License-Identifier: GPL-2.0-or-later
"""What the data dictionary says of a field, where the field is filled in: a line in the tool tips of a form."""

from __future__ import annotations

from functools import lru_cache
from html import escape

from qgis.core import QgsProject
from qgis.gui import QgsAttributeForm
from qgis.PyQt.QtWidgets import QLabel, QWidget

from ...bridge.editing.forms import role_of_form
from ...bridge.project import county
from ...bridge.settings import interface_language
from ...core.standard import load_standard

_TOLD = "sanxianTold"


@lru_cache(maxsize=4)
def _dictionary(standard: str, lang: str):
    from ...core.render.dictionary import Dictionary

    return Dictionary(load_standard(standard), lang)


def add_tips(form: QgsAttributeForm) -> None:
    """To the label and the widget of every field that the layer's template has; once for each form."""
    layer = form.layer()
    role = role_of_form(layer) if layer is not None else ""
    if not role or form.property(_TOLD):
        return
    form.setProperty(_TOLD, True)
    book = _dictionary(county.options(QgsProject.instance()).norm().standard.key, interface_language())
    notes = {name: book.field_note(role, name.upper()) for name in layer.fields().names()}
    for widget in form.findChildren(QWidget):
        note = notes.get(widget.objectName(), "")
        if note:
            widget.setToolTip(note)
    for label in form.findChildren(QLabel):
        buddy = label.buddy()
        note = notes.get(buddy.objectName(), "") if buddy is not None else ""
        if note:
            label.setToolTip(f"{label.toolTip()}<br>{escape(note)}" if label.toolTip() else note)
