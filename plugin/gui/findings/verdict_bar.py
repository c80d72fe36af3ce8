# SPDX-License-Identifier: GPL-2.0-or-later
"""The verdict of a check, and counts by kind, which are buttons to filter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QSignalBlocker, QSize, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStyle,
    QStyleOptionToolButton,
    QToolButton,
    QVBoxLayout,
    QWhatsThis,
    QWidget,
)

from ...bridge import settings
from ...bridge.texts import tr
from ...core.base.placeholders import join_first
from ..widgets import FittedWidget, IconLabel, fill_layout, make_row, set_bold, theme
from .model import FilterSettings

#: Space between icon and text, as in Qt.
_BUTTON_GAP = 4
#: Maximum number of listed reasons.
_MAX_LISTED_REASONS = 12
#: Maximum number of settings that the tool tip of the verdict names; the explanation names all.
_MAX_NAMED_SETTINGS = 8


class _KindRow(FittedWidget, QWidget):
    """The row of filter buttons; they adapt to its width."""

    def __init__(self, buttons: Iterable[QToolButton], fit_buttons: Callable[[], None]):
        super().__init__()
        fill_layout(QHBoxLayout(self), *buttons, has_margins=False)
        self.fit_contents = fit_buttons


class VerdictBar(FittedWidget, QWidget):
    """Bar with the verdict and a note on edits; ``kind_row``: a filter button per kind of finding."""

    kindsChanged = pyqtSignal()

    def __init__(self):
        super().__init__()
        self._verdict = ""
        self._counts: dict[str, int] = {}
        self._matching: dict[str, int] | None = None
        #: Number of rules that checked a part of the data; they count by their findings.
        self._partly_checked = 0
        self._word = QLabel(objectName="SanxianVerdict")
        set_bold(self._word, 1.3)
        self._icon = IconLabel(text_label=self._word)
        self._when = QLabel(objectName="SanxianWhen", textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse)
        #: What the button beside it shows (HTML): which rules did not run, and why.
        self.explanation = ""
        # The icon is shown; screen readers read the text.
        self.reasons_button = QToolButton(
            objectName="SanxianWhyNotRun",
            autoRaise=True,
            text=tr("What the verdict depends on"),
            toolTip=tr("What is not confirmed, and why some rules did not run"),
            visible=False,
        )
        top = make_row(self._icon, self._word, None, self._when, self.reasons_button)
        self.buttons = {
            kind: QToolButton(
                objectName=f"SanxianKind{kind.capitalize()}",
                checkable=True,
                checked=kind in FilterSettings().shown_kinds,
                toolButtonStyle=Qt.ToolButtonStyle.ToolButtonTextBesideIcon,
                # The full text must not widen the panel: if it does not fit, icon and number remain.
                sizePolicy=QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed),
                toggled=lambda _on: self.kindsChanged.emit(),
            )
            for kind in theme.FINDING_KINDS
        }
        for button in self.buttons.values():
            button.toggled.connect(lambda on, button=button: _mark_hidden(button, not on))
            _mark_hidden(button, not button.isChecked())
        #: The filter buttons, which the panel puts beside its other filters.
        self.kind_row = _KindRow(self.buttons.values(), self._fit_buttons)
        self._row = self.kind_row.layout()
        self._row.setSpacing(max(1, self._row.spacing() // 2))
        self._edited = QLabel(objectName="SanxianEdited", wordWrap=True, visible=False)
        fill_layout(QVBoxLayout(self), top, self._edited, has_margins=False)
        size = QgsApplication.scaleIconSize(16)
        for button, icon in (
            (self.reasons_button, "info"),
            *((button, theme.KIND_ICONS[kind]) for kind, button in self.buttons.items()),
        ):
            button.setIconSize(QSize(size, size))
            theme.set_icon(button, icon)

    @property
    def kinds(self) -> frozenset[str]:
        """Return the kinds of findings whose filter buttons are pressed."""
        return frozenset(kind for kind, button in self.buttons.items() if button.isChecked())

    def show_kinds(self, kinds: frozenset[str] = FilterSettings.shown_kinds) -> None:
        """Press the filter buttons of these kinds and no other, as one change; by default as initially."""
        for kind, button in self.buttons.items():
            with QSignalBlocker(button):
                button.setChecked(kind in kinds)
            _mark_hidden(button, kind not in kinds)
        self.kindsChanged.emit()

    def show_report(self, result, summary: dict[str, Any] | None = None) -> None:
        """Show verdict, time and number of rules of a result (`CheckView`), and its counts.

        ``summary``: that of its report, if the caller has it.
        """
        from ...core.model.report import Outcome
        from ...core.render.verdict import (
            describe_rules_run,
            find_rules_for_data,
            format_rule_counts,
            list_unconfirmed_items,
        )
        from ...core.render.words import ReportTexts

        summary = result.report.summary if summary is None else summary
        self._verdict = summary["verdict"]
        self._word.setText(theme.get_verdict_word(self._verdict))
        # Grey if the data have changed since the verdict.
        self._word.setEnabled(not result.changes_since_check)
        report, norm = result.report, result.check_result.plan.norm
        texts, codes = ReportTexts(settings.get_interface_language()), [rule.code for rule in report.rules]
        run, total = len(codes), len(find_rules_for_data(codes, norm))
        # Names the rule groups that were left out.
        sentence = describe_rules_run(report, norm, texts)
        self._when.setText(tr("{time} · {run} of {total} rules").format(time=result.time_text, run=run, total=total))
        self._when.setToolTip(f"{format_rule_counts(report, texts)}\n{sentence}")
        doubts, unconfirmed = list_unconfirmed_items(summary["unconfirmed"], texts)
        names = join_first(unconfirmed, tr(", "), limit=_MAX_NAMED_SETTINGS)
        counts = result.count_findings()
        self._word.setToolTip("\n".join(_explain_verdict(counts, doubts, len(unconfirmed), names)))
        reasons = _explain_verdict(counts, doubts, len(unconfirmed), tr(", ").join(unconfirmed))
        rules = [r for r in result.report.rules if r.outcome in (Outcome.SKIPPED, Outcome.CRASHED) or r.incomplete]
        lines = [tr("{rule}: {reason}").format(rule=f"{r.code} {r.title}", reason=r.reason) for r in rules]
        shown = lines[:_MAX_LISTED_REASONS] + ["…"] * (len(lines) > _MAX_LISTED_REASONS)
        paragraphs = [
            *reasons,
            sentence,
            tr(
                "Rules of the groups named did not run, because they are not part of the usual check of this kind of "
                "data. To run them, choose all rules in County Profile… ▸ Check settings ▸ Rules, or name a group or a "
                "rule in the tool Check the plan."
            )
            if run < total
            else "",
            tr("Rules that were not checked, or only in part, with the reasons:") if shown else "",
        ]
        rows = "".join(f"<li>{escape(line)}</li>" for line in shown)
        self.explanation = "".join(f"<p>{escape(text)}</p>" for text in paragraphs if text) + (
            f"<ul>{rows}</ul>" if rows else ""
        )
        self.reasons_button.setVisible(run < total or bool(report.rule_counts["skipped"] or reasons))
        self._partly_checked = sum(rule.is_partly_checked for rule in report.rules)
        self.show_edits(result)
        self._icon.show_icon(theme.VERDICT_ICONS[self._verdict])

    def show_explanation(self) -> None:
        """Show what the verdict depends on until the next click."""
        QWhatsThis.showText(
            self.reasons_button.mapToGlobal(self.reasons_button.rect().bottomLeft()),
            self.explanation,
            self.reasons_button,
        )

    def show_edits(self, result) -> None:
        """Show the current counts, and a note that the verdict is of the full check."""
        self.set_counts(result.count_findings())
        self._edited.setText(
            tr("{count} places re-checked after edits · county totals not recalculated").format(
                count=len(result.rechecked_features)
            )
        )
        self._edited.setToolTip(
            tr(
                "The verdict is that of the full check at {time}. Edited features are checked at once; totals, "
                "shares, the ratio, unique keys, gaps of the whole county and yearly maintenance (reasons, numbers, "
                "balance) are checked in the next full check."
            ).format(time=result.time_text)
        )
        self._edited.setVisible(bool(result.rechecked_features))
        self.fit_contents()

    def set_counts(self, counts: dict[str, int]) -> None:
        """Show the number of findings on the filter button of each kind; ``counts``: kind → number."""
        self._counts = counts
        for kind, button in self.buttons.items():
            full_text = self._format_full_text(kind)
            button.setAccessibleName(full_text)
            tip = (
                tr("Show or hide: {word}")
                if kind == "skipped"
                else tr("Show or hide in the list and on the map: {word}")
            ).format(word=full_text)
            if kind == "skipped" and self._partly_checked:
                tip += "\n" + tr(
                    "Rules checked in part: {count}. They count by their findings; the first row below each gives the "
                    "reason."
                ).format(count=self._partly_checked)
            button.setToolTip(tip)
        self._fit_buttons()

    def set_matching_counts(self, matching_counts: dict[str, int] | None) -> None:
        """Show how many findings of each kind pass the other filters; None without filters."""
        if matching_counts != self._matching:
            self._matching = matching_counts
            self.set_counts(self._counts)

    def count_matching(self, kind: str) -> int:
        """Return how many findings of a kind pass the other filters."""
        return (self._counts if self._matching is None else self._matching)[kind]

    def _format_short_text(self, kind: str) -> str:
        # Not wider with filters than without: the panel must not grow while a filter is typed.
        partly_checked = self._partly_checked if kind == "skipped" else 0
        return f"{self.count_matching(kind)}+{partly_checked}" if partly_checked else str(self.count_matching(kind))

    def _format_full_text(self, kind: str) -> str:
        """Return the word and number of a kind; with filters the number is matching/all, such as 5/52."""
        total = self._counts[kind]
        number = str(total) if self._matching is None else f"{self._matching[kind]}/{total}"
        text = f"{theme.get_kind_word(kind)} {number}"
        if kind == "skipped" and self._partly_checked:
            return tr("{skipped}, in part {count}").format(skipped=text, count=self._partly_checked)
        return text

    def fit_contents(self) -> None:
        # No layout may give the note on edits less height than its lines need in this width.
        self._edited.setMinimumHeight(max(self._edited.heightForWidth(self.width()), 0))

    def _fit_buttons(self) -> None:
        """Show icon, word and number on the buttons; the last kinds have only icon and number if all do not fit."""
        if not self._counts:
            return
        room = self.kind_row.width() - (len(self.buttons) - 1) * self._row.spacing()
        texts = {kind: self._format_full_text(kind) for kind in self.buttons}
        for kind in reversed(texts):
            if sum(self._measure_button(one, text) for one, text in texts.items()) > room:
                texts[kind] = self._format_short_text(kind)
        for number, (kind, button) in enumerate(self.buttons.items()):
            button.setText(texts[kind])
            button.setMinimumWidth(self._measure_button(kind, self._format_short_text(kind)))
            self._row.setStretch(number, self._measure_button(kind, texts[kind]))

    def _measure_button(self, kind: str, text: str) -> int:
        """Return the width of a button with a text, in its style."""
        button = self.buttons[kind]
        option = QStyleOptionToolButton()
        button.initStyleOption(option)
        inside = button.iconSize().width() + _BUTTON_GAP + button.fontMetrics().horizontalAdvance(text + "  ")
        size = QSize(inside, button.iconSize().height())
        return button.style().sizeFromContents(QStyle.ContentsType.CT_ToolButton, option, size, button).width()


def _mark_hidden(button: QToolButton, is_hidden: bool) -> None:
    """Show in every style whether findings of a button's kind are hidden: without a frame, and struck out."""
    button.setAutoRaise(is_hidden)
    font = button.font()
    font.setStrikeOut(is_hidden)
    button.setFont(font)


def _explain_verdict(counts: dict[str, int], doubts: list[str], setting_count: int, names: str) -> list[str]:
    """Return sentences on what prevents 通过: findings (kind → number), doubts about data, settings to confirm.

    ``names``: those of the settings, as one text.
    """
    found = [f"{theme.get_kind_word(kind)} {counts[kind]}" for kind in ("ERROR", "WARNING") if counts.get(kind)]
    sentences = [tr("Open findings: {counts}.").format(counts=tr(", ").join(found))] if found else []
    if setting_count:
        text = tr(
            "{count} settings are not confirmed: {names}. Confirm them in County Profile… ▸ Targets and confirmation."
        )
        sentences.append(text.format(count=setting_count, names=names))
    if doubts:
        sentences.append(tr("The data leave open: {names}.").format(names=tr(", ").join(doubts)))
    return sentences
