# SPDX-License-Identifier: GPL-2.0-or-later
"""县配置: profile, standard, scope and base year of the project, and what they come to."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProject
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
)

from ..bridge import county, settings, waivers
from ..bridge.texts import tr
from ..core.check import Options
from ..core.errors import SanxianError
from ..core.profile import load_profile, profile_ids
from ..core.standard import EVERY_RULE, load_standard, standard_folders
from ..core.texts import Texts
from ..core.transmission.table import read_township_tasks
from . import idle
from .buttons import ok_and_cancel
from .file_line import FileLine


class ProfileDialog(QDialog):
    def __init__(self, project: QgsProject, parent=None):
        super().__init__(parent)
        self.setObjectName("SanxianProfileDialog")
        self.setWindowTitle(tr("County Profile"))
        self._project = project
        self._texts = Texts(settings.interface_language())
        now = county.of(project)
        self.profile = QComboBox()
        self.profile.setObjectName("SanxianProfile")
        self.profile.addItem(tr("None: no targets, limits of the standard"), "")
        for one in profile_ids():
            self.profile.addItem(self._profile_name(one), one)
        self._choose(self.profile, now.profile)
        browse = QPushButton(tr("Other…"))
        browse.setToolTip(tr("A profile of your own county (.toml)"))
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self.profile, 1)
        row.addWidget(browse)
        self.standard = QComboBox()
        self.standard.addItem(tr("The profile's"), "")
        for one in standard_folders():
            self.standard.addItem(f"{load_standard(one).name}  {one}", one)
        self._choose(self.standard, now.standard)
        self.scope = QComboBox()
        self.base_year = QLineEdit(now.base_year)
        self.base_year.setPlaceholderText(tr("As the layer or its file says"))
        self.waivers = FileLine(waivers.chosen(project), project.homePath(), "CSV (*.csv)")
        self.waivers.line.setObjectName("SanxianProfileWaivers")
        self.waivers.line.setPlaceholderText(tr("The .waivers.csv beside the data"))
        self.phase = QComboBox()
        self.phase.setObjectName("SanxianPhase")
        self.phase.addItem(tr("Not set: severities as the rules have them"), "")
        for one, name in self._texts.section("phases").items():
            self.phase.addItem(name, one)
        self.phase.setCurrentIndex(max(self.phase.findData(now.phase), 0))
        self.rules = QComboBox()
        self.rules.setObjectName("SanxianRules")
        self.rules.addItem(tr("The usual ones: the standard's and the profile's"), "")
        self.rules.addItem(tr("All rules there are (takes longer)"), EVERY_RULE)
        if self.rules.findData(now.rules) < 0:
            self.rules.addItem(now.rules, now.rules)
        self.rules.setCurrentIndex(self.rules.findData(now.rules))
        self.rules.setToolTip(tr("A rule without its layers or tables finds nothing and says so."))
        self.targets = FileLine(now.targets, project.homePath(), f"{tr('Tables')} (*.xlsx *.csv)")
        self.targets.line.setObjectName("SanxianTargets")
        self.targets.line.setPlaceholderText(tr("None: townships have no tasks of their own"))
        self.targets.setToolTip(tr("Tasks handed down to the townships, a row each (rules LAW004 and LAW005)"))
        data = f"{tr('Planning data')} (*.gpkg *.shp *.geojson);;{tr('All')} (*)"
        self.baseline = FileLine(now.baseline, project.homePath(), data, folders=True)
        self.baseline.line.setObjectName("SanxianProfileBaseline")
        self.baseline.line.setPlaceholderText(tr("None: nothing is compared with what was sealed"))
        self.register = FileLine(now.register, project.homePath(), f"{tr('Tables')} (*.xlsx *.csv)")
        self.register.line.setObjectName("SanxianRegister")
        self.register.line.setPlaceholderText(tr("None: sites are compared with no list"))
        self.register.setToolTip(tr("Names, kinds and levels of what is protected, a row each (rule LAW024)"))
        self.language = QComboBox()
        self.language.setObjectName("SanxianLanguage")
        # Each in its own language, so that whoever needs it finds it.
        for code, name in (("zh", "中文"), ("en", "English")):
            self.language.addItem(name, code)
        self.language.setCurrentIndex(self.language.findData(settings.language()))
        self.language.setToolTip(tr("For all projects, from the next check on; the interface follows QGIS."))
        self.summary = QLabel()
        self.summary.setObjectName("SanxianProfileSummary")
        self.summary.setWordWrap(True)
        form = QFormLayout()
        form.addRow(tr("Profile"), row)
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
        self._wanted_scope = now.scope
        self._changed()
        for combo in (self.profile, self.standard):
            combo.currentIndexChanged.connect(self._changed)
        self.resize(self.fontMetrics().horizontalAdvance("0") * 80, self.sizeHint().height())

    def county(self) -> county.County:
        return county.County(
            profile=self.profile.currentData() or "",
            standard=self.standard.currentData() or "",
            scope=self.scope.currentData() or "",
            base_year=self.base_year.text().strip(),
            phase=self.phase.currentData() or "",
            targets=self.targets.text(),
            rules=self.rules.currentData() or "",
            baseline=self.baseline.text(),
            register=self.register.text(),
        )

    def accept(self) -> None:
        year = self.base_year.text().strip()
        if year and not (year.isdigit() and len(year) == 4):
            self.summary.setText(tr("The year needs four digits, such as 2020."))
            return
        try:
            # A slip in the table is told here, not at the next check.
            read_township_tasks(self.targets.text())
        except (SanxianError, ImportError) as error:
            self.summary.setText(idle.explain(error))
            return
        settings.put("language", self.language.currentData())
        county.keep(self._project, self.county())
        waivers.choose(self._project, self.waivers.text())
        self._project.setDirty(True)
        super().accept()

    def _profile_name(self, profile: str) -> str:
        try:
            name = load_profile(profile).name
        except (SanxianError, ImportError):
            name = ""
        return f"{name}  {profile}" if name else profile

    def _choose(self, combo: QComboBox, value: str) -> None:
        place = combo.findData(value)
        if place < 0:
            combo.addItem(self._profile_name(value), value)
            place = combo.count() - 1
        combo.setCurrentIndex(place)

    def _browse(self) -> None:
        folder = self._project.homePath() or str(Path.home())
        path, _ = QFileDialog.getOpenFileName(self, tr("County Profile"), folder, tr("Profile (*.toml)"))
        if path:
            self._choose(self.profile, path)

    def _changed(self) -> None:
        now = self.county()
        try:
            norm = Options(profile=now.profile, standard=now.standard).norm()
        except (SanxianError, ImportError) as error:
            self.summary.setText(idle.explain(error))
            self._ok.setEnabled(False)
            return
        self._ok.setEnabled(True)
        wanted = now.scope or self._wanted_scope
        self.scope.clear()
        self.scope.addItem(tr("The widest that the layers allow"), "")
        names = self._texts.section("scopes")
        for one in norm.standard.scopes:
            self.scope.addItem(names.get(one, one), one)
        self.scope.setCurrentIndex(max(self.scope.findData(wanted), 0))
        self.summary.setText(profile_summary(norm, self._texts))


def profile_summary(norm, texts: Texts) -> str:
    """The limits, the targets and who confirmed the settings."""
    lines = [tr("Expansion ratio: at most {limit}").format(limit=norm.get("ratio.limit"))]
    signs = {">=": "≥", "<=": "≤", "=": "="}
    for target in norm.targets(norm.profile.area_code):
        unit = texts.get("units", target.unit)
        name = texts.indicator(target.indicator)
        figure = f"{name} {signs[target.comparison]} {target.value} {unit}"
        lines.append(tr("{figure} ({source})").format(figure=figure, source=target.source))
    by = norm.profile.confirmed_by
    if by:
        lines.append(tr("Settings confirmed by {by}, {document}, {date}.").format(**by))
    else:
        lines.append(tr("Nobody confirmed this county's settings: at best the verdict is conditional."))
    return "\n".join(lines)
