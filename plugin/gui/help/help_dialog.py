# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog 说明: reason, remedy and limits of a rule, or about the plugin; and the button that opens the manual."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from typing import Any

from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from ...bridge import help_pages
from ...bridge.settings import get_interface_language
from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ...core.model.rule import DECLARED_FAMILY, get_rule_family, load_all_rules
from ...core.standard.messages.texts import Texts
from ...paths import METADATA_FILE
from ..widgets import fill_layout, make_close_button, open_in_browser, theme

#: Number of the KDE layout of button boxes, in which help is on the left, before OK and Cancel.
_KDE_LAYOUT = 2


class HelpDialog(QDialog):
    """Dialog with the help on a rule or on the plugin.

    ``code``: rule code, empty for the page about the plugin; ``norm``: standard and profile, whose settings are shown;
    ``get_outcome``: returns the outcome of a rule in the displayed result by the rule code.
    """

    def __init__(
        self, code: str = "", parent=None, *, norm: Any = None, get_outcome: Callable[[str], Any] = lambda code: None
    ):
        super().__init__(parent, objectName="SanxianHelpDialog")
        self._norm, self._outcome = norm, get_outcome
        self.browser = QTextBrowser(openLinks=False)
        theme.set_page_colors(self.browser)
        self.browser.anchorClicked.connect(lambda url: self.show_page(url.toString().lstrip("#")))
        buttons = make_close_button(self)
        self._back = buttons.addButton(tr("All Rules"), QDialogButtonBox.ButtonRole.ActionRole)
        self._back.clicked.connect(lambda: self.show_page(""))
        # Not the role of help, which some platforms put after Close.
        self._manual = buttons.addButton(tr("Manual"), QDialogButtonBox.ButtonRole.ActionRole)
        self._manual.setObjectName("SanxianManual")
        self._manual.clicked.connect(lambda: open_manual(self._manual.property("topic"), self))
        fill_layout(QVBoxLayout(self), self.browser, buttons)
        # Only now do the buttons belong to the dialog, which ignores an earlier choice.
        buttons.button(QDialogButtonBox.StandardButton.Close).setDefault(True)
        self.resize(self.fontMetrics().horizontalAdvance("0") * 80, self.fontMetrics().lineSpacing() * 30)
        self.show_page(code)

    def show_page(self, code: str) -> None:
        """Show the help of a rule by its code; for an empty code, the page about the plugin."""
        self._back.setVisible(bool(code))
        topic = code if help_pages.is_rule_code(code) else "start"
        if get_rule_family(code) == DECLARED_FAMILY:
            topic = "declared_checks"
        self._manual.setProperty("topic", topic)
        self._manual.setVisible(bool(help_pages.get_manual_url_or_chinese(topic)))
        self.setWindowTitle(tr("Help: {code}").format(code=code) if code else tr("Help and About"))
        try:
            self.browser.setHtml(
                make_rule_page(code, self._norm, self._outcome(code)) if code else _make_about_page(norm=self._norm)
            )
        except ImportError:
            # Rules need the libraries; the rest of the page does not.
            self.browser.setHtml(_make_about_page(rules=False))


def make_rule_page(code: str, norm: Any = None, outcome: Any = None) -> str:
    """Return the help of a rule as HTML: four headings, sources and values used.

    The values are those of the displayed result (``outcome``), else of ``norm`` (standard and county profile).
    """
    from ...core.engine.explanation import (
        EffectiveValue,
        describe_citation,
        describe_where_to_change_values,
        find_effective_values,
        format_effective_values,
        replace_parameter_names_with_titles,
    )

    texts = Texts(get_interface_language())
    if (rule := load_all_rules().get(code)) is None:
        return f"<h2>{escape(code)}</h2><p>{escape(texts.get_section('run_help').get(code, code))}</p>"
    parts = [f"<h2>{code} {escape(texts.get_rule_title(rule))}</h2>"]
    parts += [
        f"<h3>{escape(heading)}</h3><p>{escape(replace_parameter_names_with_titles(text, rule, texts))}</p>"
        for heading, text in texts.get_rule_help(rule).items()
    ]
    if norm is None:
        return "".join(parts)
    citations = [norm.citations[key] for key in rule.basis if key in norm.citations]
    sources = _format_list(f"[{one.mark}] {describe_citation(one, norm, texts)}" for one in citations)
    parts.append(f"<h3>{escape(tr('Source'))}</h3>{sources}")
    if outcome is not None and outcome.parameters:
        title = tr("Parameters of the displayed check")
        effective_values = [EffectiveValue(**one) for one in outcome.parameters]
    else:
        title, effective_values = texts.get("explain", "parameters"), find_effective_values(rule, norm)
    if effective_values:
        # Planners know the names; the sentence below has the keys that they need in a file.
        lines = format_effective_values(effective_values, texts, shows_keys=False)
        parts.append(f"<h3>{escape(title)}</h3>{_format_list(lines)}")
        places = describe_where_to_change_values(effective_values, code, texts, lines_show_keys=False)
        parts.append(f"<p>{escape(places)}</p>")
    return "".join(parts)


def _format_list(rows: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(row)}</li>' for row in rows)}</ul>"


def _make_about_page(rules: bool = True, norm: Any = None) -> str:
    """Return the page about the plugin as HTML, with the list of rules; ``norm``: its declared checks too."""
    plugin_metadata = dict(
        line.split("=", 1) for line in METADATA_FILE.read_text(encoding="utf-8").splitlines() if "=" in line
    )
    editing = tr(
        "While you edit, new, changed and deleted features are checked at once against all layers (menu Live "
        "Check). Totals, shares and other figures of the whole county are those of the last full check."
    )
    parts = [
        f"<h2>{escape(plugin_metadata.get('name', ''))} {escape(plugin_metadata.get('version', ''))}</h2>",
        f"<p>{escape(tr('Checks the three control lines and the other layers of a county plan, offline.'))}</p>",
        f"<p>{escape(tr('Keys: check all F8, next and previous finding F9 and Shift+F9; in the list Enter zooms, W waives, Ctrl+C copies, F1 explains the rule. To change keys: Settings ▸ Keyboard Shortcuts.'))}</p>",  # noqa: E501 - a table
        f"<p>{escape(editing)}</p>",
        f"<p>{escape(tr('Licence: GPL-2.0-or-later. Symbols and several settings are proposals (mark C): each can be replaced.'))}</p>",  # noqa: E501 - a table
    ]
    if rules:
        texts = Texts(get_interface_language())
        try:
            rows = "".join(
                f"<tr><td><a href='#{code}'>{code}</a>&nbsp;&nbsp;</td>"
                f"<td>{escape(texts.get_rule_title(rule))}</td></tr>"
                for code, rule in (load_all_rules() if norm is None else norm.rules_by_code).items()
            )
        except SanxianError as error:
            rows = f"<tr><td>{escape(texts.explain_error(error))}</td></tr>"
        parts.append(f"<h3>{escape(tr('Rules'))}</h3><table>{rows}</table>")
    return "".join(parts)


def open_manual(topic: str, parent: QWidget | None) -> None:
    """Open the manual in the browser, or the dialog 帮助与关于 (Help and About) if the manual is missing.

    A topic without a page in the interface's language opens in Chinese.
    """
    if address := help_pages.get_manual_url_or_chinese(topic):
        open_in_browser(QUrl(address), parent)
    else:
        HelpDialog("", parent).exec()


def add_help_button(buttons: QDialogButtonBox, topic: str) -> QDialogButtonBox:
    """Add the button 说明 to the buttons of a dialog, on the left, and return the button box.

    The button opens the manual at the ``topic`` of the dialog.
    """
    buttons.setStyleSheet(f"QDialogButtonBox {{ button-layout: {_KDE_LAYOUT} }}")
    buttons.addButton(make_help_button(topic), QDialogButtonBox.ButtonRole.HelpRole)
    return buttons


def make_help_button(topic: str) -> QPushButton:
    """Return a button 说明, which opens the manual at a topic.

    Raise KeyError for an unknown topic.
    """
    help_pages.find_page_and_anchor(topic)
    button = QPushButton(
        tr("Help"),
        objectName="SanxianManual",
        toolTip=tr("Opens the user manual at this window"),
        autoDefault=False,
        clicked=lambda: open_manual(topic, button.window()),
    )
    button.setProperty("topic", topic)
    return button
