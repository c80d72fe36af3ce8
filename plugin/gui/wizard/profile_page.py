# SPDX-License-Identifier: GPL-2.0-or-later
"""Step 3 of the wizard, targets and limits: parent profile and own settings."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtCore import QSignalBlocker

from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ...core.checks.check import RunOptions
from ...core.standard.profile import Profile, list_profile_ids, load_profile
from ...core.standard.profile.county_file import PROFILE_FILE_SUFFIX, CountySettings, is_editable_profile_file
from ..county_form.form import CountyForm, FormErrorList
from ..widgets import messages
from ..widgets.combos import ProfileCombo
from ..widgets.layout import fill_layout
from ..widgets.sections import FormSection, NoticeBox
from .draft import WizardChoices, WizardPage


class ProfilePage(WizardPage):
    """Wizard page with the county's parent profile and the form of its settings."""

    def __init__(self, draft: WizardChoices, parent=None):
        super().__init__(draft, tr("Targets and county profile"), parent)
        section = FormSection(tr("County profile"), tr("targets, limits and confirmed items; can be changed later"))
        self.profile = ProfileCombo("SanxianWizardProfile")
        section.layout_.addLayout(self.profile.make_row_with_button())
        self.notice = NoticeBox()
        section.layout_.addWidget(self.notice)
        self.form, self.errors = CountyForm(asks_county=False), FormErrorList()
        fill_layout(self.body, section, self.errors, self.form, (None, 1))
        self._county = ""
        self.profile.currentIndexChanged.connect(self._on_profile_chosen)
        self.form.changed.connect(self._on_form_edited)

    def update_when_shown(self) -> None:
        """Offer the profiles for the chosen county; keep the user's choice if the county is the same."""
        county = self.draft.county
        if county is None or county.code == self._county:
            return
        self._county = county.code
        matching_profiles = [
            profile for profile in map(load_profile, list_profile_ids()) if profile.covers(county.code)
        ]
        # The county's own profile first, then those of city, cluster and province.
        matching_profiles.sort(
            key=lambda profile: (profile.area_code != county.code, -len(profile.list_base_profiles()), profile.id)
        )
        with QSignalBlocker(self.profile):
            self.profile.set_profiles(profile.id for profile in matching_profiles)
            self.profile.setCurrentIndex(1 if matching_profiles else 0)
        base = self.profile.currentData() or ""
        self.form.show_county(CountySettings(county.name, county.code, base), Path(PROFILE_FILE_SUFFIX))
        self._on_profile_chosen()

    def _on_profile_chosen(self) -> None:
        self.draft.profile = self.profile.currentData() or ""
        try:
            norm = RunOptions(profile=self.draft.profile, standard=self.draft.standard_id).resolve_norm()
        except SanxianError as error:
            self.notice.show_message("error", messages.explain_error(error))
            self.form.setVisible(False)
            self._on_form_edited()
            return
        self.notice.show_message(*self._describe_profile(norm.profile))
        self.form.setVisible(not is_editable_profile_file(norm.profile, self._county))
        if self.form.isVisibleTo(self):
            self.form.set_parent_profile(self.draft.profile)
        self._on_form_edited()

    def _on_form_edited(self) -> None:
        is_form_visible = self.form.isVisibleTo(self)
        self.draft.county_settings = (
            self.form.read_county_settings() if is_form_visible and self.form.has_county_values else None
        )
        self.errors.show_errors(self.form.errors if is_form_visible else [])
        self.changed.emit()

    def _describe_profile(self, profile: Profile) -> tuple[str, str]:
        """Return level (``info``, ``ok``, ``error``) and text of the notice on the chosen profile."""
        county = self.draft.county
        if county is None:
            return "info", ""
        if not self.draft.profile:
            return "info", tr("No parent: the limits of the standard apply. Enter the targets of the county below.")
        if profile.area_code == county.code:
            if is_editable_profile_file(profile, county.code):
                return "ok", tr("This is the profile of the county. It can be changed later under County Profile.")
            return "ok", tr("This is the profile of the county.")
        if profile.covers(county.code):
            text = tr("The limits of {name} apply, its totals do not. Enter the targets of the county below.")
            return "info", text.format(name=profile.name)
        text = tr("This profile is of {name} ({area}), the project is of {county} ({code}). Choose another.")
        return "error", text.format(name=profile.name, area=profile.area_code, county=county.name, code=county.code)

    def find_problem(self) -> str:
        if self.notice.kind == "error":
            return self.notice.label.text()
        if self.form.isVisibleTo(self) and self.form.errors:
            return self.form.errors[0].text
        return ""
