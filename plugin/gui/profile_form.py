# SPDX-License-Identifier: GPL-2.0-or-later
"""The widgets of the dialog of the county's profile and their places; what they do is in `profile_dialog`."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout

from ..bridge.texts import tr
from ..core.standard import EVERY_RULE
from .buttons import ok_and_cancel
from .file_line import FileLine
from .profile_combo import ProfileCombo


class ProfileForm(QDialog):
    """``home``: the project's folder, where files are looked for first."""

    def __init__(self, home: str, parent=None):
        super().__init__(parent)
        self.setObjectName("SanxianProfileDialog")
        self.setWindowTitle(tr("County Profile"))
        self.profile = ProfileCombo("SanxianProfile", home)
        self._make_choices()
        self._make_files(home)
        self.base_year = QLineEdit()
        self.base_year.setPlaceholderText(tr("As the layer or its file says"))
        self.summary = QLabel()
        self.summary.setObjectName("SanxianProfileSummary")
        self.summary.setWordWrap(True)
        self._lay_out()

    def _make_choices(self) -> None:
        self.standard, self.scope = QComboBox(), QComboBox()
        self.standard.addItem(tr("The profile's"), "")
        self.phase = QComboBox()
        self.phase.setObjectName("SanxianPhase")
        self.phase.addItem(tr("Not set: severities as the rules have them"), "")
        self.rules = QComboBox()
        self.rules.setObjectName("SanxianRules")
        self.rules.addItem(tr("The usual ones: the standard's and the profile's"), "")
        self.rules.addItem(tr("All rules there are (takes longer)"), EVERY_RULE)
        self.rules.setToolTip(tr("A rule without its layers or tables finds nothing and says so."))
        self.language = QComboBox()
        self.language.setObjectName("SanxianLanguage")
        # Each in its own language, so that whoever needs it finds it.
        for code, name in (("zh", "中文"), ("en", "English")):
            self.language.addItem(name, code)
        self.language.setToolTip(tr("For all projects, from the next check on; the interface follows QGIS."))

    def _make_files(self, home: str) -> None:
        tables = f"{tr('Tables')} (*.xlsx *.csv)"
        data = f"{tr('Planning data')} (*.gpkg *.shp *.geojson);;{tr('All')} (*)"
        self.waivers = FileLine("", home, "CSV (*.csv)")
        self.waivers.line.setObjectName("SanxianProfileWaivers")
        self.waivers.line.setPlaceholderText(tr("The .waivers.csv beside the data"))
        self.targets = FileLine("", home, tables)
        self.targets.line.setObjectName("SanxianTargets")
        self.targets.line.setPlaceholderText(tr("None: townships have no tasks of their own"))
        self.targets.setToolTip(tr("Tasks handed down to the townships, a row each (rules LAW004 and LAW005)"))
        self.baseline = FileLine("", home, data, folders=True)
        self.baseline.line.setObjectName("SanxianProfileBaseline")
        self.baseline.line.setPlaceholderText(tr("None: nothing is compared with what was sealed"))
        self.register = FileLine("", home, tables)
        self.register.line.setObjectName("SanxianRegister")
        self.register.line.setPlaceholderText(tr("None: sites are compared with no list"))
        self.register.setToolTip(tr("Names, kinds and levels of what is protected, a row each (rule LAW024)"))

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow(tr("Profile"), self.profile.row())
        form.addRow(tr("Standard"), self.standard)
        form.addRow(tr("Scope"), self.scope)
        form.addRow(tr("Phase of the plan"), self.phase)
        form.addRow(tr("Rules"), self.rules)
        form.addRow(tr("Year of the base parcels"), self.base_year)
        form.addRow(tr("Tasks of the townships"), self.targets)
        form.addRow(tr("Register of heritage"), self.register)
        form.addRow(tr("File of waivers"), self.waivers)
        form.addRow(tr("Sealed edition"), self.baseline)
        form.addRow(tr("Language of findings and reports"), self.language)
        buttons = ok_and_cancel(self)
        self._ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.summary, 1)
        layout.addWidget(buttons)
