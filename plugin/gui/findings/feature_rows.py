# SPDX-License-Identifier: GPL-2.0-or-later
"""List the features of a finding in the detail pane: map stroke, layer, key, and buttons to select or open them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPen, QPixmap
from qgis.PyQt.QtWidgets import QGridLayout, QLabel, QToolButton, QWidget

from ...bridge.texts import tr
from .features import FeatureRef, features_of
from .map_marks import FIRST, SECOND
from .result import Result

#: Maximum number of listed features; a finding may name hundreds.
LISTED = 6


def feature_rows(
    result: Result, finding: Any, select: Callable[[FeatureRef], None], form: Callable[[FeatureRef], None]
) -> QWidget | None:
    """Return a row for each feature, or None without features. ``select``, ``form``: callbacks of the buttons."""
    refs = features_of(finding)
    if not refs:
        return None
    box = QWidget()
    box.setObjectName("SanxianFeatures")
    layout = QGridLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setColumnStretch(1, 1)
    for row, ref in enumerate(refs[:LISTED]):
        own = (ref.role, ref.key) == (finding.role, finding.key)
        sample = QLabel()
        sample.setPixmap(stroke_sample(FIRST if own else SECOND, sample))
        layout.addWidget(sample, row, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addWidget(_make_label(_describe_feature(result, ref, finding.field if own else "")), row, 1)
        what = (tr("Select"), tr("Select the feature in its layer"), select)
        form_of = (tr("Attribute Form"), tr("Open the feature's form"), form)
        for column, (text, tip, action) in enumerate((what, form_of), 2):
            layout.addWidget(_make_button(text, tip, ref, action), row, column, Qt.AlignmentFlag.AlignVCenter)
    if len(refs) > LISTED:
        layout.addWidget(_make_label(tr("and {count} more").format(count=len(refs) - LISTED)), LISTED, 1)
    return box


def stroke_sample(strokes: Any, widget: QWidget) -> QPixmap:
    """Return a sample of a feature's outline on the map, on a light background in every theme."""
    em, ratio = widget.fontMetrics().height(), widget.devicePixelRatioF()
    size = QSize(2 * em, em)
    made = QPixmap(size * ratio)
    made.setDevicePixelRatio(ratio)
    made.fill(QColor("#F4F4EE"))
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    for name, opacity, width, style in strokes:
        colour = QColor(name)
        colour.setAlphaF(opacity)
        pen = QPen(colour, width * em, style)
        painter.setPen(pen)
        painter.drawLine(0, em // 2, size.width(), em // 2)
    painter.end()
    return made


def _describe_feature(result: Result, ref: FeatureRef, field: str) -> str:
    """Return layer name and full key; also the feature id if the key is missing or repeated."""
    template = result.checked.plan.norm.standard.templates.get(ref.role)
    name = template.name if template is not None and result.texts.lang == "zh" else ref.role
    number = tr("feature id {fid}").format(fid=ref.fid) if ref.fid is not None else ""
    return "\n".join((name, " · ".join(part for part in (ref.key, number, field) if part)))


def _make_label(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _make_button(text: str, tip: str, ref: FeatureRef, action: Callable[[FeatureRef], None]) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(f"{tip}: {ref.role} {ref.key}")
    button.clicked.connect(lambda: action(ref))
    return button
