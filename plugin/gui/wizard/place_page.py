# SPDX-License-Identifier: GPL-2.0-or-later
"""Step 2 of the wizard: county, chosen by division or search, coordinate system, layers."""

from __future__ import annotations

from typing import NamedTuple

from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QSignalBlocker, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDoubleSpinBox,
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
)

from ...bridge.new_project.layer_extent import list_layers_for_extent, measure_extent
from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ...core.geometry.crs_zones import CrsZoneChoice, choose_zone
from ...core.standard import divisions, load_standard
from ...core.standard.layer_tree import LAYER_CONSTRAINTS, find_delivery_constraint, list_branches
from ...core.standard.numbering import has_county_code_format
from ...core.standard.template import CodeEntry
from ..widgets import (
    CountyCombo,
    ElidedLabel,
    FormSection,
    NoticeBox,
    WholeRows,
    add_entries,
    fill_combo,
    fill_layout,
    make_row,
    make_row_widget,
    messages,
    theme,
)
from .crs_box import CrsBox
from .draft import WizardChoices, WizardPage

_LISTED_SOURCE, _TYPED_SOURCE = "list", "typed"
_ROLE_DATA = Qt.ItemDataRole.UserRole
#: Number of groups that a low dialog shows without scrolling the list.
_MIN_SHOWN_ROWS = 14


class CountyLocation(NamedTuple):
    """Location of the county: its CRS zones and extent.

    ``division_code``: code of the division (the county or its city) whose longitudes in the code list determine the
    zones; empty if the longitudes were typed or come from a layer; ``extent_degrees``: west, south, east, north in
    degrees.
    """

    crs_zones: CrsZoneChoice | None = None
    division_code: str = ""
    extent_degrees: tuple[float, float, float, float] | None = None


class CountyBox(FormSection):
    """Wizard box in which the county and its extent are chosen.

    Signal ``changed``: another county or extent was chosen.
    """

    changed = pyqtSignal()

    def __init__(self, project: QgsProject, parent=None):
        super().__init__(tr("County"), parent=parent)
        self._project = project
        standard = load_standard()
        self._code_lists, self._divisions = standard.code_lists, standard.code_lists["divisions"]
        self.province, self.city, self.county = QComboBox(), QComboBox(), QComboBox()
        self.search = CountyCombo()
        self.source = QComboBox()
        self.west, self.east = (
            QDoubleSpinBox(decimals=2, singleStep=0.1, suffix="°E", minimum=73.0, maximum=136.0) for _ in range(2)
        )
        first = make_row(
            *(QLabel(tr("Province")), self.province, QLabel(tr("City")), self.city),
            *(QLabel(tr("County")), self.county, QLabel(tr("Search")), (self.search, 1)),
        )
        self.search.setMinimumContentsLength(10)
        self._typed_county_widget = make_row_widget(QLabel(tr("West")), self.west, QLabel(tr("East")), self.east)
        # A long message must not widen the page.
        self.about = theme.set_faint(ElidedLabel())
        label = QLabel(tr("Extent of the county"))
        second = make_row(label, self.source, self._typed_county_widget, (self.about, 1))
        fill_layout(self.layout_, first, second)
        # Provinces whose counties' longitudes are known come first.
        provinces = sorted(self._list_divisions(""), key=lambda row: not row.other_columns["west"])
        add_entries(self.province, ((row.name, row.code) for row in provinces))
        self._on_province_chosen()
        self.refresh()
        for signal, slot in (
            (self.province.currentIndexChanged, self._on_province_chosen),
            (self.city.currentIndexChanged, self._on_city_chosen),
            (self.county.currentIndexChanged, self._on_changed),
            (self.search.activated, lambda _n: self.choose_county(self.search.get_chosen_county_code())),
            (self.search.changed, self._on_changed),
            (self.source.currentIndexChanged, self._on_changed),
        ):
            signal.connect(slot)
        for box in (self.west, self.east):
            box.valueChanged.connect(self._on_changed)
        self._on_changed()

    # --- the county
    def choose_county(self, code: str) -> None:
        """Select a listed county by its code; ignore any other text."""
        if (row := self._divisions.entry_by_code.get(code)) is not None and row.parent:
            self.province.setCurrentIndex(self.province.findData(self._divisions.list_code_and_parents(code)[-1]))
            self.city.setCurrentIndex(self.city.findData(row.parent))
            self.county.setCurrentIndex(self.county.findData(code))

    def get_chosen_county(self) -> CodeEntry | None:
        """Return the chosen county, or None; raise SanxianError if a typed code or name is invalid.

        A code that the list lacks, a former or a new one, is typed as the search.
        """
        if code := self.county.currentData():
            return self._divisions.entry_by_code[code]
        text = self.search.get_chosen_county_code()
        return divisions.parse_county(text, self._code_lists) if has_county_code_format(text[:6]) else None

    def _on_province_chosen(self) -> None:
        province = self._divisions.entry_by_code[self.province.currentData()]
        below = self._list_divisions(province.code)
        cities = [row for row in below if row.level < divisions.COUNTY_LEVEL]
        # Districts of 北京市 and counties such as 仙桃市 belong to no city.
        has_counties = len(cities) < len(below)
        fill_combo(self.city, ((row.name, row.code) for row in [*cities, *([province] if has_counties else [])]))
        self._on_city_chosen()

    def _on_city_chosen(self) -> None:
        rows = [row for row in self._list_divisions(self.city.currentData()) if row.level == divisions.COUNTY_LEVEL]
        with QSignalBlocker(self.county):
            fill_combo(self.county, ((f"{row.name}  {row.code}", row.code) for row in rows))
            # Do not preselect a county.
            self.county.setCurrentIndex(-1)
            theme.set_placeholder(self.county, tr("Choose"))
        self._on_changed()

    def _list_divisions(self, parent: str | None) -> list[CodeEntry]:
        """Return the provinces, or the cities and counties directly below a division (``parent``)."""
        return [c for c in self._divisions.entry_by_code.values() if c.parent == (parent or "")]

    # --- its place
    def refresh(self) -> None:
        """Offer the project layers from which the county's outline can be read."""
        layers = list_layers_for_extent(self._project, load_standard())
        sources = [
            (tr("From the list of divisions"), _LISTED_SOURCE),
            *((tr("From the layer: {layer}").format(layer=layer.name()), layer.id()) for layer in layers),
            (tr("Enter the longitudes"), _TYPED_SOURCE),
        ]
        fill_combo(self.source, sources, self.source.currentData())

    def get_location(self) -> CountyLocation:
        """Return zones and extent of the county, from the chosen source: list, layer or typed longitudes."""
        source = self.source.currentData()
        if source == _TYPED_SOURCE:
            west, east = self.west.value(), self.east.value()
            return CountyLocation(choose_zone(west, east) if west < east else None)
        if source != _LISTED_SOURCE:
            layer = self._project.mapLayer(source)
            extent = measure_extent(layer, self._project) if isinstance(layer, QgsVectorLayer) else None
            if extent is None:
                return CountyLocation()
            middle = (extent.south + extent.north) / 2
            zones = choose_zone(extent.west, extent.east, middle, extent.area_m2_by_crs_zone)
            return CountyLocation(zones, "", (extent.west, extent.south, extent.east, extent.north))
        try:
            county = self.get_chosen_county()
        except SanxianError:
            return CountyLocation()
        listed = divisions.find_extent(county.code, self._divisions) if county else None
        if listed is None:
            return CountyLocation()
        view = (
            None
            if listed.south is None or listed.north is None
            else (listed.west, listed.south, listed.east, listed.north)
        )
        zones = choose_zone(listed.west, listed.east, listed.middle_latitude)
        return CountyLocation(zones, listed.division.code, view)

    def _on_changed(self, *_args) -> None:
        self._typed_county_widget.setVisible(self.source.currentData() == _TYPED_SOURCE)
        self.about.setText(self._describe_source())
        self.changed.emit()

    def _describe_source(self) -> str:
        """Return a text on where the county's longitudes come from; its error if a typed county is invalid."""
        if self.source.currentData() != _LISTED_SOURCE:
            return ""
        try:
            county = self.get_chosen_county()
        except SanxianError as error:
            return messages.explain_error(error)
        if county is None:
            return ""
        if (county_extent := divisions.find_extent(county.code, self._divisions)) is None:
            return tr("The list has no longitudes: read them from a layer, or enter them.")
        if county_extent.division.code != county.code:
            return tr(
                "The list has only the longitudes of {whose}. Read those of the county from a layer, or enter them."
            ).format(whose=county_extent.division.name)
        return tr("or read it from a layer, or enter the longitudes")


class GroupsBox(FormSection):
    """Wizard box of the layers to create; signal ``changed``: the choice has changed."""

    changed = pyqtSignal()

    def __init__(self, draft: WizardChoices, parent=None):
        super().__init__(
            tr("Layer groups"), tr("empty layers with fields, aliases, code lists and symbols of the template"), parent
        )
        self._draft = draft
        self._shown_standard = ""
        self.tree = QTreeWidget(
            objectName="SanxianWizardGroups",
            selectionMode=QAbstractItemView.SelectionMode.NoSelection,
            uniformRowHeights=True,
        )
        self.tree.setHeaderLabels([tr("Group"), tr("Names and codes of layers"), tr("Layers"), tr("Requirement")])
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setStretchLastSection(False)
        self.tree.itemChanged.connect(self._on_toggled)
        self.notice = NoticeBox()
        fill_layout(self.layout_, (WholeRows(self.tree), 1), self.notice)

    def refresh(self) -> None:
        """Fill the tree of layers for another standard; otherwise keep the ticks."""
        if self._shown_standard == self._draft.standard_id:
            return
        self._shown_standard = self._draft.standard_id
        standard = self._draft.standard
        with QSignalBlocker(self.tree):
            self.tree.clear()
            # Usual layers are at the top; the layer tree of the project has another order.
            for branch in sorted(list_branches(standard), key=lambda b: not b.is_chosen):
                constraint_names = {
                    "M": tr("must be delivered"),
                    "C": tr("if there is one"),
                    "O": tr("may be delivered"),
                }
                constraints = {find_delivery_constraint(role, standard) for role in branch.roles}
                names = [f"{standard.templates[role].name} {role}" for role in branch.roles]
                texts = [
                    branch.name,
                    tr(", ").join(names),
                    str(len(branch.roles)),
                    constraint_names[min(constraints, key=LAYER_CONSTRAINTS.index)],
                ]
                item = QTreeWidgetItem(self.tree, texts)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsAutoTristate)
                item.setForeground(1, theme.get_faint_color(in_field=True))
                item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                item.setToolTip(1, "\n".join(names))
                for role in branch.roles:
                    constraint = constraint_names[find_delivery_constraint(role, standard)]
                    child = QTreeWidgetItem(item, [standard.templates[role].name, role, "", constraint])
                    child.setFlags((child.flags() | Qt.ItemFlag.ItemIsUserCheckable) & ~Qt.ItemFlag.ItemIsAutoTristate)
                    child.setData(0, _ROLE_DATA, role)
                    child.setForeground(1, theme.get_faint_color(in_field=True))
                    child.setCheckState(0, Qt.CheckState.Checked if branch.is_chosen else Qt.CheckState.Unchecked)
        for column in (0, 2, 3):
            self.tree.resizeColumnToContents(column)
        rows_height = min(self.tree.topLevelItemCount(), _MIN_SHOWN_ROWS) * self.tree.sizeHintForRow(0)
        self.tree.setMinimumHeight(self.tree.header().sizeHint().height() + rows_height + 2 * self.tree.frameWidth())
        self._on_toggled()

    def _on_toggled(self, *_args) -> None:
        tops = (self.tree.topLevelItem(n) for n in range(self.tree.topLevelItemCount()))
        items = [top.child(n) for top in tops for n in range(top.childCount())]
        ticked_items = [c for c in items if c.checkState(0) == Qt.CheckState.Checked]
        self._draft.roles = [c.data(0, _ROLE_DATA) for c in ticked_items]
        self.notice.show_message(*self._describe_missing_layers())
        self.changed.emit()

    def _describe_missing_layers(self) -> tuple[str, str]:
        """Return level and message on mandatory layers that are not ticked: usual layers, else the others."""
        standard = self._draft.standard
        missing_by_branch = {
            b: [r for r in b.roles if r not in self._draft.roles and find_delivery_constraint(r, standard) == "M"]
            for b in list_branches(standard)
        }
        usual, others = (
            [standard.templates[r].name for b, roles in missing_by_branch.items() if b.is_chosen is one for r in roles]
            for one in (True, False)
        )
        if usual:
            text = tr("Required layers that are not created: {layers}. They can be added later under New Layers.")
            return "warning", text.format(layers=tr(", ").join(usual))
        text = tr("A complete delivery also requires {layers}; they can be added later under New Layers.")
        return "info", text.format(layers=tr(", ").join(others)) if others else ""

    def find_problem(self) -> str:
        """Return why the choice of layers is not sufficient, or an empty string."""
        return "" if self._draft.roles else tr("Tick at least one layer.")


class CountyPage(WizardPage):
    """Wizard page with the boxes of county, coordinate system and layers."""

    def __init__(self, draft: WizardChoices, project: QgsProject, parent=None):
        super().__init__(draft, tr("County, CRS and layers"), parent)
        self.county = CountyBox(project)
        self.crs = CrsBox(draft)
        self.groups = GroupsBox(draft)
        # The list of groups takes the rest of the page.
        fill_layout(self.body, self.county, self.crs, (self.groups, 1))
        self._county_error = ""
        self.county.changed.connect(self._update_county_and_crs)
        for box in (self.crs, self.groups):
            box.changed.connect(self.changed)
        self._update_county_and_crs()

    def update_when_shown(self) -> None:
        self.groups.refresh()
        self.county.refresh()

    def _update_county_and_crs(self) -> None:
        try:
            self.draft.county, self._county_error = self.county.get_chosen_county(), ""
        except SanxianError as error:
            self.draft.county, self._county_error = None, messages.explain_error(error)
        self.draft.crs_zones, self.draft.division_code, self.draft.extent_degrees = self.county.get_location()
        self.crs.refresh()
        self.changed.emit()

    def find_problem(self) -> str:
        if self.draft.county is None:
            return self._county_error or tr("Choose the county.")
        return self.crs.find_problem() or self.groups.find_problem()
