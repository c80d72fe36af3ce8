# SPDX-License-Identifier: GPL-2.0-or-later
"""Additions to open attribute forms: constraint errors, names of codes."""

from __future__ import annotations

from functools import lru_cache
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
from qgis.PyQt.QtCore import QEvent, QObject, Qt
from qgis.PyQt.QtWidgets import QDialog, QLabel, QScrollArea, QStyle, QWidget

from ...bridge.editing.attribute_forms import get_role_of_form
from ...bridge.editing.dependent_fields import DependentField, find_code_name, find_dependent_fields
from ...bridge.project import county
from ...bridge.running.tasks import log_error
from ...bridge.settings import get_interface_language
from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ...core.standard import load_standard
from ..widgets import theme

_ANY_STRENGTH = QgsFieldConstraints.ConstraintStrength.ConstraintStrengthNotSet
_OBJECT_NAME = "SanxianFormReasons"
#: Maximum number of errors shown at once; the others are counted.
_MAX_REASONS = 3
_LABEL_MARGIN = 9
_EDIT_MODES = (QgsAttributeEditorContext.Mode.SingleEditMode, QgsAttributeEditorContext.Mode.AddFeatureMode)


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
    for index in range(layer.fields().count()):
        valid, errors = QgsVectorLayerUtils.validateAttribute(layer, feature, index, _ANY_STRENGTH)
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
            margin=_LABEL_MARGIN,
        )
        theme.set_text_color(self._label, lambda: theme.get_text_color("error"))
        form.layout().insertWidget(0, self._label)
        form.widgetValueChanged.connect(self._on_field_changed)
        self._show_constraint_errors()

    def _on_field_changed(self, name: str, value: Any, _changed: bool) -> None:
        if self._form.mode() in _EDIT_MODES:
            index = self._layer.fields().lookupField(name)
            for field in self._dependent:
                if field.source_index == index:
                    self._update_dependent_field(field, value)
        self._show_constraint_errors()

    def _update_dependent_field(self, field: DependentField, code: Any) -> None:
        try:
            name = find_code_name(field, code)
        except (SanxianError, ImportError) as error:
            log_error(error)
            return
        if name is not None:
            self._form.changeAttribute(self._layer.fields().at(field.target_index).name(), name)

    def _show_constraint_errors(self) -> None:
        reasons = []
        if self._layer.isEditable() and self._form.mode() in _EDIT_MODES:
            feature = QgsFeature(self._form.currentFormFeature())
            null_text = QgsApplication.nullRepresentation()
            for index, value in enumerate(feature.attributes()):
                if value == null_text:
                    feature.setAttribute(index, None)
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
            window.resize(window.width(), window.height() + max(extra_height, 0))


class _WidthFitter(QObject):
    """Keeps a scroll area as wide as its contents, so that it scrolls only vertically."""

    def __init__(self, area: QScrollArea):
        super().__init__(area)
        self._area = area
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.widget().installEventFilter(self)
        # Layouts have their new sizes only after the current event.
        self._later = theme.make_theme_change_timer(self, self._fit_width)
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


_TIPS_ADDED_PROPERTY = "sanxianTold"


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
        note = notes.get(widget.objectName(), "")
        if note:
            widget.setToolTip(note)
    for label in form.findChildren(QLabel):
        buddy = label.buddy()
        note = notes.get(buddy.objectName(), "") if buddy is not None else ""
        if note:
            label.setToolTip(f"{label.toolTip()}<br>{escape(note)}" if label.toolTip() else note)
