# SPDX-License-Identifier: GPL-2.0-or-later
"""List the errors that prevent saving a form, in one line above its buttons, with links to the fields."""

from __future__ import annotations

from html import escape

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QAbstractScrollArea, QScrollArea, QWidget

from ...bridge.texts import tr
from ..widgets.sections import Notice
from .form import FormError


class FormErrorList(Notice):
    def __init__(self, parent=None):
        super().__init__(parent)
        self._widgets: list[QWidget] = []
        self.label.setTextFormat(Qt.TextFormat.RichText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.label.linkActivated.connect(self._go)
        self.show_message("error", "")

    def show_errors(self, errors: list[FormError]) -> None:
        """Show a link to each field with errors; hide without errors."""
        named: dict[str, FormError] = {}
        for error in errors:
            named.setdefault(error.name, error)
        self._widgets = [error.widget for error in named.values()]
        links = " ".join(f'<a href="{n}">{escape(name)}</a>' for n, name in enumerate(named))
        text = tr("<b>{count} to correct</b> {links} Correct them before saving; the reason is below each field.")
        self.show_message("error", text.format(count=len(errors), links=links) if errors else "")

    def _go(self, link: str) -> None:
        widget = self._widgets[int(link)]
        above = widget.parentWidget()
        while above is not None:
            if isinstance(above, QScrollArea) and isinstance(above, QAbstractScrollArea):
                above.ensureWidgetVisible(widget)
            above = above.parentWidget()
        widget.setFocus(Qt.FocusReason.OtherFocusReason)
