# SPDX-License-Identifier: GPL-2.0-or-later
"""数据字典: the layers, fields and code lists of a standard, searched and read inside QGIS, or as the whole book in a browser."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsApplication, QgsVectorLayer
from qgis.gui import QgsFilterLineEdit
from qgis.PyQt.QtCore import Qt, QTimer, QUrl
from qgis.PyQt.QtGui import QDesktopServices, QTextCursor
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QSplitter,
    QTextBrowser,
    QTextEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...bridge.layers.properties import template_id
from ...bridge.settings import interface_language
from ...bridge.texts import tr
from ...core.errors import SanxianError
from ...core.standard import load_standard, standard_ids
from ...core.standard.template import Template
from ..widgets import messages
from ..widgets.buttons import close_only

#: As in the findings panel: look once the typing pauses.
_PAUSE_MS = 150
_ANCHOR = Qt.ItemDataRole.UserRole


class DictionaryDialog(QDialog):
    """Stays open beside the work. ``layer``: the one whose page is shown first, where it is one of the plan."""

    def __init__(self, standard: str = "", layer: QgsVectorLayer | None = None, parent=None):
        super().__init__(parent)
        self.setObjectName("SanxianDictionaryDialog")
        self.setWindowTitle(tr("Data Dictionary"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._book = None
        self._items: dict[str, QTreeWidgetItem] = {}
        self.standard = QComboBox()
        for one in standard_ids():
            self.standard.addItem(load_standard(one).name, one)
        self.standard.setCurrentIndex(max(self.standard.findData(standard or "county_db"), 0))
        self.search = QgsFilterLineEdit()
        self.search.setShowSearchIcon(True)
        self.search.setShowClearButton(True)
        self.search.setPlaceholderText(tr("Search layer, field, code or name"))
        self.tree = QTreeWidget()
        self.tree.setHeaderHidden(True)
        self.tree.setUniformRowHeights(True)
        self.nothing = QLabel(tr("No layer, field or code holds these words."))
        self.nothing.setWordWrap(True)
        self.nothing.hide()
        self.browser = QTextBrowser()
        self.browser.setOpenLinks(False)
        self.browser.anchorClicked.connect(lambda url: self.show_page(url.toString().lstrip("#")))
        self._lay_out()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._filter)
        self.search.textChanged.connect(self._pause.start)
        self.tree.currentItemChanged.connect(self._chosen)
        self.standard.currentIndexChanged.connect(lambda: self._open(""))
        self._open(self._page_of(layer))

    def _lay_out(self) -> None:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.standard, self.search, self.nothing, self.tree):
            column.addWidget(widget)
        self.standard.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        splitter = QSplitter()
        splitter.addWidget(left)
        splitter.addWidget(self.browser)
        letter = self.fontMetrics().horizontalAdvance("0")
        splitter.setSizes([letter * 34, letter * 96])
        splitter.setStretchFactor(1, 1)
        splitter.setChildrenCollapsible(False)
        buttons = close_only(self, "dictionary")
        whole = buttons.addButton(tr("Whole Book in the Browser"), QDialogButtonBox.ButtonRole.ActionRole)
        whole.setToolTip(tr("One page that needs nothing else: to print, to send on, to search as a whole."))
        whole.clicked.connect(self.open_book)
        layout = QVBoxLayout(self)
        layout.addWidget(splitter, 1)
        layout.addWidget(buttons)
        self.resize(letter * 132, self.fontMetrics().lineSpacing() * 34)

    def _page_of(self, layer: QgsVectorLayer | None) -> str:
        role = role_of(layer, load_standard(self.standard.currentData()).templates) if layer is not None else ""
        return f"layer-{role}" if role else ""

    def _open(self, anchor: str) -> None:
        self.tree.blockSignals(True)
        self.tree.clear()
        self._items.clear()
        try:
            # Rules are named in the dictionary, and they need the libraries.
            from ...core.render.dictionary import Dictionary

            self._book = Dictionary(load_standard(self.standard.currentData()), interface_language())
            groups: dict[str, QTreeWidgetItem] = {}
            for entry in self._book.entries:
                if entry.group not in groups:
                    groups[entry.group] = QTreeWidgetItem(self.tree, [entry.group])
                item = QTreeWidgetItem(groups[entry.group], [f"{entry.title}  {entry.code}"])
                item.setToolTip(0, f"{entry.title}  {entry.code}")
                item.setData(0, _ANCHOR, entry.anchor)
                self._items[entry.anchor] = item
        except (SanxianError, ImportError) as error:
            self._book = None
            self.browser.setPlainText(messages.explain(error))
        self.tree.blockSignals(False)
        self._filter()
        if self._book is not None:
            self.show_page(anchor)

    def show_page(self, anchor: str) -> None:
        """A layer or list, such as ``layer-DLTB`` or ``codes-sandiao``; anything else shows what the book says of itself."""
        if self._book is None:
            return
        item = self._items.get(anchor)
        if item is not None and item.isHidden():
            self.search.clear()
            self._filter()
        if item is not None and item is not self.tree.currentItem():
            self.tree.setCurrentItem(item)
            self.tree.scrollToItem(item)
            return
        self._show(anchor)

    def _show(self, anchor: str) -> None:
        """The page, and on it what was searched for, from its first place on."""
        self.browser.setHtml(self._book.page(anchor))
        marks = []
        for word in self.search.text().split():
            self.browser.moveCursor(QTextCursor.MoveOperation.Start)
            while self.browser.find(word):
                mark = QTextEdit.ExtraSelection()
                mark.cursor = self.browser.textCursor()
                mark.format.setBackground(self.palette().highlight())
                mark.format.setForeground(self.palette().highlightedText())
                marks.append(mark)
        self.browser.setExtraSelections(marks)
        top = self.browser.textCursor()
        top.setPosition(min((m.cursor.selectionStart() for m in marks), default=0))
        self.browser.setTextCursor(top)

    def _chosen(self, item: QTreeWidgetItem | None) -> None:
        if item is not None and item.data(0, _ANCHOR) and self._book is not None:
            self._show(item.data(0, _ANCHOR))

    def _filter(self) -> None:
        text = self.search.text()
        shown = 0
        for entry in self._book.entries if self._book is not None else ():
            fits = entry.found_by(text)
            self._items[entry.anchor].setHidden(not fits)
            shown += fits
        for place in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(place)
            left = sum(not group.child(n).isHidden() for n in range(group.childCount()))
            group.setHidden(not left)
            group.setExpanded(bool(text.strip()) or place == 0)
        self.nothing.setVisible(not shown)
        self._chosen(self.tree.currentItem())

    def open_book(self) -> None:
        """Written anew into QGIS's own folder, then opened on the page in view."""
        from ...core.render.dictionary import write_dictionary

        standard, lang = self.standard.currentData(), interface_language()
        folder = Path(QgsApplication.qgisSettingsDirPath()) / "sanxian" / "dictionary"
        target = folder / f"{standard}-{lang}.html"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_dictionary(load_standard(standard), target, lang)
        except (SanxianError, ImportError) as error:
            self.browser.setPlainText(messages.explain(error))
            return
        except OSError:
            text = tr("The folder {folder} cannot be written. Free it or make room, then try again.")
            self.browser.setPlainText(text.format(folder=folder))
            return
        url = QUrl.fromLocalFile(str(target))
        item = self.tree.currentItem()
        if item is not None and item.data(0, _ANCHOR):
            url.setFragment(item.data(0, _ANCHOR))
        QDesktopServices.openUrl(url)


def role_of(layer: QgsVectorLayer, templates: dict[str, Template]) -> str:
    """The role of a layer by what it was given, else by its name; empty where neither tells."""
    if not isinstance(layer, QgsVectorLayer):
        return ""
    names = {name.upper(): role for role, one in templates.items() for name in (role, one.name, *one.aliases)}
    return next((names[n.upper()] for n in (template_id(layer), layer.name()) if n.upper() in names), "")
