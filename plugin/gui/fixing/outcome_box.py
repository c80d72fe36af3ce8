# SPDX-License-Identifier: GPL-2.0-or-later
"""List of what a fix changed when it was tried on a copy of the layers.

The list has findings that end, findings that appear, and reasons why the fix needs confirmation.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from ...bridge.texts import tr
from ..widgets import theme
from ..widgets.layout import make_row

#: Maximum number of new findings shown with their messages.
_MAX_SHOWN_FINDINGS = 4


class OutcomeBox(QScrollArea):
    """Scroll area that lists the effects of a tried fix, each with icon and text."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(
            parent,
            objectName="SanxianFixOutcome",
            widgetResizable=True,
            frameShape=QScrollArea.Shape.NoFrame,
            horizontalScrollBarPolicy=Qt.ScrollBarPolicy.ScrollBarAlwaysOff,
        )
        self.lines: list[str] = []
        self.show_proposal(None, None)

    def show_proposal(self, proposal: Any, texts: Any) -> None:
        """Show the effects of a proposal (`core.fixes.proposal.Proposal`); show nothing for None."""
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        self.lines = []
        if proposal is not None:
            for icon, text in _list_outcomes(proposal, texts):
                mark = QLabel(pixmap=theme.load_pixmap(icon, self.fontMetrics().height(), self.devicePixelRatioF()))
                label = QLabel(text, textFormat=Qt.TextFormat.PlainText, wordWrap=True)
                # The text is beside its icon, also if the row is higher than the text.
                top = Qt.AlignmentFlag.AlignTop
                layout.addLayout(make_row((mark, 0, top), (label, 1, top)))
                self.lines.append(text)
        layout.addStretch()
        self.setWidget(page)


def _list_outcomes(proposal: Any, texts: Any) -> list[tuple[str, str]]:
    """Return (icon, text) for each effect of a proposal: doubts, findings that appear, findings that end.

    Warnings are first, because the list of a low dialog scrolls.
    """
    lines = [
        ("warning", tr("Needs confirmation: {reason}").format(reason=doubt)) for doubt in texts.list_doubts(proposal)
    ]
    if proposal.new_findings:
        lines.append(("warning", tr("Adds: {rules}").format(rules=_format_counts_by_rule(proposal.new_findings))))
        shown_findings = proposal.new_findings[:_MAX_SHOWN_FINDINGS]
        lines += [("info", finding.message) for finding in shown_findings if finding.message]
    if proposal.renamed:
        text = tr("Of these, listed so far under another key: {rules}")
        lines.append(("info", text.format(rules=_format_counts_by_rule([one for _, one in proposal.renamed]))))
    if proposal.resolved_findings:
        lines.append(("ok", tr("Resolves: {rules}").format(rules=_format_counts_by_rule(proposal.resolved_findings))))
    if proposal.remaining:
        text = tr("Other findings of the rule remain on the land of: {rules}")
        lines.append(("info", text.format(rules=_format_counts_by_rule([former for former, _ in proposal.remaining]))))
    if proposal.untried_rules:
        lines.append(("info", texts.describe_untried_rules(proposal)))
    if not proposal.new_findings:
        lines.append(
            ("ok", tr("No new findings of the other rules") if proposal.untried_rules else tr("No new findings"))
        )
    return lines


def _format_counts_by_rule(findings: list[Any]) -> str:
    counts = Counter(finding.code for finding in findings)
    parts = [tr("{code} ({count})").format(code=code, count=count) for code, count in sorted(counts.items())]
    return tr(", ").join(parts)
