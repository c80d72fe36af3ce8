# SPDX-License-Identifier: GPL-2.0-or-later
"""The frame of the wizard: steps, page, message and buttons."""

from __future__ import annotations

from dataclasses import replace

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QSize, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QIcon, QPainter, QPalette, QPixmap
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ...bridge import settings
from ...bridge.texts import tr
from ..county_form.form import FormErrorList
from ..help.help_dialog import make_help_button
from ..widgets import FocusedButtonDialog, fill_layout, make_scroll_area, resize_within_screen, set_bold, theme
from .draft import WizardChoices, WizardPage
from .pages import FOLDER_SETTING, ConfirmPage, ProfilePage, TargetPage, TemplatePage
from .place_page import CountyPage


class NewProjectWizard(FocusedButtonDialog):
    """Dialog of the wizard with its pages; it creates nothing itself.

    Signals: ``wanted(request)``: the user pressed Create on the last page; ``stopped``: the user cancelled the running
    creation.
    """

    wanted = pyqtSignal(object)
    stopped = pyqtSignal()

    def __init__(self, project: QgsProject, parent=None):
        super().__init__(parent, objectName="SanxianNewProjectWizard", windowTitle=tr("New County Plan"))
        self.draft = WizardChoices()
        self.place = CountyPage(self.draft, project)
        self.target = TargetPage(self.draft)
        self.confirm = ConfirmPage(self.draft)
        self.profile = ProfilePage(self.draft)
        self.pages: list[WizardPage] = [TemplatePage(self.draft), self.place, self.profile, self.target, self.confirm]
        self._busy = False
        self.steps = QListWidget(
            objectName="SanxianWizardSteps",
            frameShape=QFrame.Shape.NoFrame,
            selectionMode=QAbstractItemView.SelectionMode.SingleSelection,
            focusPolicy=Qt.FocusPolicy.NoFocus,
            itemClicked=lambda item: self.go_to_page(self.steps.row(item), back_only=True),
        )
        line = self.fontMetrics().height()
        for page in self.pages:
            item = QListWidgetItem(page.title)
            item.setSizeHint(QSize(0, round(line * 2.2)))
            self.steps.addItem(item)
        self.steps.setIconSize(QSize(line, line))
        self.about = QLabel(wordWrap=True, margin=line // 2)
        self._left = left = QWidget()
        left.setBackgroundRole(QPalette.ColorRole.Base)
        left.setAutoFillBackground(True)
        # The title of the current step is bold and therefore wider.
        titles = max(self.fontMetrics().horizontalAdvance(page.title) for page in self.pages)
        self._min_left_width = round(titles * 1.1) + 4 * line
        left.setFixedWidth(max(self.fontMetrics().horizontalAdvance("0") * 29, self._min_left_width))
        column = fill_layout(QVBoxLayout(left), (self.steps, 1), self.about)
        column.setContentsMargins(0, line // 2, 0, 0)
        self.stack = QStackedWidget()
        for page in self.pages:
            self.stack.addWidget(make_scroll_area(page))
            page.changed.connect(self._update_state)
        self.message_label = QLabel(wordWrap=True)
        self.errors = FormErrorList(self.message_label)
        # Enter always activates Next.
        self.back = QPushButton(
            tr("Back"), autoDefault=False, clicked=lambda: self.go_to_page(self.stack.currentIndex() - 1)
        )
        self.next = QPushButton(default=True, clicked=self._show_next_page)
        self.cancel = QPushButton(tr("Cancel"), autoDefault=False, clicked=self.leave)
        row = self.errors.make_row_with(make_help_button("new_project"), self.back, self.next, self.cancel)
        row.setContentsMargins(line, line // 2, line, line // 2)
        fill_layout(
            QVBoxLayout(self, spacing=0),
            (fill_layout(QHBoxLayout(spacing=0), left, (self.stack, 1)), 1),
            QFrame(frameShape=QFrame.Shape.HLine, frameShadow=QFrame.Shadow.Sunken),
            row,
            has_margins=False,
        )
        theme.call_after_theme_change(self, self._update_state)
        self.place.groups.refresh()
        self.go_to_page(0)
        self._untouched_draft = replace(self.draft, roles=list(self.draft.roles))
        self._set_first_size()

    # --- widgets

    def _set_first_size(self) -> None:
        height = self.place.sizeHint().height() + self.fontMetrics().height() * 8
        width = self.fontMetrics().horizontalAdvance("0") * 140
        resize_within_screen(self, width, height)
        if self.width() < width:
            # As narrow as the widest page needs it, so that it is the same on all pages.
            self._left.setFixedWidth(self._min_left_width)

    def _widen_for_scroll_bar(self) -> None:
        """Widen the dialog by what its page still scrolls sideways; on a small screen narrow the list of steps."""
        overflow, width = self.stack.currentWidget().horizontalScrollBar().maximum(), self.width()
        if overflow > 0:
            resize_within_screen(self, width + overflow, self.height())
            overflow -= self.width() - width
            if self._left.width() - overflow >= self._min_left_width:
                self._left.setFixedWidth(self._left.width() - overflow)
            else:
                self._left.hide()

    # --- steps
    def go_to_page(self, number: int, back_only: bool = False) -> None:
        """Show a page by its number (from 0), unless the wizard is busy.

        ``back_only``: do nothing if the page comes after the current one.
        """
        here = self.stack.currentIndex()
        if self._busy or not 0 <= number < len(self.pages) or (back_only and number > here):
            self._update_state()
            return
        self.pages[number].update_when_shown()
        self.stack.setCurrentIndex(number)
        # The width that a page needs is known once it is laid out.
        QTimer.singleShot(0, self._widen_for_scroll_bar)
        self._update_state()

    def _show_next_page(self) -> None:
        number = self.stack.currentIndex()
        # Files may have been created meanwhile: validate every step again.
        for page_number, page in enumerate(self.pages[: number + 1]):
            if page.find_problem():
                self.go_to_page(page_number)
                return
        if number + 1 < len(self.pages):
            self.go_to_page(number + 1)
        else:
            settings.store_setting(FOLDER_SETTING, self.draft.folder)
            self.wanted.emit(self.draft.make_request())

    def has_unsaved_entries(self) -> bool:
        return self.draft != self._untouched_draft and not self._busy

    def reject(self) -> None:
        if self._busy:
            self.stopped.emit()
        else:
            super().reject()

    # --- running creation
    def set_busy(self, busy: bool) -> None:
        """Disable the pages while the project is being created, or enable them again."""
        self._busy = busy
        self.stack.setEnabled(not busy)
        self._update_state()

    # --- state
    def _update_state(self) -> None:
        number = self.stack.currentIndex()
        problem = self.pages[number].find_problem()
        last = number == len(self.pages) - 1
        self.next.setText(tr("Create") if last else tr("Next Step"))
        self.next.setEnabled(not problem and not self._busy)
        self.back.setEnabled(number > 0 and not self._busy)
        text = tr("{layers} layers in {groups} groups will be created")
        if self.draft.existing_database_action == "add":
            text = tr("Of {layers} layers in {groups} groups, those that the database lacks will be created")
        elif not number:
            text = tr("Of these, {layers} layers in {groups} groups will be created; the next step can change them")
        text = text.format(layers=len(self.draft.roles), groups=len(self.draft.list_group_names()))
        self.message_label.setText(problem or text)
        self.errors.show_errors(self.pages[number].list_errors())
        self.about.setText(tr("Standard: {name}").format(name=self.draft.standard.name))
        self.steps.setCurrentRow(number)
        for row in range(self.steps.count()):
            item = self.steps.item(row)
            item.setIcon(theme.load_icon("ok") if row < number else self._draw_step_number(row + 1))
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            set_bold(item, is_bold=row == number)

    def _draw_step_number(self, number: int) -> QIcon:
        icon = QIcon()
        ratio, side = self.devicePixelRatioF(), self.steps.iconSize().width()
        font = self.font()
        font.setBold(True)
        # Dark themes use the normal text colour on highlighted rows.
        selected_ink = QPalette.ColorRole.Text if theme.is_dark() else QPalette.ColorRole.HighlightedText
        inks = {QIcon.Mode.Normal: QPalette.ColorRole.Text, QIcon.Mode.Selected: selected_ink}
        for mode, ink in inks.items():
            image = QPixmap(round(side * ratio), round(side * ratio))
            image.setDevicePixelRatio(ratio)
            image.fill(Qt.GlobalColor.transparent)
            painter = QPainter(image)
            painter.setFont(font)
            painter.setPen(self.palette().color(ink))
            painter.drawText(0, 0, side, side, Qt.AlignmentFlag.AlignCenter, str(number))
            painter.end()
            icon.addPixmap(image, mode)
        return icon
