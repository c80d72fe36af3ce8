# SPDX-License-Identifier: GPL-2.0-or-later
"""县配置: profile, standard, scope and base year of the project, and what they come to."""

from __future__ import annotations

from qgis.core import QgsProject

from ..bridge import county, settings, waivers
from ..bridge.texts import tr
from ..core.check import Options
from ..core.errors import SanxianError
from ..core.profile import profile_ids
from ..core.standard import load_standard, standard_folders
from ..core.texts import Texts
from ..core.transmission.table import read_township_tasks
from . import trouble
from .profile_form import ProfileForm


class ProfileDialog(ProfileForm):
    def __init__(self, project: QgsProject, parent=None):
        super().__init__(project.homePath(), parent)
        self._project = project
        self._texts = Texts(settings.interface_language())
        now = county.of(project)
        self._fill(now)
        self._wanted_scope = now.scope
        self._changed()
        for combo in (self.profile, self.standard):
            combo.currentIndexChanged.connect(self._changed)
        self.resize(self.fontMetrics().horizontalAdvance("0") * 80, self.sizeHint().height())

    def _fill(self, now: county.County) -> None:
        """What the project is checked by now."""
        self.profile.offer(profile_ids())
        self.profile.choose(now.profile)
        for one in standard_folders():
            self.standard.addItem(f"{load_standard(one).name}  {one}", one)
        for one, name in self._texts.section("phases").items():
            self.phase.addItem(name, one)
        self.phase.setCurrentIndex(max(self.phase.findData(now.phase), 0))
        # A standard or rules that the project was given elsewhere stay, although nobody offers them here.
        for combo, value in ((self.standard, now.standard), (self.rules, now.rules)):
            if combo.findData(value) < 0:
                combo.addItem(value, value)
            combo.setCurrentIndex(combo.findData(value))
        self.base_year.setText(now.base_year)
        self.language.setCurrentIndex(self.language.findData(settings.language()))
        given = (
            (self.waivers, waivers.chosen(self._project)),
            (self.targets, now.targets),
            (self.baseline, now.baseline),
            (self.register, now.register),
        )
        for line, path in given:
            line.line.setText(path)

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
            self.summary.setText(trouble.explain(error))
            return
        settings.put("language", self.language.currentData())
        county.keep(self._project, self.county())
        waivers.choose(self._project, self.waivers.text())
        self._project.setDirty(True)
        super().accept()

    def _changed(self) -> None:
        now = self.county()
        try:
            norm = Options(profile=now.profile, standard=now.standard).norm()
        except (SanxianError, ImportError) as error:
            self.summary.setText(trouble.explain(error))
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
