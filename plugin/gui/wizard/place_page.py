# SPDX-License-Identifier: GPL-2.0-or-later
"""Step 2: county, coordinate system, layers."""

from __future__ import annotations

from qgis.core import QgsProject

from ...bridge.texts import tr
from ...core.errors import SanxianError
from ..widgets import trouble
from .county_box import CountyBox
from .crs_box import CrsBox
from .draft import Draft
from .groups_box import GroupsBox
from .page import Page


class PlacePage(Page):
    def __init__(self, draft: Draft, project: QgsProject, parent=None):
        super().__init__(draft, tr("County, CRS and layers"), parent)
        self.county = CountyBox(project)
        self.crs = CrsBox(draft)
        self.groups = GroupsBox(draft)
        for box in (self.county, self.crs, self.groups):
            self.body.addWidget(box)
        self.body.addStretch(1)
        self._wrong = ""
        self.county.changed.connect(self._placed)
        for box in (self.crs, self.groups):
            box.changed.connect(self.changed)
        self._placed()

    def enter(self) -> None:
        self.groups.refresh()
        self.county.refresh()

    def _placed(self) -> None:
        try:
            self.draft.county, self._wrong = self.county.told(), ""
        except SanxianError as error:
            self.draft.county, self._wrong = None, trouble.explain(error)
        place = self.county.place()
        self.draft.zones, self.draft.whose, self.draft.view = place.zones, place.whose, place.view
        self.crs.refresh()
        self.changed.emit()

    def problem(self) -> str:
        if self.draft.county is None:
            return self._wrong or tr("Choose the county.")
        return self.crs.problem() or self.groups.problem()
