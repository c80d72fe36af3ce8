# SPDX-License-Identifier: GPL-2.0-or-later
"""The finding or rule that is selected: what, where, how much, why, how to fix, on what ground."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsApplication
from qgis.gui import QgsScrollArea
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QFormLayout, QFrame, QGridLayout, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from ...bridge.texts import tr
from ..widgets import look
from ..widgets.source_mark import mark_label
from . import waiver_rows
from .feature_rows import feature_rows
from .features import features_of
from .groups import ASIDE, Group, area_of, kind_of
from .result import Result, Source


class DetailPane(QgsScrollArea):
    """Rebuilt for each selection: it is a dozen labels."""

    helpRequested = pyqtSignal(str)
    #: A feature of the finding to select, with all features of that finding.
    featureChosen = pyqtSignal(object, list)
    formRequested = pyqtSignal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setObjectName("SanxianDetail")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.show_nothing()

    def show_nothing(self) -> None:
        page = QWidget()
        layout = QVBoxLayout(page)
        label = text_label(tr("Select a finding to see why, how to fix it and its source."))
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(label)
        self.setWidget(page)

    def show_group(self, result: Result, group: Group) -> None:
        """A rule: its figures, and why it was skipped."""
        page, layout = self._page(look.KIND_ICONS[group.kind()], f"{group.code}  {group.title}", group.code)
        if group.findings:
            text, area = tr("{count} findings").format(count=len(group.findings)), area_of(group.findings)
            if group.shown != len(group.findings):
                text = tr("{shown} of {count} findings in view")
                text, area = text.format(shown=group.shown, count=len(group.findings)), group.shown_area
            layout.addWidget(text_label(f"{text}  {area_text(area)}" if area is not None else text))
        form = form_layout()
        if group.aside:
            word = look.outcome_word(group.standing) if group.standing in ASIDE else tr("Partly checked")
            form.addRow(
                row_label(tr("State")), text_label(tr("{word}. {reason}").format(word=word, reason=group.reason))
            )
        self._ground(form, result, group.code)
        layout.addLayout(form)
        layout.addStretch()
        self.setWidget(page)

    def show_finding(self, result: Result, group: Group, finding: Any) -> None:
        page, layout = self._page(look.KIND_ICONS[kind_of(finding)], group.title, group.code)
        layout.addWidget(text_label(figures(finding)))
        refs = features_of(finding)
        features = feature_rows(
            result, finding, lambda ref: self.featureChosen.emit(ref, refs), self.formRequested.emit
        )
        keys = keys_text(finding) if features is None else ""
        if keys:
            layout.addWidget(text_label(keys))
        form = form_layout()
        if features is not None:
            form.addRow(row_label(tr("Its features")), features)
        form.addRow(row_label(tr("What")), text_label(finding.message))
        # Who accepted it comes before how to mend it.
        state = [(tr("State"), waiver_rows.state_text(finding)), *waiver_rows.rows(finding)]
        if len(state) == 1:
            self._ground(form, result, group.code)
        for label, text in state:
            form.addRow(row_label(label), text_label(text))
        if len(state) > 1:
            self._ground(form, result, group.code)
        layout.addLayout(form)
        layout.addStretch()
        self.setWidget(page)

    def _page(self, icon: str, title: str, code: str) -> tuple[QWidget, QVBoxLayout]:
        page = QWidget()
        layout = QVBoxLayout(page)
        head = QHBoxLayout()
        mark = QLabel()
        size = QgsApplication.scaleIconSize(16, True)
        mark.setPixmap(look.pixmap(icon, size, self.devicePixelRatioF()))
        head.addWidget(mark)
        name = text_label(title)
        font = name.font()
        font.setBold(True)
        name.setFont(font)
        head.addWidget(name, 1)
        button = QToolButton()
        button.setObjectName("SanxianHelp")
        button.setText(tr("Help"))
        button.setToolTip(tr("What the rule checks, its limits and parameters (F1)"))
        button.setAutoRaise(True)
        button.clicked.connect(lambda: self.helpRequested.emit(code))
        head.addWidget(button)
        layout.addLayout(head)
        return page, layout

    def _ground(self, form: QFormLayout, result: Result, code: str) -> None:
        why, fix = result.why_and_fix(code)
        if why:
            form.addRow(row_label(tr("Why")), text_label(why))
            form.addRow(row_label(tr("How to fix")), text_label(fix))
        sources = result.sources(code)
        if sources:
            form.addRow(row_label(tr("Source")), source_list(sources))
        parameters = result.parameters(code)
        if parameters:
            form.addRow(row_label(tr("Parameters")), text_label("\n".join(parameters)))


def area_text(area_m2: float | None) -> str:
    from ...core.messages.texts import area_text as text

    return text(area_m2)


def figures(finding: Any) -> str:
    """永安镇  12 640.35 m²（图斑椭球面积）  净面积 …  宽 71.2 m."""
    from ...core.messages.texts import width_text

    parts = [finding.township] if finding.township else []
    if finding.area_m2 is not None:
        parts.append(tr("{area} (statutory area)").format(area=area_text(finding.area_m2)))
    if finding.net_area_m2 is not None:
        parts.append(tr("net {area}").format(area=area_text(finding.net_area_m2)))
    if finding.width_m is not None:
        parts.append(tr("width {width} m").format(width=width_text(finding.width_m, 1)))
    # A line breaks between the figures, not between a figure and its unit.
    parts = [part.replace(" ", "\u00a0") for part in parts]
    return tr("  ").join(parts) if parts else tr("No place on the map")


def keys_text(finding: Any) -> str:
    """CZKFBJ 140225…000003 ↔ YJJBNTBHTB …: whole keys, to be copied."""

    def side(role, keys):
        return " ".join(t for t in (role, ", ".join(k for k in keys if k)) if t)

    own = side(finding.role, [finding.key])
    if finding.field:
        own = f"{own}.{finding.field}" if own else finding.field
    related = side(finding.related_role, finding.related_keys)
    return f"{own} ↔ {related}" if related else own


def text_label(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label


def row_label(text: str) -> QLabel:
    label = QLabel(text)
    label.setAlignment(Qt.AlignmentFlag.AlignTop)
    return look.stand_back(label)


def form_layout() -> QFormLayout:
    form = QFormLayout()
    form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form


def source_list(sources: list[Source]) -> QWidget:
    box = QWidget()
    layout = QGridLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setColumnStretch(1, 1)
    for row, source in enumerate(sources):
        text = source.text
        if not source.confirmed:
            text = tr("{setting} (not confirmed by this county)").format(setting=text)
        layout.addWidget(mark_label(source.mark), row, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(text_label(text), row, 1)
    return box
