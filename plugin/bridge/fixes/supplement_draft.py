# SPDX-License-Identifier: GPL-2.0-or-later
"""Make a supplement the plan: one draft of farmland, reserve, protection target and planning zones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely

from ...core.base.choices import SUPPLEMENT_PREFERENCES
from ...core.base.errors import require_value
from ...core.engine.context import RuleContext
from ...core.fixes.choices import FixChoice
from ...core.fixes.drafts import Draft, DraftChange, LayerDraft, NewRow, make_draft_choice, refuse_draft
from ...core.fixes.edits import FixRefused
from ...core.fixes.shapes import (
    ROUNDING_M2,
    divide_by_weights,
    drop_slivers,
    list_parts,
    measure_shape_areas_m2,
    overlay_shapes,
)
from ...core.fixes.state import EditingState, Row
from ...core.fixes.zone_land import ZoneLand
from ...core.geometry.validity import extract_polygons
from ...core.model.indicator import SQUARE_METRES
from ...core.plan.layer import Layer
from ...core.plan.plan import Plan
from ...core.standard.declared_operators import parse_number
from ...core.standard.messages.texts import Texts, format_number
from ...core.standard.options import RunOptions
from ...core.standard.template import TemplateField
from ...core.studies.proposals.propose_supplement import draft_supplements
from ...core.studies.proposals.supplement_demand import name_townships
from ...core.studies.proposals.supplement_model import GRADES
from ...core.studies.proposals.supplement_result import SECTION, SupplementOrder, SupplementResult
from ...core.studies.proposals.supplement_tables import SupplementTables
from ...core.studies.yearly.certificates import TABLE_SUFFIXES

#: Meanings of fields whose value a new row has from a neighbour in its layer.
_MEANINGS_OF_LAYER = ("feature_code", "division_code", "division_name")


class _LostLand(NamedTuple):
    """Land that a row loses, and what remains of the row."""

    row: Row
    lost: Any
    parts: list[Any]


class _Areas(NamedTuple):
    """Gross area, rate of deduction, deduction and net area (m²) of a new row."""

    gross_area: float
    deduction_rate: float
    deduction_area: float
    net_area: float


@dataclass(frozen=True)
class _Source:
    """Rows that a candidate's values come from, in order; ``rates``: deduction rates of its land, NaN unknown."""

    rows: list[Row]
    rates: set[float]


def draft_supplement_sets(
    plan: Plan, order: SupplementOrder, options: RunOptions, state: EditingState, **running: Any
) -> Iterator[tuple[Any, Callable[[], FixChoice]]]:
    """Yield for each preference what makes its draft different, and the function that judges it.

    ``state``: the rows of the plan as checked; ``running``: as for `draft_supplements`. A table as demand is refused.
    """
    if Path(order.demand).suffix.lower() in TABLE_SUFFIXES:
        reason = Texts(options.lang).get(SECTION, "draft_needs_shapes")
        yield (), partial(refuse_draft, order.preference, "", reason)
        return
    for one in draft_supplements(plan, order, options, SUPPLEMENT_PREFERENCES, **running):
        yield (one.is_found, *one.chosen), partial(make_supplement_choice, one, state, options.lang)


def make_supplement_choice(result: SupplementResult, state: EditingState, lang: str) -> FixChoice:
    """Return a proposal as a judged draft of farmland, reserve, target and zones, or the reason without one."""
    tables, preference = SupplementTables(result, Texts(lang)), result.order.preference
    farmland = require_value(result.plan.find_layer_of_concept("farmland"), "farmland that is taken")
    if not result.is_found:
        return refuse_draft(preference, farmland.role, " ".join(tables.summarise()))
    try:
        draft = _SupplementDrafting(result, state, tables, farmland).make_draft()
    except FixRefused as refused:
        return refuse_draft(preference, farmland.role, refused)
    except shapely.GEOSException:
        return refuse_draft(preference, farmland.role, FixRefused("overlay_failed"))
    return make_draft_choice(state, preference, draft)


class _SupplementDrafting:
    """Collects the changes of all layers of one supplement."""

    def __init__(self, result: SupplementResult, state: EditingState, tables: SupplementTables, farmland: Layer):
        self.result, self.state, self.tables, self.farmland = result, state, tables, farmland
        self.ctx = RuleContext(result.plan, result.norm, state.tolerance, lang=tables.texts.lang)
        shapes = result.plan.remove_added_vertices(result.land.shape[result.chosen])
        self.added: dict[int, Any] = dict(zip(result.chosen, shapes.tolist(), strict=True))
        self.taken_shapes = require_value(result.taken.shapes, "shapes of the taken land")
        lost = self._take_land(farmland.role, list_parts(shapely.union_all(self.taken_shapes)))
        self.lost = sorted(lost, key=lambda one: (one.row.key, one.row.fid))
        self.notes: list[str] = []
        self._sources: dict[int, _Source] = {}

    def make_draft(self) -> Draft:
        """Return the draft."""
        plan, land = self.result.plan, list(self.added.values())
        layers = [self._change_layer(self.farmland, self.lost, self.added)]
        for role in plan.list_roles_of_concept("reserve_land"):
            if role in plan.layers and not plan.layers[role].has_no_geometry:
                layers.append(self._change_layer(plan.layers[role], self._take_land(role, land), {}))
        target = plan.find_drawn_layer("cultivated")
        missing_names = []
        if target is not None and len(target):
            layers.append(self._change_layer(target, [], self._find_uncovered(target)))
        else:
            missing_names.append("cultivated")
        zone_lands: list[ZoneLand] = []
        zones = plan.find_drawn_layer("zones")
        if zones is not None and zones.has_field("zone_code"):
            zone_lands = self._list_zone_lands(zones)
        else:
            missing_names.append("zones")
        if missing_names:
            names = "、".join(map(self.tables.name_concept, missing_names))
            self.notes.append(self.tables.get("draft_without", layers=names))
        self._note_net()
        return Draft(
            layers,
            {"summary": " ".join([*self.tables.summarise(), *self.notes])},
            [*self._list_changes()],
            zone_lands,
            [*self.notes, *self.tables.list_notes()],
            self.tables,
        )

    # --- land that leaves
    def _take_land(self, role: str, lands: Sequence[Any]) -> Iterator[_LostLand]:
        """Yield what the rows of a layer lose to lands; slivers stay."""
        tolerance = self.state.tolerance
        lands_by_fid: dict[int, list[Any]] = {}
        rows: dict[int, Row] = {}
        for land in lands:
            for row in self.state.find_rows_meeting(role, land):
                rows[row.fid] = row
                lands_by_fid.setdefault(row.fid, []).append(land)
        for fid, row in rows.items():
            taken = shapely.union_all(lands_by_fid[fid])
            lost = drop_slivers(extract_polygons(shapely.intersection(row.plane_shape, taken)), tolerance)
            if lost is not None:
                rest = overlay_shapes(shapely.difference, row.plane_shape, taken, tolerance)
                yield _LostLand(row, lost, list_parts(rest))

    def _change_layer(self, layer: Layer, lost: Iterable[_LostLand], added: Mapping[int, Any]) -> LayerDraft:
        """Return the draft of a layer; ``added``: candidate → its land that the layer gets."""
        shapes = {one.row.fid: one.parts for one in lost}
        return LayerDraft(layer.role, shapes, [*self._make_rows(layer, added)])

    def _find_uncovered(self, layer: Layer) -> dict[int, Any]:
        """Return candidate → its land outside a layer's rows."""
        uncovered = {}
        for n, shape in self.added.items():
            rest = self._subtract_layer(layer, shape)
            if rest is not None:
                uncovered[n] = rest
        return uncovered

    def _subtract_layer(self, layer: Layer, land: Any) -> Any:
        """Return the part of land outside a layer's rows; None for none."""
        cover = shapely.union_all([row.plane_shape for row in self.state.find_rows_meeting(layer.role, land)])
        return overlay_shapes(shapely.difference, land, cover, self.state.tolerance)

    # --- land that comes
    def _make_rows(self, layer: Layer, added: Mapping[int, Any]) -> Iterator[NewRow]:
        """Yield the new rows of a layer, one for each polygon of a candidate's land."""
        if not added:
            return
        tree = shapely.STRtree(layer.plane_shapes)
        for n, shape in added.items():
            parts = list_parts(shape)
            like = self.state.get_row(layer.role, layer.fids[int(tree.nearest(shape))])
            share = 1.0 if shape is self.added[n] else shape.area / self.added[n].area
            net_m2 = round(float(self.result.land.net_m2[n]) * share, 2)
            nets = divide_by_weights(net_m2, [part.area for part in parts], 2)
            values = self._collect_values(n, layer)
            measured = measure_shape_areas_m2(self.state, like, *parts)
            for part, net, area_m2 in zip(parts, nets, measured, strict=True):
                areas = derive_areas(net, area_m2, self._find_source(n).rates)._asdict() | {"area": round(area_m2, 2)}
                fields = {layer.template.find_field(meaning): value for meaning, value in areas.items()}
                own = {one.name: value for one, value in fields.items() if one is not None and one.name in values}
                yield NewRow(part, values | own, like.fid)

    def _find_source(self, n: int) -> _Source:
        """Return the rows that a candidate's values come from: its own, then that of the survey with most land."""
        if n not in self._sources:
            land, plan = self.result.land, self.result.plan
            own = self.state.get_row(land.layer.role, land.layer.fids[int(land.row[n])])
            survey = plan.find_drawn_layer("parcels", "base_parcels")
            pairs: list[tuple[bool, float, Row]] = []
            if survey is not None and survey is not land.layer:
                for row in self.state.find_rows_meeting(survey.role, self.added[n]):
                    shared = drop_slivers(
                        extract_polygons(shapely.intersection(row.plane_shape, self.added[n])), self.state.tolerance
                    )
                    if shared is not None:
                        is_alike = row.get_text("land_use")[: len(land.classes[n])] == land.classes[n]
                        pairs.append((is_alike, shared.area, row))
            pairs.sort(key=lambda one: one[:2], reverse=True)
            rows = [own, *(row for _alike, _area, row in pairs[:1])]
            rate = own.get_number("deduction_rate")
            rates = {rate} if np.isfinite(rate) else {row.get_number("deduction_rate") for *_, row in pairs}
            self._sources[n] = _Source(rows, rates)
        return self._sources[n]

    def _collect_values(self, n: int, layer: Layer) -> dict[str, Any]:
        """Return field name → value of a candidate in a layer, without the fields that its neighbour gives."""
        grades, rows = self.result.land.grades, self._find_source(n).rows
        # Texts that no template has must not be the neighbour's.
        columns = {str(one).upper() for one in layer.frame.columns}
        values: dict[str, Any] = {
            one.name: next((value for row in rows if (value := row.get_value(one.name)) is not None), None)
            for one in layer.source.fields
            if one.type == "text" and one.name.upper() not in columns
        }
        for one in layer.template.fields:
            is_given = one.meaning in ("key", *_MEANINGS_OF_LAYER)
            if is_given or layer.get_column_by_name(one.name) is None:
                continue
            found = (_read_value(row, one) for row in rows)
            value = next((value for value in found if value is not None), one.default or None)
            if one.meaning in GRADES and parse_number(str(value)) != (grade := float(grades[one.meaning][n])):
                value = grade if np.isfinite(grade) else None
            values[one.name] = _convert_value(value, one)
        return values

    # --- zones
    def _list_zone_lands(self, zones: Layer) -> list[ZoneLand]:
        """Return the added land with the farmland zone, and the taken land with the zone that the demand states."""
        union = shapely.union_all(list(self.added.values()))
        codes = list(self.result.norm.get("zones.farmland"))
        lands = [ZoneLand(part, codes) for part in list_parts(union)]
        leaves = shapely.union_all([one.lost for one in self.lost])
        zone_list = require_value(zones.template.find_field("zone_code"), "the field of zone codes").codes
        known = self.result.norm.standard.code_lists[zone_list].entry_by_code if zone_list else {}
        undecided_m2 = 0.0
        for shape, code in zip(self.taken_shapes, self.result.taken.zones, strict=True):
            parts = list_parts(shapely.intersection(shape, leaves))
            if code in known:
                lands += [ZoneLand(part, [code]) for part in parts]
            else:
                undecided_m2 += sum(map(self.state.measure_drawn_area_m2, parts))
        if undecided_m2 > 0:
            self.notes.append(self.tables.get("draft_zone_open", area=format_number(undecided_m2, 2)))
        self._note_land_without_zone(zones, [one.land for one in lands])
        return lands

    def _note_land_without_zone(self, zones: Layer, lands: Sequence[Any]) -> None:
        """Add a note on land that changes its zone, but is in none: no zone gets it."""
        rest = self._subtract_layer(zones, shapely.union_all(lands))
        if rest is not None:
            area = format_number(sum(map(self.state.measure_drawn_area_m2, list_parts(rest))), 2)
            self.notes.append(self.tables.get("draft_zone_gap", area=area))

    # --- what the draft states
    def _note_net(self) -> None:
        """Add a note on net area that differs from the demand."""
        net = sum(self._measure_lost_net(one) for one in self.lost)
        if not abs(net - self.result.demand.net_m2) <= max(1.0, ROUNDING_M2 * len(self.lost)):
            stated = format_number(self.result.demand.net_m2, 2)
            leaving = format_number(net, 2) if np.isfinite(net) else self.tables.get("state_undetermined")
            self.notes.append(self.tables.get("draft_other_net", stated=stated, leaving=leaving))

    def _measure_lost_net(self, one: _LostLand) -> float:
        """Return the net area (m²) of the land that a row of farmland loses; NaN if the row has none."""
        share = self.state.measure_drawn_area_m2(one.lost) / self.state.measure_drawn_area_m2(one.row.plane_shape)
        return one.row.get_number("net_area") * share

    def _list_changes(self) -> Iterator[DraftChange]:
        """Yield the land that leaves and comes; the figure is its net area in hectares."""

        def make(
            sign: int, township: str, land_use: str, shape: Any, net_m2: float, key: str, number: int = 0
        ) -> DraftChange:
            figure = format_number(sign * net_m2 / SQUARE_METRES["ha"], 4) if np.isfinite(net_m2) else "—"
            area_m2 = sign * self.state.measure_drawn_area_m2(shape)
            wkb = shapely.to_wkb(shape)
            return DraftChange(reasons[sign], township, land_use, area_m2, figure, wkb, key, number)

        land, tables = self.result.land, self.tables
        source = tables.name_concept(land.layer.role)
        reasons = {-1: tables.get("change_out"), 1: tables.get("change_in", layer=source)}
        lost_shapes = np.array([one.lost for one in self.lost], dtype=object)
        for one, township in zip(self.lost, name_townships(lost_shapes, self.ctx), strict=True):
            land_use = one.row.get_text("land_use")
            yield make(-1, township, land_use, one.lost, self._measure_lost_net(one), one.row.key)
        for n, shape in self.added.items():
            net_m2 = float(land.net_m2[n])
            yield make(1, land.townships[n], land.classes[n], shape, net_m2, land.keys[n], tables.number[n])


def derive_areas(net_m2: float, measured_m2: float, rates: set[float]) -> _Areas:
    """Return the areas of a row whose net area is given.

    With one rate k, the gross area is net ÷ (1 − k): that of the survey, adjusted (平差) or not. Otherwise it is the
    measured area, and the rate follows.
    """
    (rate,) = rates if len(rates) == 1 else (np.nan,)
    if 0 <= rate < 1:
        near = round(net_m2 / (1 - rate), 2)
        for gross in (near, round(near - ROUNDING_M2, 2), round(near + ROUNDING_M2, 2)):
            deduction = round(gross * rate, 2)
            if abs(round(gross - deduction, 2) - net_m2) < ROUNDING_M2 / 2:
                return _Areas(gross, rate, deduction, net_m2)
    gross = max(round(measured_m2, 2), net_m2)
    return _Areas(gross, (gross - net_m2) / gross, round(gross - net_m2, 2), net_m2)


def _read_value(row: Row, wanted: TemplateField) -> Any:
    """Return the value of a field by its name, else by its meaning with the same code list; None if missing."""
    value = row.get_value(wanted.name)
    other = row.home_layer.template.find_field(wanted.meaning) if wanted.meaning else None
    if value is None and other is not None and other.codes == wanted.codes:
        value = row.get_value(other.name)
    return value


def _convert_value(value: Any, wanted: TemplateField) -> Any:
    """Return a value as the type of a field; None for a text that is not a number."""
    if value is None:
        return None
    if wanted.type == "text":
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        return value if wanted.type == "date" else None
    return int(number) if wanted.type == "integer" else number
