# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists without cut rows, the page in place of an empty one, and combo boxes of counties and profiles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, takewhile
from typing import Any

from qgis.gui import QgsMapLayerComboBox
from qgis.PyQt.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QObject,
    QPoint,
    QRect,
    QSize,
    Qt,
    QTimer,
    pyqtSignal,
)
from qgis.PyQt.QtGui import QCursor
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QCompleter,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from ...bridge.project import saved_paths
from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ...core.standard import load_standard
from ...core.standard.divisions import COUNTY_LEVEL
from ...core.standard.profile import load_profile
from . import theme
from .layout import FittedWidget, fill_layout, make_row


class WholeRows(FittedWidget, QWidget):
    """Gives a table, or a list with rows of one height, inside a layout, the height of whole rows.

    A half row at the end of a list that scrolls looks like a text that is cut. A list without a scroll bar takes the
    whole height.
    """

    def __init__(self, view: QAbstractItemView):
        super().__init__(sizePolicy=view.sizePolicy())
        self._view = view
        view.setParent(self)
        self.setFocusProxy(view)
        for bar in (view.verticalScrollBar(), view.horizontalScrollBar()):
            bar.rangeChanged.connect(self.fit_contents)

    def sizeHint(self) -> QSize:
        return self._view.sizeHint().expandedTo(self._view.minimumSize())

    def minimumSizeHint(self) -> QSize:
        hint, least = self._view.minimumSizeHint(), self._view.minimumSize()
        # An explicit minimum replaces the hint, as in a layout.
        return QSize(least.width() or hint.width(), least.height() or hint.height())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            # The view has another minimum size.
            self.updateGeometry()
        return super().event(event)

    def fit_contents(self, *_range: int) -> None:
        view, height = self._view, self.height()
        if view.verticalScrollBar().maximum() > 0:
            is_table = isinstance(view, QTableView)
            header = view.horizontalHeader() if is_table else view.header() if isinstance(view, QTreeView) else None
            rows_height = height - 2 * view.frameWidth()
            if header is not None and not header.isHidden():
                rows_height -= header.height()
            bar = view.horizontalScrollBar()
            if bar.maximum() > 0:
                rows_height -= bar.sizeHint().height()
            if is_table:
                heights = accumulate(map(view.rowHeight, range(view.model().rowCount())))
                whole_height = max(takewhile(lambda one: one <= rows_height, heights), default=rows_height)
            else:
                row_height = view.visualRect(view.model().index(0, 0)).height()
                whole_height = rows_height - (rows_height % row_height if 0 < row_height <= rows_height else 0)
            height -= rows_height - whole_height
        view.setGeometry(0, 0, self.width(), height)


def show_as_list(table: QTableView, row_em: float) -> None:
    """Show a table as a list: rows of ``row_em`` times the font's height, selected one at a time, read-only."""
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    table.verticalHeader().hide()
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    table.verticalHeader().setMinimumSectionSize(1)
    table.verticalHeader().setDefaultSectionSize(round(row_em * table.fontMetrics().height()))
    table.horizontalHeader().setHighlightSections(False)


@dataclass
class EmptyPage:
    """Content of a page that is shown in place of an empty list.

    ``function_by_label``: (label, function) of each button.
    """

    text: str
    function_by_label: list[tuple[str, Callable[[], None]]] = field(default_factory=list)
    tool_tip: str = ""


class EmptyStateWidget(QWidget):
    """Widget that shows a text, and buttons for the next steps."""

    def __init__(self):
        super().__init__(objectName="SanxianEmptyState")
        self.label = QLabel(
            objectName="SanxianEmptyText",
            wordWrap=True,
            alignment=Qt.AlignmentFlag.AlignCenter,
            textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse,
        )
        self._row = QHBoxLayout()
        self._button_callbacks: list[Callable[[], None]] = []
        fill_layout(QVBoxLayout(self), (None, 2), self.label, self._row, (None, 3))

    def show_empty_page(self, page: EmptyPage) -> None:
        """Show text, tool tip and buttons of a page in place of the former ones."""
        is_unchanged = page.text == self.label.text() and [t for t, _ in page.function_by_label] == [
            b.text() for b in self.list_buttons()
        ]
        self._button_callbacks = [callback for _, callback in page.function_by_label]
        self.label.setToolTip(page.tool_tip)
        if is_unchanged:
            return
        self.label.setText(page.text)
        while self._row.count():
            widget = self._row.takeAt(0).widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._row.addStretch()
        for number, (label, _) in enumerate(page.function_by_label):
            button = QPushButton(label, self)
            # A click may change the state and delete the button: finish the click first.
            button.clicked.connect(
                lambda _on=False, n=number: self._button_callbacks[n](), Qt.ConnectionType.QueuedConnection
            )
            self._row.addWidget(button)
        self._row.addStretch()

    def list_buttons(self) -> list[QPushButton]:
        widgets = [self._row.itemAt(n).widget() for n in range(self._row.count())]
        return [w for w in widgets if w is not None]


class GroupedModel(QAbstractItemModel):
    """Base of two-level models: groups, and in each its ``rows``. The internal id of an index is 0 for a group only."""

    COLUMN_COUNT: int
    groups: Sequence[Any]

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return self.COLUMN_COUNT

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        if not parent.isValid():
            return len(self.groups)
        return 0 if parent.internalId() or parent.column() > 0 else len(self.groups[parent.row()].rows)


class _ScrollSafe:
    """A field of a table that leaves the mouse wheel to the table."""

    def __init__(self, *parents, **properties):
        super().__init__(*parents, **{"focusPolicy": Qt.FocusPolicy.StrongFocus, **properties})

    def wheelEvent(self, event) -> None:
        event.ignore()


class ScrollSafeComboBox(_ScrollSafe, QComboBox):
    """A combo box that leaves the mouse wheel to the table."""


class ScrollSafeLayerCombo(_ScrollSafe, QgsMapLayerComboBox):
    """A box of layers that leaves the mouse wheel to the table."""


class _TextSelector(QObject):
    """Selects the text of a field that gets the focus, or is clicked again, so that typing replaces it."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        is_click = event.type() == QEvent.Type.MouseButtonRelease
        is_clicked_again = is_click and not watched.isModified() and not watched.hasSelectedText()
        if event.type() == QEvent.Type.FocusIn or is_clicked_again:
            # After the click that set the focus has placed the cursor.
            QTimer.singleShot(0, watched.selectAll)
        return super().eventFilter(watched, event)


def make_searchable(combo: QComboBox) -> None:
    """Let the user choose an entry of a combo box by typing its code or a part of it that no other entry has.

    Any other text is replaced by the present entry.
    """
    combo.setEditable(True)
    combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    combo.completer().setFilterMode(Qt.MatchFlag.MatchContains)
    combo.completer().setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
    line = combo.lineEdit()
    line.installEventFilter(_TextSelector(line))

    def choose_typed_entry() -> None:
        present = combo.itemText(combo.currentIndex())
        typed = line.text().strip().removeprefix(present).casefold()
        texts = [combo.itemText(number).casefold() for number in range(combo.count())]
        matches = [n for n, text in enumerate(texts) if typed in (text, *text.split(" "))]
        matches = matches or [n for n, text in enumerate(texts) if typed in text]
        if typed and len(matches) == 1 and matches[0] != combo.currentIndex():
            combo.setCurrentIndex(matches[0])
            combo.activated.emit(matches[0])
        combo.setEditText(combo.itemText(combo.currentIndex()))

    # After the event that ends the editing: the choice may replace the box itself, or the widget that gets the focus.
    chooser = QTimer(combo, singleShot=True, timeout=choose_typed_entry)
    line.editingFinished.connect(chooser.start)


#: Policies of fields that get the focus by a click.
_CLICK_POLICIES = (Qt.FocusPolicy.ClickFocus, Qt.FocusPolicy.StrongFocus, Qt.FocusPolicy.WheelFocus)


class FieldCompleter(QCompleter):
    """Offers the entries that contain the typed text, in a list beneath its field that shows them whole.

    Qt makes the list as wide as the field and lets it overlap the field. A list of nothing but the typed text is not
    shown, and a click on another field ends it and goes to that field.
    """

    def __init__(self, model: QAbstractItemModel, parent: QObject):
        super().__init__(
            model,
            parent,
            filterMode=Qt.MatchFlag.MatchContains,
            caseSensitivity=Qt.CaseSensitivity.CaseInsensitive,
            completionMode=QCompleter.CompletionMode.PopupCompletion,
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        is_enter = event.type() == QEvent.Type.KeyPress and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and watched is self.popup() and self.completionCount() == 1:
            # Enter takes the only entry; Qt would close the list without it.
            self.popup().setCurrentIndex(self.completionModel().index(0, self.completionColumn()))
        if event.type() == QEvent.Type.Show and watched is self.popup() and self._offers_nothing_else():
            QTimer.singleShot(0, self.popup().hide)
        if event.type() == QEvent.Type.MouseButtonPress and watched is self.popup() and not self.popup().underMouse():
            field = QApplication.widgetAt(QCursor.pos())
            if field is not None and field.focusPolicy() in _CLICK_POLICIES:
                QTimer.singleShot(0, lambda: field.setFocus(Qt.FocusReason.MouseFocusReason))
        # Qt creates the list when it is asked for, and installs this filter meanwhile; each key places the list again.
        if event.type() in (QEvent.Type.Show, QEvent.Type.Move, QEvent.Type.Resize) and watched is self.popup():
            field, popup = self.widget(), self.popup()
            edges = popup.verticalScrollBar().sizeHint().width() + 2 * popup.frameWidth()
            place = QRect(popup.pos(), popup.size())
            place.setWidth(max(field.width(), popup.sizeHintForColumn(0) + edges))
            # Where the screen ends, Qt places the list above the field.
            if place.top() > field.mapToGlobal(QPoint(0, 0)).y():
                place.moveTo(field.mapToGlobal(QPoint(0, field.height())))
            if place != popup.geometry():
                popup.setGeometry(place)
        return super().eventFilter(watched, event)

    def _offers_nothing_else(self) -> bool:
        return self.completionCount() == 1 and self.currentCompletion() == self.completionPrefix()


class CountyCombo(QComboBox):
    """Combo box of counties; ``changed``: the text has changed.

    The text is free: for a county that the list lacks, such as one of an earlier list, the user types code and name.
    """

    changed = pyqtSignal()

    def __init__(self):
        super().__init__(editable=True, insertPolicy=QComboBox.InsertPolicy.NoInsert, minimumContentsLength=24)
        listed = load_standard().code_lists["divisions"]
        for code, entry in listed.entry_by_code.items():
            if entry.level == COUNTY_LEVEL:
                above = reversed(listed.list_code_and_parents(entry.parent))
                self.addItem(f"{code} {entry.name}  {''.join(listed.entry_by_code[one].name for one in above)}", code)
        self.setCompleter(FieldCompleter(self.model(), self))
        self.setCurrentIndex(-1)
        theme.set_placeholder(self.lineEdit(), tr("Name or code of the county"))
        self.editTextChanged.connect(lambda _text: self.changed.emit())
        # A narrow field shows the code and the name, not the end of the text.
        self.activated.connect(lambda _number: QTimer.singleShot(0, lambda: self.lineEdit().home(False)))

    def get_chosen_county_code(self) -> str:
        """Return the code of a listed county, else the text."""
        text = self.currentText().strip()
        row = self.findText(text)
        return str(self.itemData(row)) if row >= 0 else text

    def set_text(self, text: str) -> None:
        """Choose the listed county with this code; any other text is shown as typed."""
        row = self.findData(text)
        if row >= 0:
            self.setCurrentIndex(row)
        else:
            self.setCurrentIndex(-1)
            self.setEditText(text)


class ProfileCombo(QComboBox):
    """Combo box of county profiles; its first entry means “no profile”.

    ``name``: object name; ``folder``: initial folder of the file dialog.
    """

    def __init__(self, name: str, folder: str = "", parent=None, **properties: Any):
        super().__init__(parent, objectName=name, **properties)
        self._folder = folder or saved_paths.get_start_folder()
        if "toolTip" not in properties:
            self.currentIndexChanged.connect(lambda _index: self.setToolTip(self.currentData() or ""))

    def set_profiles(self, profiles: Iterable[str]) -> None:
        """Replace the entries by these profiles, preceded by no profile."""
        self.clear()
        self.addItem(tr("None: no targets, limits of the standard"), "")
        for profile in profiles:
            self._add_profile(profile)

    def choose_profile(self, profile: str) -> None:
        """Select a profile by id or path; an unknown one is added."""
        if self.findData(profile) < 0:
            self._add_profile(profile)
        self.setCurrentIndex(self.findData(profile))

    def _add_profile(self, profile: str) -> None:
        self.addItem(name_profile(profile), profile)
        self.setItemData(self.count() - 1, profile, Qt.ItemDataRole.ToolTipRole)

    def make_row_with_button(self) -> QHBoxLayout:
        """Return a row with the combo box and a button to choose a file."""
        browse = QPushButton(
            tr("Other…"), toolTip=tr("Profile of this county (.toml)"), clicked=self._browse_for_profile
        )
        return make_row((self, 1), browse)

    def _browse_for_profile(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, tr("County Profile"), self._folder, tr("Profile (*.toml)"))
        if path:
            self.choose_profile(path)


def name_profile(profile: str) -> str:
    """Return the name of a profile; with its file if that is not a shipped one; only the id if it cannot be read."""
    try:
        name = load_profile(profile).name
    except (SanxianError, ImportError):
        return profile
    is_shipped = not profile.lower().endswith(".toml")
    return name if name and is_shipped else f"{name}  {profile}".strip()
