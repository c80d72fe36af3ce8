# SPDX-License-Identifier: GPL-2.0-or-later
"""Search and levels in the code lists of our forms: type a code or a part of a name, or walk down from class to class.
A value that the list does not have stays visible and says so.

The form keeps QGIS's own value map, so a project opens with the same lists where the plugin is missing; here its drop-down
lists are made searchable as soon as a form gets the focus.
"""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.gui import QgsAttributeForm
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, Qt
from qgis.PyQt.QtWidgets import QComboBox, QCompleter, QLineEdit, QMenu, QWidget

from ...bridge.editing.forms import INDENT, role_of_form
from ...bridge.running.tasks import log_error
from ...bridge.texts import tr
from ...core.errors import SanxianError
from ..widgets import look
from .form_help import add_tips, attach_form_help

#: A list of fewer rows is seen at once.
_FEW = 6
_SHOWN = 14
#: Minimum width of a list, in digits of an unknown code with its note, including room for the buttons.
_ROOM = 11


class CodeBoxes(QObject):
    """Watches the focus, which moves seldom; `stop` ends it."""

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        QgsApplication.instance().focusChanged.connect(self._moved)

    def stop(self) -> None:
        QgsApplication.instance().focusChanged.disconnect(self._moved)

    def _moved(self, _old: QWidget | None, now: QWidget | None) -> None:
        form = _form_around(now)
        if form is None:
            return
        make_searchable(form)
        attach_form_help(form)
        try:
            add_tips(form)
        except (SanxianError, ImportError) as error:
            # A county's own standard may be gone: the form works without tips.
            log_error(error)


def _form_around(widget: QWidget | None) -> QgsAttributeForm | None:
    """The outermost form: one of a layer related to it has lists of its own inside."""
    found = None
    while widget is not None:
        # By name: PyQt knows a form that QGIS made for no more than a widget.
        if widget.inherits("QgsAttributeForm"):
            found = widget
        widget = widget.parentWidget()
    return None if found is None else sip.cast(found, QgsAttributeForm)


def make_searchable(form: QgsAttributeForm) -> None:
    """The value lists of a form made by `bridge.editing.forms`; those of other layers are left as they are."""
    layer = form.layer()
    if layer is None or not role_of_form(layer):
        return
    fields = layer.fields()
    for box in form.findChildren(QComboBox):
        # By its very class: combo boxes of QGIS's own are searched in other ways.
        index = fields.lookupField(box.objectName()) if type(box) is QComboBox else -1
        # Rows, the blank one with them.
        if index < 0 or box.isEditable() or layer.editorWidgetSetup(index).type() != "ValueMap":
            continue
        listed = len(layer.editorWidgetSetup(index).config()["map"])
        _label_unknown(box, listed)
        if listed > _FEW:
            look.keep_alive(CodeSearch(box, listed), box)


def _label_unknown(box: QComboBox, listed: int) -> None:
    """Label values that are not in the code list; QGIS appends them to the list in brackets without explanation."""
    for row in range(listed, box.count()):
        box.setItemText(row, _format_unknown(str(box.itemData(row))))


def _format_unknown(code: str) -> str:
    return tr("{code} (not in the code list)").format(code=code)


class CodeSearch(QObject):
    """Search in one code list of ``listed`` rows.

    Typed text selects a row, or stays as typed and is marked as not in the list; the constraint of the field rejects it.
    """

    def __init__(self, box: QComboBox, listed: int):
        super().__init__(box)
        self._box, self._listed = box, listed
        box.setEditable(True)
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.setMaxVisibleItems(_SHOWN)
        completer = QCompleter(box.model(), box)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setMaxVisibleItems(_SHOWN)
        box.setCompleter(completer)
        edit = box.lineEdit()
        edit.setPlaceholderText(tr("Code or a part of the name"))
        edit.editingFinished.connect(self._settle)
        box.currentIndexChanged.connect(self._show)
        box.setMinimumWidth(box.fontMetrics().horizontalAdvance(_format_unknown("9" * _ROOM)))
        if any(depth for depth, _ in self._levels()):
            action = edit.addAction(look.icon("levels"), QLineEdit.ActionPosition.TrailingPosition)
            action.setToolTip(tr("Choose level by level"))
            action.triggered.connect(self._open_levels)
        self._show()

    def _levels(self) -> list[tuple[int, int]]:
        """(depth, row) of every row, as its label is indented."""
        labels = [self._box.itemText(row) for row in range(self._listed)]
        return [(len(label) - len(label.lstrip(INDENT)), row) for row, label in enumerate(labels)]

    def _show(self) -> None:
        """Indents belong to the list, not to what was chosen from it."""
        _label_unknown(self._box, self._listed)
        text = self._box.itemText(self._box.currentIndex()).strip()
        if self._box.lineEdit().text() != text:
            self._box.setEditText(text)
        self._box.lineEdit().setCursorPosition(0)

    def row_of(self, text: str) -> int:
        """The row that a text means: a code, a name, a whole label, else the only one that holds it; -1 for none."""
        text = text.strip().lower()
        labels = [self._box.itemText(row).strip().lower() for row in range(self._listed)]
        exact = [row for row, label in enumerate(labels) if text in (label, *label.split(" ", 1))]
        within = exact or [row for row, label in enumerate(labels) if text and text in label]
        return within[0] if len(within) == 1 or exact else -1

    def _settle(self) -> None:
        typed = self._box.lineEdit().text().strip()
        current = self._box.itemText(self._box.currentIndex()).strip()
        if typed != current:
            row = self.row_of(typed) if typed else 0
            self._box.setCurrentIndex(row if row >= 0 else self._row_for_unknown(typed))
        self._show()

    def _row_for_unknown(self, typed: str) -> int:
        """Append a row for a value that is not in the list, remove former such rows, and return its number."""
        for row in reversed(range(self._listed, self._box.count())):
            if row != self._box.currentIndex():
                self._box.removeItem(row)
        row = self._box.findData(typed)
        if row < 0:
            self._box.addItem(typed, typed)
            row = self._box.count() - 1
        return row

    def _open_levels(self) -> None:
        menu = self.levels_menu()
        menu.exec(self._box.mapToGlobal(self._box.rect().bottomLeft()))
        menu.deleteLater()

    def levels_menu(self) -> QMenu:
        """The list as menus within menus; a class that has others below it stands first among them."""
        levels = self._levels()
        top = QMenu(self._box)
        menus = [top]
        for place, (depth, row) in enumerate(levels):
            del menus[depth + 1 :]
            label = self._box.itemText(row).strip()
            inside = place + 1 < len(levels) and levels[place + 1][0] > depth
            target = menus[-1]
            if inside:
                target = target.addMenu(label)
                menus.append(target)
            action = target.addAction(label)
            action.triggered.connect(lambda _checked=False, row=row: self._box.setCurrentIndex(row))
            if inside:
                target.addSeparator()
        return top
