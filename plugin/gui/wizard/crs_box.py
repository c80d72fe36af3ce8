# SPDX-License-Identifier: GPL-2.0-or-later
"""The coordinate system: the county's zone drawn, what it means to lie across an edge, and the choice."""

from __future__ import annotations

from qgis.gui import QgsProjectionSelectionWidget
from qgis.PyQt.QtCore import QSignalBlocker, pyqtSignal
from qgis.PyQt.QtWidgets import QButtonGroup, QGridLayout, QRadioButton

from ...bridge.layers.properties import crs_text
from ...bridge.texts import tr
from ...core.errors import InputError, SanxianError
from ...core.geometry import crs as crs_care
from ...core.geometry.zones import WIDTH, ZonePlan
from ...core.messages.texts import THIN_SPACE
from ...core.standard import divisions, load_standard
from ..widgets import messages
from ..widgets.sections import Notice, Section
from .draft import Draft
from .zone_strip import ZoneStrip

PREFIXED, PLAIN, NEIGHBOUR, DEGREES, OTHER = "prefixed", "plain", "neighbour", "degrees", "other"
#: EPSG codes of the first zone, 25, with its number in front of eastings and without.
_FIRST_ZONE, _PREFIXED, _PLAIN = 25, 4513, 4534


class CrsBox(Section):
    changed = pyqtSignal()

    def __init__(self, draft: Draft, parent=None):
        super().__init__(tr("Coordinate system"), "CGCS2000 / " + tr("3° Gauss–Krüger"), parent)
        self._draft = draft
        self.strip, self.notice, self.warning = ZoneStrip(), Notice(), Notice()
        self.other = QgsProjectionSelectionWidget()
        self.other.setOptionVisible(QgsProjectionSelectionWidget.CrsOption.DefaultCrs, False)
        self.buttons = {name: QRadioButton() for name in (PREFIXED, PLAIN, NEIGHBOUR, DEGREES, OTHER)}
        group = QButtonGroup(self)
        grid = QGridLayout()
        # The neighbour has a row of its own: it is there for a county across an edge only.
        places = {PREFIXED: (0, 0), PLAIN: (0, 1), NEIGHBOUR: (1, 0), DEGREES: (2, 0), OTHER: (2, 1)}
        for name, button in self.buttons.items():
            group.addButton(button)
            grid.addWidget(button, *places[name])
        grid.addWidget(self.other, 3, 0, 1, 2)
        self.buttons[DEGREES].setText("EPSG:4490    " + tr("degrees, for exchange only"))
        self.buttons[OTHER].setText(tr("Other coordinate system…"))
        for widget in (self.strip, self.notice):
            self.layout_.addWidget(widget)
        self.layout_.addLayout(grid)
        self.layout_.addWidget(self.warning)
        for button in self.buttons.values():
            button.toggled.connect(self._chosen)
        self.other.crsChanged.connect(self._chosen)
        self.refresh()

    def refresh(self) -> None:
        """County or place are others now."""
        zones = self._draft.zones
        self.strip.show_plan(zones, "" if self._is_own() else self._whose())
        self.notice.show_message(*self._about(zones))
        zone = zones.recommended if zones is not None else None
        for name, text in ((PREFIXED, _prefixed), (PLAIN, _plain)):
            self.buttons[name].setVisible(zone is not None)
            if zone is not None:
                self.buttons[name].setText(text(zone))
        neighbour = self._neighbour()
        self.buttons[NEIGHBOUR].setVisible(neighbour is not None)
        if neighbour is not None:
            self.buttons[NEIGHBOUR].setText(_prefixed(neighbour))
        if zone is not None and self._certain():
            self.buttons[PREFIXED].setText(f"{_prefixed(zone)}{tr('  (recommended)')}")
        self._choose(PREFIXED if zone is not None and self._certain() else "")
        self._chosen()

    def _neighbour(self) -> int | None:
        """The other zone that the county, or its city, lies in."""
        zones = self._draft.zones
        return next((z for z in zones.zones if z != zones.recommended), None) if zones is not None else None

    def _certain(self) -> bool:
        """Is the zone the county's, and not one of those that its city lies in?"""
        zones = self._draft.zones
        return zones is not None and (self._is_own() or not zones.crosses)

    def _is_own(self) -> bool:
        """Are the longitudes the county's own, and not its city's?"""
        county = self._draft.county
        return not self._draft.whose or (county is not None and self._draft.whose == county.code)

    def _whose(self) -> str:
        return load_standard().code_lists["divisions"].codes[self._draft.whose].name

    def _choose(self, name: str) -> None:
        group = next(iter(self.buttons.values())).group()
        blockers = [QSignalBlocker(button) for button in self.buttons.values()]
        group.setExclusive(False)
        for key, button in self.buttons.items():
            button.setChecked(key == name)
        group.setExclusive(True)
        del blockers

    def choice(self) -> str:
        return next((name for name, button in self.buttons.items() if button.isChecked()), "")

    def _chosen(self, *_args) -> None:
        choice = self.choice()
        self.other.setVisible(choice == OTHER)
        self._draft.crs = self._text(choice)
        self.warning.show_message(*self._verdict())
        self.changed.emit()

    def _text(self, choice: str) -> str:
        zone = self._draft.zones.recommended if self._draft.zones is not None else None
        if choice == NEIGHBOUR:
            zone = self._neighbour()
        if choice == OTHER:
            return crs_text(self.other.crs()) if self.other.crs().isValid() else ""
        if choice == DEGREES:
            return "EPSG:4490"
        if zone is None or not choice:
            return ""
        return f"EPSG:{(_PLAIN if choice == PLAIN else _PREFIXED) + zone - _FIRST_ZONE}"

    def problem(self) -> str:
        if not self._draft.crs:
            return tr("Choose a coordinate system.")
        return self.warning.label.text() if self.warning.kind == "error" else ""

    def _verdict(self) -> tuple[str, str]:
        """What is wrong with the chosen coordinate system, or only odd."""
        county, zones = self._draft.county, self._draft.zones
        if not self._draft.crs or county is None:
            return "info", ""
        try:
            crs = divisions.check_crs(crs_care.parse(self._draft.crs), self._draft.crs)
            odd = divisions.check_place(crs, county.code, load_standard().code_lists["divisions"])
            if zones is not None and not self._draft.whose and not divisions.reaches(crs, zones.west, zones.east):
                raise divisions.elsewhere(crs, county.name, zones.west, zones.east)
        except SanxianError as error:
            return "error", messages.explain(error)
        if odd:
            return "warning", messages.explain(InputError("create_crs_far", **odd[1]))
        if crs_care.describe(crs).geographic:
            return "warning", tr(
                "Drawing and snapping in degrees are awkward: take a zone unless the data is for exchange."
            )
        return "info", ""

    def _about(self, zones: ZonePlan | None) -> tuple[str, str]:
        """How the county lies in the zones."""
        if self._draft.county is None:
            return "info", tr("Choose the county: its zone is shown here.")
        if zones is None:
            return "warning", tr("It is not known where the county lies, so no zone is recommended.")
        if not self._certain():
            text = tr("{whose} lies in zones {zones}; which of them the county lies in is not known. {remedy}")
            remedy = tr("Read the extent from a layer, or type the longitudes.")
            return "warning", text.format(whose=self._whose(), zones=_zones(zones), remedy=remedy)
        if not self._is_own():
            text = tr("The whole of {whose} lies in zone {zone}, and the county with it.")
            return "ok", text.format(whose=self._whose(), zone=zones.recommended)
        if not zones.crosses:
            text = tr("The whole county lies in zone {zone}, about {room}° from its edge.")
            return "ok", text.format(zone=zones.recommended, room=f"{zones.room:.1f}")
        return "warning", _across(zones)


def _across(zones: ZonePlan) -> str:
    by = tr("by area") if zones.by_area else tr("by longitude")
    text = tr(
        "The county lies across zones {zones}. Use one zone for all of it; recommended is zone {zone} (EPSG:{epsg}) with the "
        "larger part {by} ({share})."
    )
    said = text.format(
        zones=_zones(zones),
        zone=zones.recommended,
        epsg=_PREFIXED + zones.recommended - _FIRST_ZONE,
        by=by,
        share=f"{100 * zones.shares[zones.recommended]:.0f}{THIN_SPACE}%",
    )
    if zones.distortion is not None:
        said += tr(" At the zone's edge areas in the plane are about {percent} too large.").format(
            percent=f"{100 * zones.distortion:.3f}{THIN_SPACE}%"
        )
    return said + tr(
        " Checks and reports use the statutory area on the ellipsoid, which does not depend on the zone. Layers of the "
        "other zone are reported by SCH003."
    )


def _zones(zones: ZonePlan) -> str:
    return tr(" and ").join(map(str, zones.zones))


def _prefixed(zone: int) -> str:
    text = tr("zone {zone}, number before the easting")
    return f"EPSG:{_PREFIXED + zone - _FIRST_ZONE}    {text.format(zone=zone)}"


def _plain(zone: int) -> str:
    text = tr("{meridian}°E, without the number")
    return f"EPSG:{_PLAIN + zone - _FIRST_ZONE}    {text.format(meridian=f'{zone * WIDTH:g}')}"
