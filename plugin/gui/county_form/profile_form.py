# SPDX-License-Identifier: GPL-2.0-or-later
"""Widgets and layout of the dialog 县配置; the logic is in `profile_dialog`."""

from __future__ import annotations

from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QGuiApplication
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ...bridge.texts import tr
from ...core.standard import EVERY_RULE
from ...core.standard.profile import load_profile
from ..help.help_dialog import add_help_button
from ..project.document_line import DocumentLine
from ..widgets import messages, theme
from ..widgets.buttons import FocusedButtonDialog, make_ok_cancel_buttons
from ..widgets.combos import ProfileCombo
from ..widgets.field_message import WrappedLabel
from ..widgets.file_line import FileLine
from ..widgets.layout import fill_layout, make_form, make_row, make_scroll_area
from ..widgets.sections import make_faint_label
from .form import CountyForm, FormErrorList

#: Digits beside two columns of groups: margins of the dialog and its scroll bar.
_MARGIN_DIGITS = 12


class ProfileForm(FocusedButtonDialog):
    """Widgets of the dialog 县配置.

    File dialogs start in the folder of the project.
    """

    def __init__(self, project: QgsProject, parent=None):
        super().__init__(parent)
        project_folder = project.homePath()
        self.setObjectName("SanxianProfileDialog")
        self.setWindowTitle(tr("County Profile"))
        self.profile = ProfileCombo("SanxianProfile", project_folder)
        self._make_choice_fields()
        self._make_file_fields(project_folder)
        self.base_year = QLineEdit()
        theme.set_placeholder(self.base_year, tr("From the field or the file name of the layer"))
        self.summary = QLabel(objectName="SanxianProfileSummary", wordWrap=True, alignment=Qt.AlignmentFlag.AlignTop)
        screen = self.screen() or QGuiApplication.primaryScreen()
        self.errors, self.place = FormErrorList(), make_faint_label()
        self.form: CountyForm | None = None
        missing_libraries_text = ""
        try:
            self.form = self._make_county_form(screen.availableGeometry().width())
        except ImportError as error:
            # Rules and their parameters need the libraries; the other tab does not.
            missing_libraries_text = messages.explain_error(error)
        self.place.setWordWrap(True)
        self.document = DocumentLine(project, lambda: load_profile(self.profile.currentData() or ""))
        self._lay_out_tabs(self.form or WrappedLabel(missing_libraries_text))

    def _make_county_form(self, screen_width: int) -> CountyForm:
        """Return the county's form, in two columns if they fit on the screen without scrolling sideways."""
        form = CountyForm(2)
        margin = self.fontMetrics().horizontalAdvance("0") * _MARGIN_DIGITS
        if form.minimumSizeHint().width() + margin <= screen_width:
            return form
        form.deleteLater()
        return CountyForm(1)

    def _make_choice_fields(self) -> None:
        self.standard, self.scope = QComboBox(), QComboBox()
        self.standard.addItem(tr("As in the profile"), "")
        self.phase = QComboBox(objectName="SanxianPhase")
        self.phase.addItem(tr("Not set: default severities of the rules"), "")
        self.rules = QComboBox(
            objectName="SanxianRules",
            toolTip=tr("A rule that lacks its layers or tables checks nothing and reports the reason."),
        )
        self.rules.addItem(tr("Default rules of the standard and the profile"), "")
        self.rules.addItem(tr("All rules (takes longer)"), EVERY_RULE)
        self.language = QComboBox(
            objectName="SanxianLanguage",
            toolTip=tr("For all projects, from the next check on; the interface follows QGIS."),
        )
        # Each name in its language, so that users find theirs.
        for code, name in (("zh", "中文"), ("en", "English")):
            self.language.addItem(name, code)

    def _make_file_fields(self, project_folder: str) -> None:
        tables = f"{tr('Tables')} (*.xlsx *.csv)"
        data = f"{tr('Planning data')} (*.gpkg *.shp *.geojson);;{tr('All')} (*)"
        self.waivers = FileLine("", project_folder, "CSV (*.csv)")
        self.waivers.line.setObjectName("SanxianProfileWaivers")
        theme.set_placeholder(self.waivers.line, tr("The file .waivers.csv in the data folder"))
        self.targets = FileLine("", project_folder, tables)
        self.targets.line.setObjectName("SanxianTargets")
        theme.set_placeholder(self.targets.line, tr("None: tasks are not allocated to townships"))
        self.targets.setToolTip(tr("Tasks allocated to the townships, one per row (rules LAW004 and LAW005)"))
        self.baseline = FileLine("", project_folder, data, allows_folders=True)
        self.baseline.line.setObjectName("SanxianProfileBaseline")
        theme.set_placeholder(self.baseline.line, tr("None: no comparison with the sealed edition"))
        self.register = FileLine("", project_folder, tables)
        self.register.line.setObjectName("SanxianRegister")
        theme.set_placeholder(self.register.line, tr("None: sites are not compared with a register"))
        self.register.setToolTip(tr("Names, kinds and levels of what is protected, a row each (rule LAW024)"))

    def _lay_out_tabs(self, county_widget: QWidget) -> None:
        """Place the county's settings on one tab and the check settings on the other."""
        checks = QWidget()
        form = make_form(
            (tr("Standard"), self.standard),
            (tr("Scope"), self.scope),
            (tr("Phase of the plan"), self.phase),
            (tr("Rules"), self.rules),
            (tr("Year of the base parcels"), self.base_year),
            (tr("Township targets"), self.targets),
            (tr("Heritage register"), self.register),
            (tr("Waiver file"), self.waivers),
            (tr("Sealed edition"), self.baseline),
            (tr("Document information"), self.document),
            (tr("Language of findings and reports"), self.language),
        )
        fill_layout(QVBoxLayout(checks), form, (self.summary, 1))
        self.tabs = QTabWidget()
        self.tabs.addTab(make_scroll_area(county_widget), tr("Targets and confirmation"))
        self.tabs.addTab(make_scroll_area(checks), tr("Check settings"))
        top = make_form((tr("Profile"), self.profile.make_row_with_button()))
        buttons = add_help_button(make_ok_cancel_buttons(self), "profile")
        self._ok_button = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._ok_button.setText(tr("Save"))
        last = make_row((self.place, 1), buttons)
        fill_layout(QVBoxLayout(self), top, (self.tabs, 1), self.errors, last)
