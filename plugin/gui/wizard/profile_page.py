# SPDX-License-Identifier: GPL-2.0-or-later
"""Step 3: targets and limits: the county's profile, its province's, a file, or none."""

from __future__ import annotations

from qgis.PyQt.QtCore import QSignalBlocker
from qgis.PyQt.QtWidgets import QLabel

from ...bridge import settings
from ...bridge.texts import tr
from ...core.check import Options
from ...core.errors import SanxianError
from ...core.profile import load_profile, profile_ids
from ...core.texts import Texts
from .. import trouble
from ..profile_combo import ProfileCombo
from ..profile_dialog import profile_summary
from .draft import Draft
from .page import Notice, Page, Section


class ProfilePage(Page):
    def __init__(self, draft: Draft, parent=None):
        super().__init__(draft, tr("Targets and county profile"), parent)
        section = Section(
            tr("County profile"), tr("targets, limits and what the county confirmed; can be changed later")
        )
        self.profile = ProfileCombo("SanxianWizardProfile")
        section.layout_.addLayout(self.profile.row())
        self.notice = Notice()
        section.layout_.addWidget(self.notice)
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        content = Section(tr("What it says"))
        content.layout_.addWidget(self.summary)
        self.body.addWidget(section)
        self.body.addWidget(content)
        self.body.addStretch(1)
        self._county = ""
        self.profile.currentIndexChanged.connect(self._chosen)

    def enter(self) -> None:
        """Another county has other profiles; the choice for the same one stays."""
        county = self.draft.county
        if county is None or county.code == self._county:
            return
        self._county = county.code
        fitting = [one for one in map(load_profile, profile_ids()) if one.covers(county.code)]
        # The county's own first, then its city's, its cluster's, its province's.
        fitting.sort(key=lambda one: (one.area_code != county.code, -len(one.chain()), one.id))
        with QSignalBlocker(self.profile):
            self.profile.offer(one.id for one in fitting)
            self.profile.setCurrentIndex(1 if fitting else 0)
        self._chosen()

    def _chosen(self) -> None:
        self.draft.profile = self.profile.currentData() or ""
        try:
            norm = Options(profile=self.draft.profile, standard=self.draft.standard_id).norm()
        except SanxianError as error:
            self.notice.say("error", trouble.explain(error))
            self.summary.setText("")
            self.changed.emit()
            return
        self.notice.say(*self._verdict(norm.profile))
        self.summary.setText(profile_summary(norm, Texts(settings.interface_language())))
        self.changed.emit()

    def _verdict(self, profile) -> tuple[str, str]:
        county = self.draft.county
        if county is None:
            return "info", ""
        if not self.draft.profile:
            return "info", tr("No targets are compared; limits are the standard's. A profile can be set at any time.")
        if profile.area_code == county.code:
            return "ok", tr("This is the county's own profile.")
        if profile.covers(county.code):
            text = tr("Limits of {name} apply; its totals never do. The county's own targets are still to be set.")
            return "info", text.format(name=profile.name)
        text = tr("This profile is of {name} ({area}), the project is of {county} ({code}). Choose another.")
        return "error", text.format(name=profile.name, area=profile.area_code, county=county.name, code=county.code)

    def problem(self) -> str:
        return self.notice.label.text() if self.notice.kind == "error" else ""
