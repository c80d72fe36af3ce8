# SPDX-License-Identifier: GPL-2.0-or-later
"""Wizard box of the coordinate system: zones of the county, explanation, choices."""

from __future__ import annotations

import math

from qgis.gui import QgsProjectionSelectionWidget
from qgis.PyQt.QtCore import QPointF, QRectF, QSignalBlocker, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QPainter, QPalette, QPen
from qgis.PyQt.QtWidgets import QButtonGroup, QGridLayout, QRadioButton, QSizePolicy, QWidget

from ...bridge.layers.properties import format_crs_for_pyproj
from ...bridge.texts import tr
from ...core.base.errors import InputError, SanxianError
from ...core.geometry import crs as crs_care
from ...core.geometry.crs_zones import HALF_ZONE_DEGREES, ZONE_WIDTH_DEGREES, CrsZoneChoice
from ...core.standard import divisions, load_standard
from ...core.standard.messages.texts import THIN_SPACE
from ..widgets import FormSection, NoticeBox, fill_layout, keep_room, messages, set_bold, theme
from .draft import WizardChoices

#: Margin at both sides of the county in degrees, so that its box does not touch the ends of the strip.
_MIN_MERIDIAN_GAP = 0.4
PREFIXED_ZONE_CHOICE, PLAIN_ZONE_CHOICE, NEIGHBOUR_ZONE_CHOICE, DEGREES_CHOICE, OTHER_CRS_CHOICE = (
    "prefixed",
    "plain",
    "neighbour",
    "degrees",
    "other",
)
#: EPSG codes of the first zone, 25, with and without its number before the eastings.
_FIRST_ZONE_NUMBER, _FIRST_PREFIXED_EPSG, _FIRST_PLAIN_EPSG = 25, 4513, 4534


class CrsZoneStrip(QWidget):
    """Strip that draws the county's position in the 3° zones, with an accessible description in words."""

    def __init__(self, parent=None):
        super().__init__(parent, objectName="SanxianZoneStrip", accessibleName=tr("3° zones"))
        self._plan: CrsZoneChoice | None = None
        self._division_name = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_zones(self, zone_choice: CrsZoneChoice | None, division_name: str = "") -> None:
        """Show the zones around a county.

        ``zone_choice``: the zones, None for an unknown county; ``division_name``: name of the division whose longitudes
        are shown, if it is not the county.
        """
        self._plan, self._division_name = zone_choice, division_name
        if zone_choice is not None:
            text = tr("{county}, zones {zones}, zone edge {edge}°E")
            zones = ", ".join(map(str, zone_choice.shares_by_zone))
            self.setAccessibleDescription(
                text.format(county=self._describe_county(zone_choice), zones=zones, edge=f"{self._find_edge():g}")
            )
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance("0") * 60, round(self.fontMetrics().height() * 4.2))

    minimumSizeHint = sizeHint

    def _find_edge(self) -> float:
        """Return the zone edge nearest to the centre of the county."""
        plan = self._plan
        middle = (plan.west + plan.east) / 2 if plan else 0.0
        return round((middle - HALF_ZONE_DEGREES) / ZONE_WIDTH_DEGREES) * ZONE_WIDTH_DEGREES + HALF_ZONE_DEGREES

    def get_longitude_range(self) -> tuple[float, float]:
        """Return the longitudes of the strip's western and eastern end, in degrees."""
        plan, edge = self._plan, self._find_edge()
        if plan is None:
            return edge - HALF_ZONE_DEGREES, edge + HALF_ZONE_DEGREES
        return min(edge - HALF_ZONE_DEGREES - _MIN_MERIDIAN_GAP / 4, plan.west - _MIN_MERIDIAN_GAP), max(
            edge + HALF_ZONE_DEGREES + _MIN_MERIDIAN_GAP / 4, plan.east + _MIN_MERIDIAN_GAP
        )

    def paintEvent(self, _event) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = self.fontMetrics().height()
        strip = QRectF(1, line * 1.3, self.width() - 2, line * 1.4)
        if (plan := self._plan) is None:
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
            painter.drawRect(strip)
            return
        low, high = self.get_longitude_range()

        def convert_to_x(longitude: float) -> float:
            return strip.left() + (longitude - low) / (high - low) * strip.width()

        self._draw_zones(painter, strip, low, high, convert_to_x)
        color = theme.get_color("warning" if plan.crosses_zones else "ok")
        ground = QColor(color)
        ground.setAlpha(90)
        box = QRectF(
            QPointF(convert_to_x(plan.west), strip.top() + 3),
            QPointF(convert_to_x(plan.east), strip.bottom() - 3),
        )
        painter.setPen(QPen(color, 2))
        painter.setBrush(ground)
        painter.drawRect(box)
        set_bold(painter)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        self._draw_text(
            painter,
            box.center().x(),
            strip.top() - self.fontMetrics().descent() - 2,
            self._describe_county(plan),
        )

    def _draw_zones(self, painter, strip, low, high, x) -> None:
        colors, line = self.palette(), self.fontMetrics().height()
        first, last = math.floor(low / ZONE_WIDTH_DEGREES + 0.5), math.ceil(high / ZONE_WIDTH_DEGREES - 0.5)
        painter.setPen(QPen(colors.color(QPalette.ColorRole.Mid), 1))
        # Every other zone is slightly darker. Some themes have no usable alternate base colour.
        base = colors.color(QPalette.ColorRole.Base)
        darker = theme.mix_colors(colors.color(QPalette.ColorRole.Text), base, 7)
        for zone in range(first, last + 1):
            left, right = (
                max(low, zone * ZONE_WIDTH_DEGREES - HALF_ZONE_DEGREES),
                min(high, zone * ZONE_WIDTH_DEGREES + HALF_ZONE_DEGREES),
            )
            part = QRectF(QPointF(x(left), strip.top()), QPointF(x(right), strip.bottom()))
            painter.fillRect(part, base if zone % 2 else darker)
            painter.drawRect(part)
            self._draw_zone_name(painter, part, zone)
        ink = colors.color(QPalette.ColorRole.WindowText)
        baseline = strip.bottom() + line * 1.1
        for zone in range(first, last + 1):
            meridian, edge = zone * ZONE_WIDTH_DEGREES, zone * ZONE_WIDTH_DEGREES + HALF_ZONE_DEGREES
            if low <= meridian <= high:
                painter.setPen(QPen(ink, 1, Qt.PenStyle.DashLine))
                painter.drawLine(QPointF(x(meridian), strip.top()), QPointF(x(meridian), strip.bottom()))
                painter.setPen(ink)
                self._draw_text(
                    painter, x(meridian), baseline, tr("meridian {degrees}°E").format(degrees=f"{meridian:g}")
                )
            if low < edge < high:
                painter.setPen(QPen(ink, max(2.0, line / 7)))
                painter.drawLine(QPointF(x(edge), strip.top()), QPointF(x(edge), strip.bottom() + line / 4))
                painter.setPen(ink)
                self._draw_text(painter, x(edge), baseline, tr("zone edge {degrees}°E").format(degrees=f"{edge:g}"))

    def _draw_zone_name(self, painter, part: QRectF, zone: int) -> None:
        """Draw the name of a zone where its meridian and the county leave room."""
        text = tr("zone {number}").format(number=zone)
        width = self.fontMetrics().horizontalAdvance(text)
        low, high = self.get_longitude_range()
        scale = (self.width() - 2) / (high - low)
        # The county's western and eastern edge in pixels; a county outside the strip leaves all of it free.
        west, east = (1 + (v - low) * scale for v in (self._plan.west, self._plan.east))
        if not (east > part.left() and west < part.right()):
            west = east = part.right()
        free_spans = [(part.left(), min(west, part.right())), (max(east, part.left()), part.right())]
        left, right = max(free_spans, key=lambda r: r[1] - r[0])
        if right - left > width * 1.2:
            pen = painter.pen()
            painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
            painter.drawText(QRectF(left, part.top(), right - left, part.height()), Qt.AlignmentFlag.AlignCenter, text)
            painter.setPen(pen)

    def _describe_county(self, zone_choice: CrsZoneChoice) -> str:
        """Return the longitudes of the county as text, with the division that they are of."""
        return tr("{whose} {west}°–{east}°E").format(
            whose=self._division_name or tr("county area"),
            west=f"{zone_choice.west:.1f}",
            east=f"{zone_choice.east:.1f}",
        )

    def _draw_text(self, painter, middle: float, baseline: float, text: str) -> None:
        width = painter.fontMetrics().horizontalAdvance(text)
        painter.drawText(QPointF(min(max(middle - width / 2, 0), self.width() - width), baseline), text)


class CrsBox(FormSection):
    """Wizard box of the coordinate system; signal ``changed``: another one was chosen."""

    changed = pyqtSignal()

    def __init__(self, draft: WizardChoices, parent=None):
        super().__init__(tr("Coordinate system"), "CGCS2000 / " + tr("3° Gauss–Krüger"), parent)
        self._draft = draft
        self.strip = CrsZoneStrip()
        self.notice = NoticeBox()
        #: Level and message on the chosen coordinate system; the notice shows it instead of the zones.
        self._crs_message = ("info", "")
        self.other = QgsProjectionSelectionWidget()
        self.other.setOptionVisible(QgsProjectionSelectionWidget.CrsOption.DefaultCrs, False)
        group = QButtonGroup(self)
        grid = QGridLayout()
        # The neighbouring zone is visible for a county across an edge only.
        places = {
            PREFIXED_ZONE_CHOICE: (0, 0),
            PLAIN_ZONE_CHOICE: (0, 1),
            DEGREES_CHOICE: (1, 0),
            OTHER_CRS_CHOICE: (1, 1),
            NEIGHBOUR_ZONE_CHOICE: (2, 0),
        }
        self.buttons = {name: QRadioButton() for name in places}
        for name, button in self.buttons.items():
            group.addButton(button)
            button.toggled.connect(self._on_crs_chosen)
            grid.addWidget(keep_room(button), *places[name])
        grid.addWidget(keep_room(self.other), 2, 1)
        for column in (0, 1):
            grid.setColumnStretch(column, 1)
        self.buttons[DEGREES_CHOICE].setText("EPSG:4490    " + tr("degrees, for exchange only"))
        self.buttons[OTHER_CRS_CHOICE].setText(tr("Other coordinate system…"))
        # Below the choices, which the text of another choice must not move.
        fill_layout(self.layout_, self.strip, grid, self.notice)
        self.other.crsChanged.connect(self._on_crs_chosen)
        self.refresh()

    def refresh(self) -> None:
        """Update the coordinate systems to choose from, after a change of the county."""
        zones = self._draft.crs_zones
        self.strip.show_zones(zones, "" if self._are_longitudes_of_county() else self._get_division_name())
        zone = zones.recommended_zone if zones is not None else None
        choices = ((PREFIXED_ZONE_CHOICE, zone), (PLAIN_ZONE_CHOICE, zone))
        for name, one in (*choices, (NEIGHBOUR_ZONE_CHOICE, self._find_neighbouring_zone())):
            self.buttons[name].setVisible(one is not None)
            if one is not None:
                self.buttons[name].setText(_describe_crs(one, has_prefix=name != PLAIN_ZONE_CHOICE))
        name = ""
        if zone is not None and self._is_zone_certain():
            name = PREFIXED_ZONE_CHOICE
            self.buttons[name].setText(f"{_describe_crs(zone)}{tr('  (recommended)')}")
        group = next(iter(self.buttons.values())).group()
        blockers = [QSignalBlocker(button) for button in self.buttons.values()]
        group.setExclusive(False)
        for key, button in self.buttons.items():
            button.setChecked(key == name)
        group.setExclusive(True)
        del blockers
        self._on_crs_chosen()

    def _find_neighbouring_zone(self) -> int | None:
        """Return the other zone that intersects the county or its city."""
        zones = self._draft.crs_zones
        return (
            next((z for z in zones.shares_by_zone if z != zones.recommended_zone), None) if zones is not None else None
        )

    def _is_zone_certain(self) -> bool:
        """Return True if the county's own CRS zone is known, not only the zones of its city."""
        zones = self._draft.crs_zones
        return zones is not None and (self._are_longitudes_of_county() or not zones.crosses_zones)

    def _are_longitudes_of_county(self) -> bool:
        """Return True if the longitudes are the county's and not its city's."""
        county = self._draft.county
        return not self._draft.division_code or (county is not None and self._draft.division_code == county.code)

    def _get_division_name(self) -> str:
        """Return the name of the county or city whose longitudes determine the zones."""
        return load_standard().code_lists["divisions"].entry_by_code[self._draft.division_code].name

    def _on_crs_chosen(self, *_args) -> None:
        choice = next((name for name, button in self.buttons.items() if button.isChecked()), "")
        self.other.setVisible(choice == OTHER_CRS_CHOICE)
        self._draft.crs = self._get_crs_text(choice)
        self._crs_message = self._find_crs_level_and_message()
        has_message = bool(self._crs_message[1])
        self.notice.show_message(*(self._crs_message if has_message else self._make_zone_notice(self._draft.crs_zones)))
        self.changed.emit()

    def _get_crs_text(self, choice: str) -> str:
        """Return the CRS of an option as ``EPSG:…`` or WKT; empty if it has none."""
        zone = self._draft.crs_zones.recommended_zone if self._draft.crs_zones is not None else None
        if choice == NEIGHBOUR_ZONE_CHOICE:
            zone = self._find_neighbouring_zone()
        if choice == OTHER_CRS_CHOICE:
            return format_crs_for_pyproj(self.other.crs()) if self.other.crs().isValid() else ""
        if choice == DEGREES_CHOICE:
            return "EPSG:4490"
        if zone is None or not choice:
            return ""
        first_epsg = _FIRST_PLAIN_EPSG if choice == PLAIN_ZONE_CHOICE else _FIRST_PREFIXED_EPSG
        return f"EPSG:{first_epsg + zone - _FIRST_ZONE_NUMBER}"

    def find_problem(self) -> str:
        """Return why the chosen coordinate system cannot be used, or an empty string."""
        if not self._draft.crs:
            return tr("Choose a coordinate system.")
        level, message = self._crs_message
        return message if level == "error" else ""

    def _find_crs_level_and_message(self) -> tuple[str, str]:
        """Return level and message on the chosen coordinate system."""
        county, zones = self._draft.county, self._draft.crs_zones
        if not self._draft.crs or county is None:
            return "info", ""
        try:
            crs = divisions.require_drawable_crs(crs_care.parse_crs(self._draft.crs), self._draft.crs)
            notice = divisions.check_county_in_crs_zone(crs, county.code, load_standard().code_lists["divisions"])
            if (
                zones is not None
                and not self._draft.division_code
                and not divisions.is_longitude_range_in_crs_zone(crs, zones.west, zones.east)
            ):
                params = divisions.make_mismatch_params(crs, county.name, county.name, zones.west, zones.east)
                raise InputError("create_crs_elsewhere", **params)
        except SanxianError as error:
            return "error", messages.explain_error(error)
        if notice:
            return "warning", messages.explain_error(InputError("create_crs_far", **notice[1]))
        if crs_care.describe_crs(crs).is_geographic:
            return "warning", tr(
                "Drawing and snapping in degrees are awkward. Choose a zone unless the data are for exchange only."
            )
        return "info", ""

    def _make_zone_notice(self, zones: CrsZoneChoice | None) -> tuple[str, str]:
        """Return level (``info``, ``ok``, ``warning``) and text of the notice on the CRS zones of the county."""
        if self._draft.county is None:
            return "info", tr("Choose the county: its zone is shown here.")
        if zones is None:
            return "warning", tr("The location of the county is unknown, so no zone is recommended.")
        if not self._is_zone_certain():
            text = tr("{whose} extends across the zones {zones}, so the zone of the county is unknown. {remedy}")
            remedy = tr("Choose above to enter the longitudes, or to read the extent from a layer of the project.")
            return "warning", text.format(whose=self._get_division_name(), zones=_format_zones(zones), remedy=remedy)
        if not self._are_longitudes_of_county():
            text = tr("All of {whose} is in zone {zone}, including the county.")
            return "ok", text.format(whose=self._get_division_name(), zone=zones.recommended_zone)
        if not zones.crosses_zones:
            text = tr("The whole county is in zone {zone}, about {room}° from its edge.")
            return "ok", text.format(zone=zones.recommended_zone, room=f"{zones.degrees_to_zone_edge:.1f}")
        return "warning", _describe_two_zones(zones)


def _describe_two_zones(zones: CrsZoneChoice) -> str:
    """Return which zone is recommended for a county that extends across two, and why one is used for all of it."""
    by = tr("by area") if zones.has_area_shares else tr("by longitude")
    text = tr(
        "The county extends across the zones {zones}. Use one zone for all of it; zone {zone} (EPSG:{epsg}) is "
        "recommended, with the larger part {by} ({share})."
    )
    text_with_zone = text.format(
        zones=_format_zones(zones),
        zone=zones.recommended_zone,
        epsg=_FIRST_PREFIXED_EPSG + zones.recommended_zone - _FIRST_ZONE_NUMBER,
        by=by,
        share=f"{100 * zones.shares_by_zone[zones.recommended_zone]:.0f}{THIN_SPACE}%",
    )
    if zones.area_distortion is not None:
        text_with_zone += tr(" At the zone's edge areas in the plane are about {percent} too large.").format(
            percent=f"{100 * zones.area_distortion:.3f}{THIN_SPACE}%"
        )
    return text_with_zone + tr(
        " Checks and reports use the statutory area on the ellipsoid, which does not depend on the zone. "
        "Layers of the other zone are reported by SCH003."
    )


def _format_zones(zones: CrsZoneChoice) -> str:
    return tr(" and ").join(map(str, zones.shares_by_zone))


def _describe_crs(zone: int, *, has_prefix: bool = True) -> str:
    """Return the label of the CRS of a 3° zone; ``has_prefix``: eastings begin with the zone number."""
    if has_prefix:
        first_epsg, text = _FIRST_PREFIXED_EPSG, tr("zone {zone}, easting with zone prefix").format(zone=zone)
    else:
        meridian = f"{zone * ZONE_WIDTH_DEGREES:g}"
        first_epsg, text = _FIRST_PLAIN_EPSG, tr("{meridian}°E, without zone prefix").format(meridian=meridian)
    return f"EPSG:{first_epsg + zone - _FIRST_ZONE_NUMBER}    {text}"
