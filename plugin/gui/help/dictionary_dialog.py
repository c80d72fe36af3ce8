# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog 数据字典: search the layers, fields and code lists of a standard.

The whole dictionary can be opened as a page in a browser.
"""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsApplication, QgsVectorLayer
from qgis.gui import QgsFilterLineEdit
from qgis.PyQt.QtCore import QSignalBlocker, Qt, QTimer, QUrl
from qgis.PyQt.QtGui import QTextCursor
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialogButtonBox,
    QLabel,
    QTextBrowser,
    QTextEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...bridge.layers.properties import get_assigned_role
from ...bridge.settings import get_interface_language
from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ...core.base.files.writing import write_text
from ...core.render.dictionary import DataDictionary, render_dictionary
from ...core.standard import list_standard_ids, load_standard
from ...core.standard.template import Template
from ...paths import SHARED_CODE_LISTS_FOLDER
from ..widgets import (
    ManualStartDialog,
    WholeRows,
    fill_combo,
    fill_layout,
    make_close_button,
    make_splitter,
    messages,
    open_in_browser,
    open_path,
    resize_within_screen,
    theme,
)
from .help_dialog import add_help_button

#: Delay of the search while the user types, as in the findings panel.
_SEARCH_DELAY_MS = 150
_ANCHOR_DATA_ROLE = Qt.ItemDataRole.UserRole
#: Beginnings of the link to a code list's folder, and of the anchor of its page.
_FOLDER_LINK, _LIST_ANCHOR = "folder-", "codes-"


class DictionaryDialog(ManualStartDialog):
    """Dialog with the layers, fields and code lists of a standard.

    ``layer``: the layer whose page is shown first, if it is a plan layer.
    """

    def __init__(self, standard: str = "", layer: QgsVectorLayer | None = None, parent=None):
        super().__init__(parent, objectName="SanxianDictionaryDialog", windowTitle=tr("Data Dictionary"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._data_dictionary = None
        self._items: dict[str, QTreeWidgetItem] = {}
        self.standard = QComboBox()
        standards = [(load_standard(key).name, key) for key in list_standard_ids()]
        fill_combo(self.standard, standards, standard or "county_db")
        self.search = QgsFilterLineEdit(showSearchIcon=True, showClearButton=True)
        theme.set_placeholder(self.search, tr("Search layer, field, code or name"))
        self.tree = QTreeWidget(headerHidden=True, uniformRowHeights=True)
        self.nothing = QLabel(tr("No layer, field or code contains these words."), wordWrap=True, visible=False)
        self.browser = QTextBrowser(openLinks=False)
        theme.set_page_colors(self.browser)
        self.browser.anchorClicked.connect(lambda url: self._follow_link(url.toString().lstrip("#")))
        left = QWidget()
        fill_layout(
            QVBoxLayout(left), self.standard, self.search, self.nothing, WholeRows(self.tree), has_margins=False
        )
        self.standard.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        splitter = make_splitter(Qt.Orientation.Horizontal, (left, 0), (self.browser, 1))
        letter = self.fontMetrics().horizontalAdvance("0")
        splitter.setSizes([letter * 34, letter * 96])
        buttons = add_help_button(make_close_button(self), "dictionary")
        open_all = buttons.addButton(tr("Open Full Dictionary in Browser"), QDialogButtonBox.ButtonRole.ActionRole)
        open_all.setToolTip(tr("A self-contained page to print, send or search."))
        open_all.clicked.connect(self.open_full_dictionary_page)
        self.lists_folder = buttons.addButton(tr("Open Code List Folder"), QDialogButtonBox.ButtonRole.ActionRole)
        self.lists_folder.setObjectName("SanxianCodeListFolder")
        self.lists_folder.setToolTip(
            tr("Opens the folder with the CSV file of the code list shown; its page explains how to add codes.")
        )
        self.lists_folder.clicked.connect(lambda: self._open_code_list_folder(self._get_shown_code_list()))
        fill_layout(QVBoxLayout(self), (splitter, 1), buttons)
        resize_within_screen(self, letter * 132, self.fontMetrics().lineSpacing() * 34)
        self._pause = QTimer(self, singleShot=True, interval=_SEARCH_DELAY_MS, timeout=self._filter_items)
        self.search.textChanged.connect(self._pause.start)
        self.tree.currentItemChanged.connect(self._on_item_chosen)
        self.standard.currentIndexChanged.connect(lambda: self._load_dictionary_and_show_page(""))
        role = (
            find_template_role(layer, load_standard(self.standard.currentData()).templates) if layer is not None else ""
        )
        self._load_dictionary_and_show_page(f"layer-{role}" if role else "")

    def _load_dictionary_and_show_page(self, anchor: str) -> None:
        self._data_dictionary = None
        pages = []
        try:
            dictionary = DataDictionary(load_standard(self.standard.currentData()), get_interface_language())
            pages, self._data_dictionary = dictionary.pages, dictionary
        except (SanxianError, ImportError) as error:
            self.browser.setPlainText(messages.explain_error(error))
        with QSignalBlocker(self.tree):
            self.tree.clear()
            self._items.clear()
            groups: dict[str, QTreeWidgetItem] = {}
            for entry in pages:
                if entry.group not in groups:
                    groups[entry.group] = QTreeWidgetItem(self.tree, [entry.group])
                item = QTreeWidgetItem(groups[entry.group], [f"{entry.title}  {entry.code}"])
                item.setToolTip(0, f"{entry.title}  {entry.code}")
                item.setData(0, _ANCHOR_DATA_ROLE, entry.anchor)
                self._items[entry.anchor] = item
        self._filter_items()
        if self._data_dictionary is not None:
            self.show_page(anchor)

    def _follow_link(self, anchor: str) -> None:
        """Show the page that a link names, or open the folder of a code list."""
        if anchor.startswith(_FOLDER_LINK):
            self._open_code_list_folder(anchor.removeprefix(_FOLDER_LINK))
        else:
            self.show_page(anchor)

    def _get_shown_code_list(self) -> str:
        """Return the name of the code list whose page is shown; empty for another page."""
        item = self.tree.currentItem()
        anchor = str(item.data(0, _ANCHOR_DATA_ROLE) or "") if item is not None else ""
        return anchor.removeprefix(_LIST_ANCHOR) if anchor.startswith(_LIST_ANCHOR) else ""

    def _open_code_list_folder(self, name: str) -> None:
        """Open the folder with a code list's file; without a name that of the lists that all standards share."""
        path = load_standard(self.standard.currentData()).find_code_list_path(name) if name else None
        open_path(str(path.parent if path is not None else SHARED_CODE_LISTS_FOLDER), self)

    def show_page(self, anchor: str) -> None:
        """Show the page of a layer or list, such as ``layer-DLTB`` or ``codes-sandiao``.

        Any other anchor shows the introduction.
        """
        if self._data_dictionary is None:
            return
        item = self._items.get(anchor)
        if item is not None and item.isHidden():
            self.search.clear()
            self._filter_items()
        if item is not None and item is not self.tree.currentItem():
            self.tree.setCurrentItem(item)
            self.tree.scrollToItem(item)
        else:
            self._show(anchor)

    def _show(self, anchor: str) -> None:
        """Show the page ``anchor`` of the dictionary with the search words highlighted; scroll to the first of them."""
        self.browser.setHtml(self._data_dictionary.render_page(anchor))
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
        cursor = self.browser.textCursor()
        cursor.setPosition(min((m.cursor.selectionStart() for m in marks), default=0))
        self.browser.setTextCursor(cursor)

    def _on_item_chosen(self, item: QTreeWidgetItem | None) -> None:
        if item is not None and item.data(0, _ANCHOR_DATA_ROLE) and self._data_dictionary is not None:
            self._show(item.data(0, _ANCHOR_DATA_ROLE))

    def _filter_items(self) -> None:
        text = self.search.text()
        words = text.lower().split()
        shown_count = 0
        for entry in self._data_dictionary.pages if self._data_dictionary is not None else ():
            matches = all(word in entry.search_text for word in words)
            self._items[entry.anchor].setHidden(not matches)
            shown_count += matches
        for row in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(row)
            has_visible = any(not group.child(n).isHidden() for n in range(group.childCount()))
            group.setHidden(not has_visible)
            group.setExpanded(bool(text.strip()) or row == 0)
        self.nothing.setVisible(not shown_count)
        self._on_item_chosen(self.tree.currentItem())

    def open_full_dictionary_page(self) -> None:
        """Write the whole dictionary as a page into QGIS's settings folder and open it."""
        standard, lang = self.standard.currentData(), get_interface_language()
        folder = Path(QgsApplication.qgisSettingsDirPath()) / "sanxian" / "dictionary"
        target = folder / f"{standard}-{lang}.html"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_text(target, render_dictionary(load_standard(standard), lang))
        except (SanxianError, ImportError) as error:
            self.browser.setPlainText(messages.explain_error(error))
            return
        except OSError:
            text = tr(
                "The folder {folder} cannot be written. Change its permissions or free disk space, then try again."
            )
            self.browser.setPlainText(text.format(folder=folder))
            return
        url = QUrl.fromLocalFile(str(target))
        if (item := self.tree.currentItem()) is not None and item.data(0, _ANCHOR_DATA_ROLE):
            url.setFragment(item.data(0, _ANCHOR_DATA_ROLE))
        open_in_browser(url, self)


def find_template_role(layer: QgsVectorLayer, templates: dict[str, Template]) -> str:
    """Return the role (code of the plan layer) of a layer, if the standard has a template for it.

    It is the role stored in the layer, else a role in the layer's name. Empty without such a template.
    """
    if not isinstance(layer, QgsVectorLayer):
        return ""
    role_by_name = {name.upper(): role for role, one in templates.items() for name in (role, one.name, *one.aliases)}
    return next(
        (role_by_name[n.upper()] for n in (get_assigned_role(layer), layer.name()) if n.upper() in role_by_name), ""
    )
