# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows of a plan while fixes are applied, as fixes read them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from ..base.errors import InputError
from ..checks.check import CheckResult, RunOptions
from ..checks.live.edited_rows import make_source_with_frame, read_row
from ..checks.live.session import EditBatch, FeatureState, IncrementalSession
from ..exchange.edited_copy import UNCHANGED
from ..geometry import crs as crs_care
from ..geometry.statutory_area import compute_drawn_area
from ..geometry.tolerance import Tolerance
from ..geometry.validity import extract_polygons, make_shape_array, mask_missing_shapes
from ..model.findings import Finding
from ..plan.layer import FieldInfo, Layer
from ..plan.plan import Plan
from ..standard.numbering import find_highest_running_number, find_most_frequent_county, make_bsm
from ..standard.profile.norm import is_sealed_or_supplied
from .edits import Edits, FixRefused
from .land_boxes import FindingPlaces, get_finding_shape_in_plane, is_found_by_place


@dataclass(frozen=True)
class Row:
    """A row of a layer in its present state, with the fixes applied so far.

    ``number``: its row number in the session; ``home_layer``, ``position``: a layer that has the row, and the row's
    position in it.
    """

    role: str
    number: int
    home_layer: Layer
    position: int

    @cached_property
    def layer(self) -> Layer:
        """Return a layer that has only this row."""
        return self.home_layer if len(self.home_layer) == 1 else self.home_layer.select_rows(np.array([self.position]))

    @property
    def fid(self) -> int:
        """Return the feature id."""
        return self.home_layer.fids[self.position]

    @property
    def key(self) -> str:
        """Return the key (BSM), empty if missing."""
        return self.home_layer.keys[self.position]

    @property
    def plane_shape(self) -> Any:
        """Return the shape in the plane (m), repaired if invalid; None without a shape."""
        return self.home_layer.plane_shapes[self.position]

    @cached_property
    def _shape_and_values(self) -> tuple[Any, dict[Any, Any]]:
        """Return the shape, and column → value of the attributes, as stored."""
        return read_row(self.home_layer.frame, self.position)

    @property
    def stored_shape(self) -> Any:
        """Return the shape as stored, in the layer's coordinates."""
        return self._shape_and_values[0]

    @property
    def curve_text(self) -> str:
        """Return the WKT of a shape with arcs; empty without arcs, which `stored_shape` replaces by segments."""
        return self.home_layer.source.curve_texts.get(self.fid, "")

    @property
    def values(self) -> dict[str, Any]:
        """Return column → value of the attributes, as stored."""
        return {str(name): value for name, value in self._shape_and_values[1].items()}

    def get_text(self, meaning: str) -> str:
        """Return the value of the field with a meaning as text; empty if missing."""
        return self.home_layer.text(meaning)[self.position]

    def get_number(self, meaning: str) -> float:
        """Return the value of the field with a meaning as number; NaN if missing."""
        return float(self.home_layer.numbers(meaning, slice(self.position, self.position + 1))[0])

    def get_value(self, field_name: str) -> Any:
        """Return the value of a field by its name; None if missing or blank."""
        import pandas as pd

        column = self.home_layer.get_column_by_name(field_name)
        value = None if column is None else column.iloc[self.position]
        return None if value is None or pd.isna(value) else value


@dataclass
class RunSettings:
    """Settings that all judgements of a run use.

    ``rule_codes``: the rules of the check; ``left_out_rules``: the default rules that it omitted; ``documents``: layer
    code → number of the document that allows a change of a sealed layer; ``parameters``, ``lang``: as in the check's
    options.
    """

    rule_codes: tuple[str, ...]
    tolerance: Tolerance
    documents: Mapping[str, str] = field(default_factory=dict)
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    lang: str = "zh"
    left_out_rules: tuple[str, ...] = ()


class EditingState:
    """The rows of a checked plan with the fixes applied so far.

    ``session`` keeps the findings of the local rules up to date. ``new_fields``: layer code → names of the fields that
    fixes added. An instance must not be used by several threads at once.
    """

    def __init__(
        self,
        checked: CheckResult,
        options: RunOptions,
        *,
        documents: Mapping[str, str] | None = None,
        session: IncrementalSession | None = None,
    ):
        """Start from the checked plan, or from the present state of a prepared ``session``, which does not change."""
        self.plan: Plan = checked.plan
        self.norm, self.tolerance = checked.plan.norm, options.tolerance or checked.plan.norm.make_tolerance()
        if session is None:
            self.session = IncrementalSession(checked, options)
            self.session.prepare()
        else:
            self.session = session.fork()
        self.settings = RunSettings(
            tuple(outcome.code for outcome in checked.report.rules),
            self.tolerance,
            dict(documents or {}),
            options.parameters,
            options.lang,
            tuple(checked.report.left_out),
        )
        #: Findings that an evaluation of the land around an edit must not cut. All forks share them.
        self.places_of_uncut_findings = FindingPlaces(
            [one for one in checked.report.findings if is_found_by_place(one)], self.plan
        )
        self.new_fields: dict[str, tuple[str, ...]] = {}
        #: Layer code and feature id of a new row → the row as read that it came from.
        self.origins: dict[tuple[str, int], int] = {}
        #: Layer code → feature id → values of new fields, which the live check does not read.
        self.new_values: dict[str, dict[int, dict[str, Any]]] = {}
        self._highest_fids: dict[str, int] = {}
        #: Layer code → county of its keys; county → highest running number of the keys of all layers, issued ones too.
        self._county_by_role: dict[str, str] = {}
        self._highest_number_by_county: dict[str, int] = {}
        #: Layer code and field → highest number used in the field, issued ones too, with its digits; None for texts.
        self._highest_field_numbers: dict[tuple[str, str], str | None] = {}

    def fork(self) -> EditingState:
        """Return a state that starts from this one; fixes applied to one of both do not affect the other."""
        fork = object.__new__(EditingState)
        fork.__dict__ |= self.__dict__
        fork.session = self.session.fork()
        fork.new_fields = dict(self.new_fields)
        fork.origins = dict(self.origins)
        fork.new_values = {role: dict(rows) for role, rows in self.new_values.items()}
        fork._highest_fids = dict(self._highest_fids)
        fork._county_by_role = dict(self._county_by_role)
        fork._highest_number_by_county = dict(self._highest_number_by_county)
        fork._highest_field_numbers = dict(self._highest_field_numbers)
        return fork

    # --- rows
    def get_row_by_number(self, role: str, number: int) -> Row | None:
        """Return the row with a number; None if it was deleted."""
        home_layer, position = self.session.checker.rows.locate_row(role, number)
        return Row(role, number, home_layer, position) if len(home_layer) else None

    def get_row(self, role: str, fid: int) -> Row:
        """Return the row with a feature id. Raise FixRefused if it was deleted."""
        number = self.session.row_numbers[role].get(fid)
        row = self.get_row_by_number(role, number) if number is not None else None
        if row is None:
            raise FixRefused("stale")
        return row

    def find_row(self, role: str, key: str, fid: int | None = None) -> Row:
        """Return the row with a key, or with a feature id where the key is missing or repeated.

        Raise FixRefused if no row or several rows have the key.
        """
        if role not in self.plan.layers:
            raise FixRefused("stale")
        if fid is not None:
            row_with_id = self.get_row(role, fid)
            if row_with_id.key != key:
                raise FixRefused("stale")
            return row_with_id
        numbers = list(self.session.checker.rows.find_rows_with_key(role, key))
        if len(numbers) != 1:
            raise FixRefused("stale")
        row = self.get_row_by_number(role, numbers[0])
        if row is None:
            raise FixRefused("stale")
        return row

    def make_layer(self, role: str, numbers: set[int]) -> Layer:
        """Return a layer of the rows with these numbers, in their order, with the new fields and their values.

        It has all rows with a key, so that whether a key is repeated can be read from it.
        """
        layer, values = self.session.checker.rows.make_layer_in_row_order(role, numbers), self.new_values.get(role, {})
        layer.__dict__.pop("repeated_keys", None)
        new_fields = list(filter(None, map(layer.template.find_field_by_name, self.new_fields.get(role, ()))))
        if not new_fields:
            return layer
        columns = {one.name: [values.get(fid, {}).get(one.name) for fid in layer.fids] for one in new_fields}
        infos = (FieldInfo(one.name, one.type, one.length) for one in new_fields)
        source = make_source_with_frame(layer, layer.frame.assign(**columns))
        return layer.make_layer_of_source(replace(source, fields=(*source.fields, *infos)))

    def get_finding_row(self, finding: Finding) -> Row:
        """Return the row that a finding is on."""
        return self.find_row(finding.role, finding.key, finding.params.get("fid"))

    def get_related_row(self, finding: Finding) -> Row:
        """Return the row on the other side of a finding."""
        if len(finding.related_keys) != 1:
            raise FixRefused("stale")
        return self.find_row(finding.related_role, finding.related_keys[0], finding.params.get("related_fid"))

    def find_window_filler(self, role: str, hole: Any) -> Row | None:
        """Return a row inside a hole of a layer that may have windows; None if the hole is not a window.

        ``hole``: a polygon in the plane.
        """
        windowed = (self.plan.find_layer_of_concept(concept) for concept in self.norm.get("quality.windowed"))
        if not any(layer is not None and layer.role == role for layer in windowed):
            return None
        fillers = (self.plan.find_layer_of_concept(concept) for concept in self.norm.get("quality.window_fillers"))
        return next(
            (
                row
                for layer in fillers
                if layer is not None and layer.role != role
                for row in self.find_rows_meeting(layer.role, hole)
                if shapely.intersection(row.plane_shape, hole).area > self.tolerance.min_area_m2 / 2
            ),
            None,
        )

    def find_rows_meeting(
        self, role: str, shape: Any, *, without: Collection[int] = (), reach_m: float = 0.0
    ) -> list[Row]:
        """Return the rows of a layer within ``reach_m`` of a shape in the plane.

        ``without``: feature ids of rows that are left out.
        """
        xmin, ymin, xmax, ymax = shape.bounds
        bounds = (xmin - reach_m, ymin - reach_m, xmax + reach_m, ymax + reach_m)
        rows = self.session.checker.rows
        numbers = sorted(rows.find_rows_meeting_bounds(role, bounds))
        planes = make_shape_array(*(rows.get_plane_shape(role, number) for number in numbers))
        positions = np.flatnonzero(shapely.dwithin(planes, shape, reach_m) & ~mask_missing_shapes(planes))
        meeting_rows = (self.get_row_by_number(role, numbers[position]) for position in positions)
        return [row for row in meeting_rows if row is not None and row.fid not in without]

    @cached_property
    def county_shape(self) -> Any:
        """Return the county's outline in the plane; None without a county layer, or if its union failed."""
        county = self.plan.compute_county_shape()
        shape = None if county is None else county[1].shapes[0]
        shapely.prepare(shape)
        return shape

    def is_sealed(self, role: str) -> bool:
        """Return True if no fix may change the layer, as it is sealed and no document allows a change."""
        return is_sealed_or_supplied(role, self.norm) and not self.settings.documents.get(role, "").strip()

    def require_unsealed(self, role: str) -> None:
        """Raise FixRefused if the layer is sealed (`is_sealed`)."""
        if self.is_sealed(role):
            raise FixRefused("sealed", role=role)

    def get_finding_shape(self, finding: Finding) -> Any:
        """Return the shape of a finding in the plane; None without one.

        Its vertices are those of the rows only if the plane is the CRS of findings (`require_layer_in_plane`).
        """
        return get_finding_shape_in_plane(finding, self.plan)

    def measure_drawn_area_m2(self, land: Any) -> float:
        """Return the drawn area (m², on the ellipsoid) of land in the plane, as proposals state it."""
        polygons = extract_polygons(land)
        if polygons is None:
            return 0.0
        return float(
            compute_drawn_area(
                np.array([polygons], dtype=object), crs_care.make_lonlat_transformer(self.plan.plane_crs)
            )[0]
        )

    def require_layer_in_plane(self, role: str) -> None:
        """Raise FixRefused for a layer in another CRS than the plane.

        No fix can replace shapes of such a layer exactly.
        """
        if role not in self.plan.layers:
            raise FixRefused("stale")
        if self.plan.layers[role].known_crs != self.plan.plane_crs:
            raise FixRefused("other_crs", role=role)

    def require_geometry_in_plane(self, row: Row, *, may_have_arcs: bool = False) -> None:
        """Raise FixRefused if the shape of a row cannot be replaced without loss.

        A shape cannot be replaced in a layer in another CRS than the plane, if it has heights, or if it has arcs,
        unless ``may_have_arcs``.
        """
        self.require_layer_in_plane(row.role)
        if row.curve_text and not may_have_arcs:
            raise FixRefused("has_arcs", role=row.role, key=row.key)
        if row.stored_shape is not None and row.stored_shape.has_z:
            raise FixRefused("has_heights", role=row.role, key=row.key)

    # --- numbers
    def reserve_new_fid(self, role: str) -> int:
        """Return a feature id that no row of the layer has, and that no later call returns."""
        if role not in self._highest_fids:
            self._highest_fids[role] = max([0, *self.session.row_numbers[role]])
        self._highest_fids[role] += 1
        return self._highest_fids[role]

    def reserve_new_key(self, role: str) -> str:
        """Return the next free key (BSM) for a row of a layer, which no later call returns.

        No layer of the plan has the key. Raise FixRefused if no county code is known or the numbers are used up.
        """
        county = self._county_by_role.get(role)
        if county is None:
            county = self._county_by_role[role] = (
                find_most_frequent_county(self._list_keys(role)) or self.plan.area_code
            )
        if county not in self._highest_number_by_county:
            self._highest_number_by_county[county] = max(
                find_highest_running_number(self._list_keys(each_role), county) for each_role in self.plan.layers
            )
        self._highest_number_by_county[county] += 1
        try:
            return make_bsm(county, self._highest_number_by_county[county])
        except InputError as error:
            raise FixRefused("no_free_key", role=role) from error

    def reserve_new_numbers(self, role: str) -> dict[str, str]:
        """Return field → the next number above all used, for the fields that number a layer's rows once.

        A field whose values are not digits of one length has no next number.
        """
        layer, numbers = self.plan.layers[role], {}
        for name in (line.split()[1] for line in self.norm.get("attributes.unique_numbers") if line.split()[0] == role):
            if (role, name) not in self._highest_field_numbers:
                used = {one for one in layer.get_texts_by_name(name) if one}
                is_number = len({len(one) for one in used}) == 1 and all(one.isdecimal() for one in used)
                self._highest_field_numbers[role, name] = max(used) if is_number else None
            highest = self._highest_field_numbers[role, name]
            if highest is not None and len(following := f"{int(highest) + 1:0{len(highest)}d}") == len(highest):
                self._highest_field_numbers[role, name] = numbers[name] = following
        return numbers

    def _list_keys(self, role: str) -> list[str]:
        """Return the keys of a layer as checked, followed by those of its edited rows."""
        edited_rows = (
            self.get_row_by_number(role, number) for number in self.session.checker.rows.list_edited_rows(role)
        )
        return [*self.plan.layers[role].keys, *(row.key for row in edited_rows if row is not None)]

    # --- edits
    def make_batch(self, edits: Edits) -> EditBatch:
        """Return edits as a batch of edits for the live check."""
        batch = EditBatch()
        for edit in edits:
            if edit.is_deleted:
                batch.states_by_feature[edit.role, edit.fid] = None
                continue
            like = self.get_row(edit.role, edit.fid if edit.attribute_source_fid is None else edit.attribute_source_fid)
            # Names as the layer spells them; the first of several that differ by capitals only.
            columns = {str(column).upper(): str(column) for column in self.plan.layers[edit.role].frame.columns[::-1]}
            new_values = {columns.get(name.upper(), name): value for name, value in edit.attributes.items()}
            shape = like.stored_shape if edit.shape is UNCHANGED else edit.shape
            batch.states_by_feature[edit.role, edit.fid] = FeatureState(
                None if shape is None else shapely.to_wkb(shape),
                like.values | new_values,
                like.curve_text if edit.shape is UNCHANGED else "",
            )
        return batch

    def record_new_rows_and_fields(self, edits: Edits) -> None:
        """Record the new fields of edits with their values, and the row from which each new row comes.

        The live check stores neither.
        """
        for new in edits.new_fields:
            self.new_fields[new.role] = (*self.new_fields.get(new.role, ()), new.name)
        for edit in edits:
            if edit.attribute_source_fid is not None:
                self.origins[edit.role, edit.fid] = self.origins.get(
                    (edit.role, edit.attribute_source_fid), edit.attribute_source_fid
                )
            new_field_names = set(self.new_fields.get(edit.role, ()))
            values = {name: value for name, value in edit.attributes.items() if name in new_field_names}
            if values:
                former_values = self.new_values.setdefault(edit.role, {}).get(edit.fid, {})
                self.new_values[edit.role][edit.fid] = {**former_values, **values}
