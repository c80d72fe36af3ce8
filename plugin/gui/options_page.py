# SPDX-License-Identifier: GPL-2.0-or-later
"""Page 三区三线 in QGIS's options: settings of the user for all projects."""

from __future__ import annotations

from collections.abc import Callable

from qgis.gui import QgsOptionsPageWidget, QgsOptionsWidgetFactory
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QLineEdit, QWidget

from ..bridge.settings import (
    ASK_ON_DROP,
    CHECK_WHILE_EDITING,
    OFFER_TOUR,
    REPORT_LANGUAGE,
    SHOW_FINDINGS_LAYER,
    WAIVER_AUTHOR,
    WORKLIST_PERSON,
    list_language_choices,
    read_setting,
    store_setting,
)
from ..bridge.texts import tr
from .widgets import fill_combo, fill_form, theme

#: Called with (name of a switch of the menu, whether it is on) when the page is applied.
SwitchSetter = Callable[[str, bool], None]


class OptionsPage(QgsOptionsPageWidget):
    """Settings that apply to all projects; `apply` stores them, as OK in QGIS's options does."""

    def __init__(self, set_switch: SwitchSetter, parent: QWidget | None = None):
        super().__init__(parent, objectName="SanxianOptions")
        self._set_switch = set_switch
        self.language = QComboBox()
        fill_combo(self.language, list_language_choices(), read_setting(REPORT_LANGUAGE))
        self.author = QLineEdit(read_setting(WAIVER_AUTHOR, ""))
        self.person = QLineEdit(read_setting(WORKLIST_PERSON, ""))
        theme.set_placeholder(self.person, tr("Name of the account"))
        self.live, self.layer, self.ask_on_drop, self.tour = (
            QCheckBox(text, checked=read_setting(key, True))
            for text, key in (
                (tr("Check while editing"), CHECK_WHILE_EDITING),
                (tr("Show findings on the map"), SHOW_FINDINGS_LAYER),
                (tr("Ask what to do with plan data and packages dropped on the map"), ASK_ON_DROP),
                (tr("Show the tour the next time the sample county is opened"), OFFER_TOUR),
            )
        )
        note = QLabel(
            tr("Settings of one county, such as limits and targets, are in the menu under County Profile…"),
            wordWrap=True,
        )
        fill_form(
            QFormLayout(self),
            (tr("Language of findings and reports"), self.language),
            (tr("Name in waivers and in the log of fixes"), self.author),
            (tr("Name in the work list"), self.person),
            *((widget,) for widget in (self.live, self.layer, self.ask_on_drop, self.tour, note)),
        )

    def apply(self) -> None:
        store_setting(REPORT_LANGUAGE, self.language.currentData())
        store_setting(WAIVER_AUTHOR, self.author.text().strip())
        store_setting(WORKLIST_PERSON, self.person.text().strip())
        store_setting(ASK_ON_DROP, self.ask_on_drop.isChecked())
        store_setting(OFFER_TOUR, self.tour.isChecked())
        self._set_switch("live", self.live.isChecked())
        self._set_switch("layer", self.layer.isChecked())


class OptionsFactory(QgsOptionsWidgetFactory):
    """Creates the page each time QGIS's options open."""

    def __init__(self, set_switch: SwitchSetter):
        super().__init__(tr("Sanxian"), QIcon())
        self._set_switch = set_switch

    def icon(self) -> QIcon:
        return theme.load_icon("sanxian")

    def createWidget(self, parent: QWidget | None) -> OptionsPage:
        return OptionsPage(self._set_switch, parent)
