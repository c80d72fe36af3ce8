# SPDX-License-Identifier: GPL-2.0-or-later
"""Additions to open attribute forms: search in code lists, constraint errors, names of codes.

The user types a code or a part of a name, or chooses level by level. A value that is not in the list stays visible
with a note. The forms use QGIS's value map, so a project opens with the same lists without the plugin; this module
makes the drop-down lists searchable when a form gets the focus.
"""

from __future__ import annotations

from functools import lru_cache, partial
from html import escape
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsFeature,
    QgsFieldConstraints,
    QgsProject,
    QgsVectorLayer,
    QgsVectorLayerUtils,
)
from qgis.gui import QgsAttributeEditorContext, QgsAttributeForm
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QEvent, QObject, Qt, QTimer
from qgis.PyQt.QtWidgets import QComboBox, QCompleter, QDialog, QLabel, QLineEdit, QMenu, QScrollArea, QStyle, QWidget

from ...bridge.editing.attribute_forms import LEVEL_INDENT, get_role_of_form
from ...bridge.editing.dependent_fields import DependentField, find_code_name, find_dependent_fields
from ...bridge.project import county
from ...bridge.running.tasks import log_error
from ...bridge.settings import get_interface_language
from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ...core.standard import load_standard
from ..widgets import add_menu_entry, show_menu, theme

_OBJECT_NAME = "SanxianFormReasons"
#: Maximum number of errors shown at once; the others are counted.
_MAX_REASONS = 3
_EDIT_MODES = (QgsAttributeEditorContext.Mode.SingleEditMode, QgsAttributeEditorContext.Mode.AddFeatureMode)
_TIPS_ADDED_PROPERTY = "sanxianTold"
#: Shorter lists need no search.
_MAX_PLAIN_ROWS = 6
_VISIBLE_ROWS = 14
#: Minimum width of a list, in digits of an unknown code with its note, including room for the buttons.
_CODE_DIGITS = 11


def attach_form_help(form: QgsAttributeForm) -> None:
    """Attach error messages and updates to an attribute form, once.

    Only to forms made by `bridge.editing.attribute_forms`.
    """
    layer = form.layer()
    if layer is None or not get_role_of_form(layer) or form.findChild(QLabel, _OBJECT_NAME) is not None:
        return
    theme.keep_alive(_FormHelp(form, layer))
    for area in form.findChildren(QScrollArea):
        if area.widget() is not None and area.widgetResizable():
            theme.keep_alive(_WidthFitter(area))


def find_constraint_errors(layer: QgsVectorLayer, feature: Any) -> list[str]:
    """Return a message for each field with a constraint that a feature violates, also one that only warns."""
    constraint_errors = []
    any_strength = QgsFieldConstraints.ConstraintStrength.ConstraintStrengthNotSet
    for index in range(layer.fields().count()):
        valid, errors = QgsVectorLayerUtils.validateAttribute(layer, feature, index, any_strength)
        if not valid:
            constraint_errors.append(
                layer.constraintDescription(index) or f"{layer.attributeDisplayName(index)}: {errors[0]}"
            )
    return constraint_errors


class _FormHelp(QObject):
    """Shows constraint errors of one attribute form and updates its dependent fields."""

    def __init__(self, form: QgsAttributeForm, layer: QgsVectorLayer):
        super().__init__(form)
        self._form, self._layer = form, layer
        self._dependent: list[DependentField] = [
            one for one in find_dependent_fields(layer) if one.source_index is not None
        ]
        self._label = QLabel(
            form,
            objectName=_OBJECT_NAME,
            wordWrap=True,
            textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse,
            margin=9,
        )
        theme.set_text_color(self._label, theme.get_text_color("error"))
        form.layout().insertWidget(0, self._label)
        form.widgetValueChanged.connect(self._on_field_changed)
        self._show_constraint_errors()

    def _on_field_changed(self, name: str, value: Any, _changed: bool) -> None:
        if self._form.mode() in _EDIT_MODES:
            index = self._layer.fields().lookupField(name)
            for field in self._dependent:
                if field.source_index != index:
                    continue
                try:
                    code_name = find_code_name(field, value)
                except (SanxianError, ImportError) as error:
                    log_error(error)
                    continue
                if code_name is not None:
                    self._form.changeAttribute(self._layer.fields().at(field.target_index).name(), code_name)
        self._show_constraint_errors()

    def _show_constraint_errors(self) -> None:
        reasons = []
        if self._layer.isEditable() and self._form.mode() in _EDIT_MODES:
            feature, null_text = QgsFeature(self._form.currentFormFeature()), QgsApplication.nullRepresentation()
            feature.setAttributes([None if value == null_text else value for value in feature.attributes()])
            reasons = find_constraint_errors(self._layer, feature)
        shown_reasons = reasons[:_MAX_REASONS]
        if len(reasons) > _MAX_REASONS:
            shown_reasons.append(tr("{count} more fields need correction.").format(count=len(reasons) - _MAX_REASONS))
        former_height = self._label.height() if self._label.isVisible() else 0
        self._label.setText("\n".join(shown_reasons))
        self._label.setVisible(bool(shown_reasons))
        window = self._form.window()
        # Enlarge a dialog without a scroll area; otherwise the fields would shrink.
        if (
            shown_reasons
            and window.isVisible()
            and isinstance(window, QDialog)
            and not self._form.findChildren(QScrollArea)
        ):
            extra_height = (
                self._label.heightForWidth(self._form.width()) + self._form.layout().spacing() - former_height
            )
            # QGIS gives the next form the height of this one: it grows no further than its contents need.
            height = min(window.height() + max(extra_height, 0), window.sizeHint().height())
            window.resize(window.width(), max(window.height(), height))


class _WidthFitter(QObject):
    """Keeps a scroll area as wide as its contents, so that it scrolls only vertically."""

    def __init__(self, area: QScrollArea):
        super().__init__(area)
        self._area = area
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.widget().installEventFilter(self)
        # Layouts have their new sizes only after the current event.
        self._later = QTimer(self, singleShot=True, interval=0, timeout=self._fit_width)
        self._later.start()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if event is not None and event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            self._later.start()
        return False

    def _fit_width(self) -> None:
        area, inside = self._area, self._area.widget()
        if inside is not None:
            bar = area.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
            area.setMinimumWidth(inside.minimumSizeHint().width() + bar + 2 * area.frameWidth())


@lru_cache(maxsize=4)
def _read_dictionary(standard: str, lang: str):
    from ...core.render.dictionary import DataDictionary

    return DataDictionary(load_standard(standard), lang)


def add_field_tooltips(form: QgsAttributeForm) -> None:
    """Add tool tips to label and widget of every field of the layer's template, once."""
    layer = form.layer()
    role = get_role_of_form(layer) if layer is not None else ""
    if not role or form.property(_TIPS_ADDED_PROPERTY):
        return
    form.setProperty(_TIPS_ADDED_PROPERTY, True)
    dictionary = _read_dictionary(
        county.make_check_options(QgsProject.instance()).resolve_norm().standard.standard_key, get_interface_language()
    )
    notes = {name: dictionary.describe_field(role, name.upper()) for name in layer.fields().names()}
    for widget in form.findChildren(QWidget):
        if note := notes.get(widget.objectName(), ""):
            widget.setToolTip(note)
    for label in form.findChildren(QLabel):
        buddy = label.buddy()
        note = notes.get(buddy.objectName(), "") if buddy is not None else ""
        if note:
            label.setToolTip(f"{label.toolTip()}<br>{escape(note)}" if label.toolTip() else note)


class SearchableCodeLists(QObject):
    """Makes the code lists of a form searchable when it gets the keyboard focus."""

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        QgsApplication.instance().focusChanged.connect(self._on_focus_moved)

    def stop(self) -> None:
        QgsApplication.instance().focusChanged.disconnect(self._on_focus_moved)

    def _on_focus_moved(self, _old: QWidget | None, focused_widget: QWidget | None) -> None:
        widget = focused_widget
        outermost_form = None
        while widget is not None:
            # By class name: PyQt wraps a form created by QGIS as a plain widget.
            if widget.inherits("QgsAttributeForm"):
                outermost_form = widget
            widget = widget.parentWidget()
        if outermost_form is None:
            return
        form = sip.cast(outermost_form, QgsAttributeForm)
        make_code_lists_searchable(form)
        attach_form_help(form)
        try:
            add_field_tooltips(form)
        except (SanxianError, ImportError) as error:
            # A standard of the county may be missing: the form works without tips.
            log_error(error)


def make_code_lists_searchable(form: QgsAttributeForm) -> None:
    """Add the search to every code list of an attribute form that the plugin made.

    Forms of other layers are left unchanged.
    """
    layer = form.layer()
    if layer is None or not get_role_of_form(layer):
        return
    fields = layer.fields()
    for box in form.findChildren(QComboBox):
        # Exact class: QGIS's subclasses have other searches.
        index = fields.lookupField(box.objectName()) if type(box) is QComboBox else -1
        # The number of rows includes the blank one.
        if index < 0 or box.isEditable() or layer.editorWidgetSetup(index).type() != "ValueMap":
            continue
        listed_row_count = len(layer.editorWidgetSetup(index).config()["map"])
        _label_unknown_values(box, listed_row_count)
        if listed_row_count > _MAX_PLAIN_ROWS:
            theme.keep_alive(CodeSearch(box, listed_row_count))


def _label_unknown_values(box: QComboBox, listed_row_count: int) -> None:
    """Label values that are not in the code list.

    QGIS appends them to the list in brackets without explanation.
    """
    for row in range(listed_row_count, box.count()):
        box.setItemText(row, _format_unknown_value(str(box.itemData(row))))


def _format_unknown_value(code: str) -> str:
    return tr("{code} (not in the code list)").format(code=code)


class CodeSearch(QObject):
    """Search in the drop-down list of one field with codes.

    ``listed_row_count``: number of rows of the code list. Typed text selects a row, or stays as typed and is marked as
    not in the list; the constraint of the field rejects it.
    """

    def __init__(self, box: QComboBox, listed_row_count: int):
        super().__init__(box)
        self._box, self._listed = box, listed_row_count
        box.setEditable(True)
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.setMaxVisibleItems(_VISIBLE_ROWS)
        completer = QCompleter(
            box.model(),
            box,
            filterMode=Qt.MatchFlag.MatchContains,
            caseSensitivity=Qt.CaseSensitivity.CaseInsensitive,
            maxVisibleItems=_VISIBLE_ROWS,
        )
        box.setCompleter(completer)
        edit = box.lineEdit()
        theme.set_placeholder(edit, tr("Code or a part of the name"))
        edit.editingFinished.connect(self._accept_text)
        # List and completer write the label as it is in the list.
        edit.textChanged.connect(self._drop_indentation)
        box.currentIndexChanged.connect(self._show_label)
        box.setMinimumWidth(box.fontMetrics().horizontalAdvance(_format_unknown_value("9" * _CODE_DIGITS)))
        if any(depth for depth, _ in self._compute_levels()):
            action = edit.addAction(theme.load_icon("levels"), QLineEdit.ActionPosition.TrailingPosition)
            action.setToolTip(tr("Choose level by level"))
            action.triggered.connect(
                lambda _on=False: show_menu(self.make_levels_menu(), box.mapToGlobal(box.rect().bottomLeft()))
            )
        self._show_label()

    def _compute_levels(self) -> list[tuple[int, int]]:
        """Return (level, row) of each row; the level follows from the indentation of its label."""
        labels = [self._box.itemText(row) for row in range(self._listed)]
        return [(len(label) - len(label.lstrip(LEVEL_INDENT)), row) for row, label in enumerate(labels)]

    def _drop_indentation(self, text: str) -> None:
        if text.startswith(LEVEL_INDENT):
            self._box.lineEdit().setText(text.lstrip(LEVEL_INDENT))

    def _show_label(self) -> None:
        """Show the label of the selected row without its indentation."""
        _label_unknown_values(self._box, self._listed)
        text = self._box.itemText(self._box.currentIndex()).strip()
        if self._box.lineEdit().text() != text:
            self._box.setEditText(text)
        self._box.lineEdit().setCursorPosition(0)

    def find_row(self, text: str) -> int:
        """Return the row of a code, a name, a label, or a unique beginning of a name or part of a label; -1 if none."""
        text = text.strip().lower()
        labels = [self._box.itemText(row).strip().lower() for row in range(self._listed)]
        for row, label in enumerate(labels):
            if text in (label, *label.split(" ", 1)):
                return row
        started = [row for row, label in enumerate(labels) if text and label.partition(" ")[2].startswith(text)]
        found = [row for row, label in enumerate(labels) if text and text in label]
        return next((rows[0] for rows in (started, found) if len(rows) == 1), -1)

    def _accept_text(self) -> None:
        typed_text = self._box.lineEdit().text().strip()
        if typed_text != self._box.itemText(self._box.currentIndex()).strip():
            row = self.find_row(typed_text) if typed_text else 0
            if row < 0:
                # A value that is not in the list gets a row; former rows of this kind are removed.
                for former_row in reversed(range(self._listed, self._box.count())):
                    if former_row != self._box.currentIndex():
                        self._box.removeItem(former_row)
                row = self._box.findData(typed_text)
            if row < 0:
                self._box.addItem(typed_text, typed_text)
                row = self._box.count() - 1
            self._box.setCurrentIndex(row)
        self._show_label()

    def make_levels_menu(self) -> QMenu:
        """Return the code list as nested menus, each beginning with its upper class."""
        levels = self._compute_levels()
        # Of the window: QGIS colours a box with a wrong value, and what is inside it, with a style sheet.
        root = QMenu(self._box.window())
        menus = [root]
        for position, (depth, row) in enumerate(levels):
            del menus[depth + 1 :]
            label = self._box.itemText(row).strip()
            has_children = position + 1 < len(levels) and levels[position + 1][0] > depth
            target = menus[-1]
            if has_children:
                target = target.addMenu(label)
                menus.append(target)
            add_menu_entry(target, label, partial(self._box.setCurrentIndex, row))
            if has_children:
                target.addSeparator()
        return root
