# SPDX-License-Identifier: GPL-2.0-or-later
"""Details of the selected finding or rule: location, reason, remedy, basis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from qgis.core import QgsApplication, QgsVectorLayer
from qgis.gui import QgsScrollArea
from qgis.PyQt.QtCore import QPointF, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QPainter, QPixmap
from qgis.PyQt.QtWidgets import (
    QBoxLayout,
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...bridge.texts import tr
from ...core.render.worklist.worklist_row import WorkItem
from ..widgets import FittedWidget, fill_layout, make_row, make_row_widget, make_text_label, set_bold, theme
from .features import FeatureRef, get_layer_name, is_switched_off, list_feature_refs
from .groups import (
    NOT_RUN_OUTCOMES,
    FindingGroup,
    format_hectares_in_list,
    get_finding_kind,
    get_listed_rule,
    sum_finding_areas,
)
from .map_marks import FIRST_FEATURE_STROKES, SECOND_FEATURE_STROKES, draw_stroke_sample
from .navigation_bar import can_withdraw_waiver, find_waiver_refusal_text
from .result import CheckView

#: Maximum number of listed features; a finding may name hundreds.
MAX_LISTED_FEATURES = 6


def _make_feature_rows(
    result: CheckView,
    finding: Any,
    select_feature: Callable[[FeatureRef], None],
    open_form: Callable[[FeatureRef], None],
) -> QWidget | None:
    """Return a widget with one row for each feature of a finding; None without features.

    ``select_feature``, ``open_form``: callbacks of the buttons in a row.
    """
    refs = list_feature_refs(finding)
    if not refs:
        return None
    box = QWidget(objectName="SanxianFeatures")
    layout = QGridLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setColumnStretch(2, 1)
    for row, ref in enumerate(refs[:MAX_LISTED_FEATURES]):
        is_own_feature = (ref.role, ref.key) == (finding.role, finding.key)
        # Letters as in the label on the map.
        layout.addWidget(QLabel("A" if is_own_feature else "B"), row, 0, Qt.AlignmentFlag.AlignVCenter)
        strokes = FIRST_FEATURE_STROKES if is_own_feature else SECOND_FEATURE_STROKES
        layout.addWidget(QLabel(pixmap=_make_stroke_sample(strokes, box)), row, 1, Qt.AlignmentFlag.AlignVCenter)
        # The feature id in place of a key that is not unique.
        number = tr("feature id {fid}").format(fid=ref.fid) if ref.fid is not None else ""
        name = " · ".join(filter(None, (ref.key, number, finding.field if is_own_feature else "")))
        label = make_text_label(f"{get_layer_name(result, ref.role)}\n{name}")
        select_action = (tr("Select"), tr("Select the feature in its layer"), select_feature)
        form_action = (tr("Attribute Form"), tr("Open the feature's form"), open_form)
        buttons = [_make_button(text, tip, ref, action) for text, tip, action in (select_action, form_action)]
        layout.addWidget(_TextWithButtons(label, buttons), row, 2)
    if len(refs) > MAX_LISTED_FEATURES:
        layout.addWidget(
            make_text_label(tr("and {count} more").format(count=len(refs) - MAX_LISTED_FEATURES)),
            MAX_LISTED_FEATURES,
            2,
        )
    return box


class _TextWithButtons(FittedWidget, QWidget):
    """A text with buttons to its right, or below it where the panel is narrow."""

    def __init__(self, label: QLabel, buttons: Sequence[QToolButton]):
        super().__init__()
        self._label, self._buttons = label, QWidget()
        fill_layout(QHBoxLayout(self._buttons), *buttons, None, has_margins=False)
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        fill_layout(self._layout, (label, 1), self._buttons, has_margins=False)

    def minimumSizeHint(self) -> QSize:
        width = max(self._label.minimumSizeHint().width(), self._buttons.minimumSizeHint().width())
        return QSize(width, super().minimumSizeHint().height())

    def fit_contents(self) -> None:
        parts = (self._label.minimumSizeHint().width(), self._buttons.sizeHint().width(), self._layout.spacing())
        fits = sum(parts) <= self.width()
        direction = QBoxLayout.Direction.LeftToRight if fits else QBoxLayout.Direction.TopToBottom
        if direction != self._layout.direction():
            self._layout.setDirection(direction)
        # The layout around does not ask for the height of the wrapped text at this width.
        layout = self._layout
        height = layout.heightForWidth(self.width()) if layout.hasHeightForWidth() else layout.sizeHint().height()
        if height != self.minimumHeight():
            self.setMinimumHeight(height)


def _make_stroke_sample(strokes: Any, widget: QWidget) -> QPixmap:
    """Return a picture of the line that outlines a feature on the map.

    Its background is light in every theme, as the map is.
    """
    em, ratio = widget.fontMetrics().height(), widget.devicePixelRatioF()
    size = QSize(2 * em, em)
    pixmap = QPixmap(size * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(QColor("#F4F4EE"))
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    draw_stroke_sample(painter, strokes, em, QPointF(0, em // 2), QPointF(size.width(), em // 2))
    painter.end()
    return pixmap


def _make_button(text: str, tip: str, ref: FeatureRef, action: Callable[[FeatureRef], None]) -> QToolButton:
    return QToolButton(
        text=text, toolTip=tip, accessibleName=f"{tip}: {ref.role} {ref.key}", clicked=lambda: action(ref)
    )


def _list_state_rows(finding: Any) -> list[tuple[str, str]]:
    """Return (label, text) rows: whether a finding is waived, why it cannot be waived, and its waiver, if any.

    The waiver may be one that the sender of an inspected package registered.
    """
    state, refusal_text = tr("To do"), find_waiver_refusal_text(finding)
    if finding.state == "waived":
        state = tr("Waived")
    elif finding.params.get("package_waiver"):
        state = tr(
            "Waived by the sender of the package; open in this inspection until you accept the waiver with “Waive…”."
        )
    elif refusal_text and not can_withdraw_waiver(finding):
        state = tr("{state}. {why}").format(state=state, why=refusal_text)
    waiver = finding.params.get("waiver") or finding.params.get("package_waiver")
    if not waiver or not any(waiver.values()):
        return [(tr("State"), state)]
    who = tr("{author}, {date}").format(author=waiver["author"], date=waiver["date"])
    until = tr("until {date}").format(date=waiver["until"]) if waiver["until"] else tr("no end date")
    document = waiver["document"]
    if waiver["attachment"]:
        document = tr("{document} (attachment {name})").format(document=document, name=waiver["attachment"])
    return [
        (tr("State"), state),
        (tr("Reason"), waiver["reason"]),
        (tr("Document"), document),
        (tr("Accepted by"), tr("{who}, {until}").format(who=who, until=until)),
    ]


def _list_work_rows(item: WorkItem | None) -> list[tuple[str, str]]:
    """Return (label, text) rows: what people entered in the work list about a finding, and the last change."""
    if item is None or not (item.assignee or item.note):
        return []
    updated = " ".join(filter(None, (item.updated, item.by)))
    rows = [(tr("Assignee"), item.assignee), (tr("Note"), item.note), (tr("Updated"), updated)]
    return [(label, text) for label, text in rows if text]


class DetailPane(QgsScrollArea):
    """Pane with the details of the selected finding or rule; its widgets are created again for each selection."""

    helpRequested = pyqtSignal(str)
    #: A feature of the finding to select, with all features of that finding.
    featureChosen = pyqtSignal(object, list)
    formRequested = pyqtSignal(object)
    #: A hidden layer to switch on.
    showLayerRequested = pyqtSignal(object)

    def __init__(self):
        super().__init__(objectName="SanxianDetail", widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self.clear()

    def clear(self) -> None:
        page = QWidget()
        label = make_text_label(tr("Select a finding to see why, how to fix it and its source."))
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        fill_layout(QVBoxLayout(page), label)
        self.setWidget(page)

    def show_explanation(self, html: str) -> None:
        """Show what the verdict depends on."""
        page, layout = self._make_page("info", tr("What the verdict depends on"), "")
        label = make_text_label("")
        label.setTextFormat(Qt.TextFormat.RichText)
        label.setText(html)
        fill_layout(layout, label, None)
        self.setWidget(page)

    def show_group(self, result: CheckView, group: FindingGroup) -> None:
        """Show the details of a rule: its figures, and why it was skipped."""
        title = f"{group.code}  {group.title}" if group.is_rule else group.title
        page, layout = self._make_page(theme.KIND_ICONS[group.get_icon_kind()], title, group.code)
        if group.findings:
            text, area = tr("{count} findings").format(count=len(group.findings)), sum_finding_areas(group.findings)
            if len(group.shown) != len(group.findings):
                text = tr("{shown} of {count} findings listed")
                text, area = text.format(shown=len(group.shown), count=len(group.findings)), group.shown_area
            layout.addWidget(make_text_label(f"{text}  {format_hectares_in_list(area)}" if area is not None else text))
        form = _make_form_layout()
        if group.is_not_fully_checked:
            state = (
                theme.get_kind_word(group.check_state)
                if group.check_state in NOT_RUN_OUTCOMES
                else tr("Partly checked")
            )
            form.addRow(
                _make_row_label(tr("State")),
                make_text_label(tr("{word}. {reason}").format(word=state, reason=group.reason)),
            )
        self._add_basis(form, result, group.code)
        fill_layout(layout, form, None)
        self.setWidget(page)

    def show_finding(
        self,
        result: CheckView,
        group: FindingGroup,
        finding: Any,
        hidden_layers: Sequence[QgsVectorLayer] = (),
        item: WorkItem | None = None,
    ) -> None:
        """Show the details of a finding, with its row of the work list (``item``), if any.

        ``hidden_layers``: layers of the finding that are switched off in the layer tree, or covered by others.
        """
        code = get_listed_rule(finding)
        title = f"{code}  {group.get_rule_title(finding)}"
        page, layout = self._make_page(theme.KIND_ICONS[get_finding_kind(finding)], title, code)
        layout.addWidget(make_text_label(format_place_and_size(finding)))
        refs = list_feature_refs(finding)
        features = _make_feature_rows(
            result, finding, lambda ref: self.featureChosen.emit(ref, refs), self.formRequested.emit
        )
        keys = format_feature_keys(finding, lambda role: get_layer_name(result, role)) if features is None else ""
        if keys:
            layout.addWidget(make_text_label(keys))
        form = _make_form_layout()
        if features is not None:
            form.addRow(_make_row_label(tr("Affected features")), features)
        for layer in hidden_layers:
            form.addRow(_make_row_label(tr("On the map")), self._make_hidden_layer_row(layer))
        form.addRow(_make_row_label(tr("What")), make_text_label(finding.message))
        # The waiver precedes the remedy.
        state = _list_state_rows(finding)
        if len(state) == 1:
            self._add_basis(form, result, code)
        for label, text in [*state, *_list_work_rows(item)]:
            form.addRow(_make_row_label(label), make_text_label(text))
        if len(state) > 1:
            self._add_basis(form, result, code)
        fill_layout(layout, form, None)
        self.setWidget(page)

    def _make_hidden_layer_row(self, layer: QgsVectorLayer) -> QWidget:
        if is_switched_off(layer):
            text, label = tr("The layer “{layer}” is switched off."), tr("Show Layer")
        else:
            text, label = tr("The layer “{layer}” is below other layers."), tr("Move to Top")
        button = QToolButton(
            objectName="SanxianShowLayer", text=label, clicked=lambda: self.showLayerRequested.emit(layer)
        )
        return make_row_widget((make_text_label(text.format(layer=layer.name())), 1), button)

    def _make_page(self, icon: str, title: str, code: str) -> tuple[QWidget, QVBoxLayout]:
        """Return a page with icon, title and help button of a rule, and its layout for further widgets."""
        size = QgsApplication.scaleIconSize(16)
        mark, name = QLabel(pixmap=theme.load_pixmap(icon, size, self.devicePixelRatioF())), make_text_label(title)
        set_bold(name)
        head = make_row(mark, (name, 1))
        if code:
            button = QToolButton(
                objectName="SanxianHelp",
                text=tr("About the Rule"),
                toolTip=tr("What the rule checks, its limits and parameters (F1)"),
                autoRaise=True,
                clicked=lambda: self.helpRequested.emit(code),
            )
            head.addWidget(button)
        page = QWidget()
        return page, fill_layout(QVBoxLayout(page), head)

    def _add_basis(self, form: QFormLayout, result: CheckView, code: str) -> None:
        # Empty for other codes than those of rules; the further texts are “What it checks” and “Limits”.
        help_texts = list(result.get_rule_help(code).values())
        if help_texts:
            form.addRow(_make_row_label(tr("Why")), make_text_label(help_texts[1]))
            form.addRow(_make_row_label(tr("How to fix")), make_text_label(help_texts[2]))
        if citations := result.list_citations(code):
            label = make_text_label("\n".join(text for _mark, text in citations))
            label.setToolTip("\n".join(f"{mark}  {text}" for mark, text in citations))
            form.addRow(_make_row_label(tr("Source")), label)
        outcome = result.find_rule_outcome(code)
        if outcome is not None and outcome.unconfirmed:
            text = tr("{count} settings of this rule are not confirmed by this county")
            label = make_text_label(text.format(count=len(outcome.unconfirmed)))
            label.setToolTip("\n".join(map(result.texts.get_setting_name, outcome.unconfirmed)))
            form.addRow(_make_row_label(tr("Settings")), label)
        parameters = result.list_parameters(code)
        if parameters:
            form.addRow(_make_row_label(tr("Parameters")), make_text_label("\n".join(parameters)))


def format_place_and_size(finding: Any) -> str:
    """Return township, area and width of a finding as text.

    Example: 永安镇  1.26 公顷（图斑椭球面积）  净面积 …  宽 71.2 m.
    """
    from ...core.standard.messages.texts import format_width

    parts = [finding.township] if finding.township else []
    if finding.area_m2 is not None:
        parts.append(tr("{area} (statutory area)").format(area=format_hectares_in_list(finding.area_m2)))
    if finding.net_area_m2 is not None:
        parts.append(tr("net {area}").format(area=format_hectares_in_list(finding.net_area_m2)))
    if finding.width_m is not None:
        parts.append(tr("width {width} m").format(width=format_width(finding.width_m)))
    # Lines break between the figures, not between a figure and its unit.
    parts = [part.replace(" ", "\u00a0") for part in parts]
    if not parts and finding.geometry is not None:
        return tr("On the map, without an area")
    return tr("  ").join(parts) if parts else tr("No location on the map")


def format_feature_keys(finding: Any, get_name: Callable[[str], str]) -> str:
    """Return the complete keys of a finding's features as text, to be copied.

    Example: 城镇开发边界 140225…000003 ↔ 永久基本农田保护图斑 …. ``get_name``: returns the name of a layer by its role.
    """

    def format_side(role, keys):
        return " ".join(t for t in (role and get_name(role), ", ".join(k for k in keys if k)) if t)

    own_side = format_side(finding.role, [finding.key])
    if finding.field:
        own_side = f"{own_side}.{finding.field}" if own_side else finding.field
    related_side = format_side(finding.related_role, finding.related_keys)
    return f"{own_side} ↔ {related_side}" if related_side else own_side


def _make_row_label(text: str) -> QLabel:
    """Return a label for the name of a row, in the colour of secondary text."""
    return theme.set_faint(QLabel(text, alignment=Qt.AlignmentFlag.AlignTop))


def _make_form_layout() -> QFormLayout:
    """Return an empty form layout for the detail pane."""
    return QFormLayout(
        rowWrapPolicy=QFormLayout.RowWrapPolicy.WrapLongRows,
        labelAlignment=Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop,
        fieldGrowthPolicy=QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow,
    )
