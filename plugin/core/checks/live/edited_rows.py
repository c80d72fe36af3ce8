# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows of a plan with edits applied, and where their shapes changed.

The module also defines the result of a recheck.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ...base.parallel.process_state import remove_one_by_one
from ...geometry.linework import build_linework
from ...geometry.tolerance import CURVE_STEP_DEGREES
from ...geometry.validity import mask_missing_shapes
from ...model.findings import Finding
from ...plan.layer import Layer, SourceLayer
from ...plan.loading.assembly import validate_coordinates
from ...plan.plan import Plan

RowBounds = tuple[float, float, float, float]
#: A polygon of up to this many vertices counts as changed everywhere.
_MAX_SMALL_POLYGON_VERTICES = 200
#: From more edited rows than this on, a layer is made from a block of edited rows and not row by row.
_MAX_SINGLE_ROWS = 6


def compute_changed_bounds(before: Any, after: Any) -> RowBounds | None:
    """Return the box (xmin, ymin, xmax, ymax) around the edges in which two shapes differ; None for equal shapes.

    For polygons with few vertices, and other shapes, it is the box around both shapes. ``before``, ``after``: a row's
    shape before and after a change; None without one.
    """
    if (
        before is None
        or after is None
        or min(shapely.get_dimensions([before, after])) < 2
        or max(shapely.get_num_coordinates([before, after])) <= _MAX_SMALL_POLYGON_VERTICES
    ):
        is_equal = before is not None and after is not None and before.equals_exact(after, 0.0)
        return None if is_equal else compute_common_bounds(before, after)
    return compute_changed_edge_bounds(before, after)


def compute_changed_edge_bounds(before: Any, after: Any) -> RowBounds | None:
    """Return the box (xmin, ymin, xmax, ymax) around the edges in which two polygons differ; None for none."""
    lines = [build_linework(np.array([shape], dtype=object), np.array([0])) for shape in (before, after)]
    all_rows = np.ones(1, dtype=bool)
    corners = []
    for lines_of_state, lines_of_other in (lines, lines[::-1]):
        start = np.flatnonzero(lines_of_state.mask_unmatched_segments(lines_of_other, all_rows))
        corners += [lines_of_state.xy[start], lines_of_state.xy[start + 1]]
    xy = np.concatenate(corners)
    if not len(xy):
        return None
    (xmin, ymin), (xmax, ymax) = xy.min(axis=0).tolist(), xy.max(axis=0).tolist()
    return xmin, ymin, xmax, ymax


def compute_common_bounds(*shapes: Any) -> RowBounds | None:
    """Return the box (xmin, ymin, xmax, ymax) around shapes, of which some may be None; None without any."""
    array = np.array([*shapes, None], dtype=object)
    present_shapes = array[~mask_missing_shapes(array)]
    if not len(present_shapes):
        return None
    xmin, ymin, xmax, ymax = shapely.total_bounds(present_shapes).tolist()
    return xmin, ymin, xmax, ymax


def join_bounds(boxes: Iterable[RowBounds | None]) -> RowBounds | None:
    """Return the box (xmin, ymin, xmax, ymax) around boxes, of which some may be None; None without any."""
    present_boxes = [box for box in boxes if box is not None]
    if not present_boxes:
        return None
    left, bottom, right, top = zip(*present_boxes, strict=True)
    return min(left), min(bottom), max(right), max(top)


#: Name of a row: its layer's role, its key, and its feature id if the key is missing or repeated.
RowName = tuple[str, str, int | None]


@dataclass
class RecheckResult:
    """The findings of a recheck, and which earlier findings they replace.

    A row's name is layer code, key and, if the key is ambiguous, feature id. ``changed_row_names``: names of the
    changed rows before and after the change. ``touched_rows``: names of the rows of all layers that meet the land where
    shapes changed. ``rule_codes``: codes of the rules that ran. ``new_findings``: the findings of the recheck.
    ``failed_rules``: codes of rules that could not check everything. ``rules_changed_everywhere``: codes of rules whose
    findings may have changed on all land. ``covered_roles``: a rule, a changed layer and a layer that it covers in
    that rule, so that findings between rows that did not change may end.
    """

    changed_row_names: frozenset[RowName]
    touched_rows: frozenset[RowName]
    rule_codes: frozenset[str]
    new_findings: list[Finding] = field(default_factory=list)
    #: Rules that could not check all of it: earlier findings are then neither confirmed nor ended.
    failed_rules: tuple[str, ...] = ()
    rules_changed_everywhere: tuple[str, ...] = ()
    covered_roles: frozenset[tuple[str, str, str]] = frozenset()

    def may_replace_finding(self, finding: Finding) -> bool:
        """Return True if the change of the rows may have ended or altered an earlier finding."""
        if finding.code not in self.rule_codes:
            return False
        row_name, *other_rows = finding.list_rows()
        related_rows = set(other_rows)
        roles = {role for role, _, _ in self.changed_row_names}
        if finding.shape_hash:
            # Rows with one shape are touched together, and all of them are checked.
            return finding.role in roles and related_rows | {row_name} <= self.touched_rows | self.changed_row_names
        has_no_row = not finding.key and row_name[2] is None
        # Between two rows: nothing changed where they meet unless the other was touched too.
        if row_name in self.changed_row_names:
            return not related_rows or bool(related_rows & (self.touched_rows | self.changed_row_names))
        if related_rows & self.changed_row_names:
            return has_no_row or row_name in self.touched_rows
        # The changed row may cover land of two rows of other layers now, or no longer.
        other_roles = roles - {finding.role, finding.related_role}
        is_touched = row_name in self.touched_rows and (not related_rows or bool(related_rows & self.touched_rows))
        if is_touched and any((finding.code, role, finding.role) in self.covered_roles for role in other_roles):
            return True
        # Land that no row of a layer covers: likewise.
        if not related_rows:
            return finding.related_role in roles and row_name in self.touched_rows
        return finding.role in roles and has_no_row and bool(related_rows & self.touched_rows)


@dataclass(frozen=True)
class _EditedBlock:
    """Edited rows of a layer, joined to one layer.

    ``layers``: row number → the layer of that row when the block was made; ``positions``: row number → position in
    ``joined_layer``.
    """

    joined_layer: Layer
    layers: dict[int, Layer]
    positions: dict[int, int]


class EditedRows:
    """The rows of a plan's layers with edits applied.

    A row keeps its number; added rows get numbers after the last one. A row's state is a layer of one row, or an empty
    layer if the row was removed.
    """

    def __init__(self, plan: Plan):
        self.layers = plan.layers
        self._edited: dict[str, dict[int, Layer]] = {role: {} for role in plan.layers}
        #: Last states of removed rows.
        self.removed_rows: dict[str, dict[int, Layer]] = {role: {} for role in plan.layers}
        self._rows_by_key: dict[str, dict[str, list[int]]] = {}
        #: Layer code → key → numbers of the edited rows that have it.
        self._edited_rows_by_key: dict[str, dict[str, frozenset[int]]] = {role: {} for role in plan.layers}
        #: Layer code → number of an edited row → the box around its shape.
        self._edited_bounds: dict[str, dict[int, RowBounds]] = {role: {} for role in plan.layers}
        #: Layer code → edited rows as one layer. All forks share it, since each row is compared before it is used.
        self._blocks: dict[str, _EditedBlock] = {}
        self._empty_layers: dict[str, Layer] = {}

    def fork(self) -> EditedRows:
        """Return a copy whose edits do not affect this one; the layers as read are shared."""
        copy = EditedRows.__new__(EditedRows)
        copy.layers = self.layers
        copy._edited = {role: dict(rows) for role, rows in self._edited.items()}
        copy.removed_rows = {role: dict(rows) for role, rows in self.removed_rows.items()}
        copy._rows_by_key = self._rows_by_key
        copy._edited_rows_by_key = {role: dict(rows) for role, rows in self._edited_rows_by_key.items()}
        copy._edited_bounds = {role: dict(bounds) for role, bounds in self._edited_bounds.items()}
        copy._blocks, copy._empty_layers = self._blocks, self._empty_layers
        return copy

    def discard_edits(self) -> None:
        """Free the edited rows; this object must not be used any more, its forks may be."""
        for rows_by_role in (self._edited, self.removed_rows, self._edited_rows_by_key, self._edited_bounds):
            for rows in rows_by_role.values():
                remove_one_by_one(rows)

    def list_edited_rows(self, role: str) -> list[int]:
        """Return the numbers of the edited, added and removed rows of a layer."""
        return list(self._edited[role])

    def has_changed_rows(self, role: str) -> bool:
        """Return True if a row of a layer differs from the row as read; one whose edit was undone does not."""
        count = len(self.layers[role])
        return any(
            bool(len(layer)) if row >= count else not len(layer) or self._differs(role, row, layer)
            for row, layer in self._edited[role].items()
        )

    def _differs(self, role: str, row: int, state: Layer) -> bool:
        """Return True if shape or attributes of a row differ from those as read."""
        (before, values), (after, new_values) = read_row(self.layers[role].frame, row), read_row(state.frame, 0)
        if not all(are_equal_values(value, new_values[name]) for name, value in values.items()):
            return True
        return before is not after and (before is None or after is None or not before.equals_exact(after, 0.0))

    def set_row(self, role: str, row: int, new_state: Layer) -> None:
        """Set a row to a new state: a layer of one row, or an empty layer if the row is removed."""
        edited_layers, rows_by_key = self._edited[role], self._edited_rows_by_key[role]
        former_layer = edited_layers.get(row)
        if former_layer is not None and len(former_layer):
            rows_by_key[former_layer.keys[0]] = rows_by_key[former_layer.keys[0]] - {row}
        edited_layers[row] = new_state
        self._edited_bounds[role].pop(row, None)
        if len(new_state):
            rows_by_key[new_state.keys[0]] = rows_by_key.get(new_state.keys[0], frozenset()) | {row}
            bounds = compute_common_bounds(new_state.plane_shapes[0])
            if bounds is not None:
                self._edited_bounds[role][row] = bounds

    def locate_row(self, role: str, row: int) -> tuple[Layer, int]:
        """Return a layer that has a row in its present state, and the row's position in that layer.

        The layer is empty if the row was removed.
        """
        edited_layer = self._edited[role].get(row)
        return (self.layers[role], row) if edited_layer is None else (edited_layer, 0)

    def find_values_of_field(self, plan: Plan, role: str, field_name: str) -> Collection[str]:
        """Return the distinct values of a field of a layer with the edits so far, as text without the empty one.

        ``plan``: the plan before the edits.
        """
        counts = plan.count_values_of_field(role, field_name)
        if role not in self.layers or not self.list_edited_rows(role):
            return counts.keys()
        changes: Counter[str] = Counter()
        former_texts = self.layers[role].get_texts_by_name(field_name)
        for row in self.list_edited_rows(role):
            if row < len(former_texts):
                changes[former_texts[row]] -= 1
            layer, position = self.locate_row(role, row)
            if len(layer):
                changes[layer.get_texts_by_name(field_name)[position]] += 1
        values = counts.keys() | changes.keys()
        return {value for value in values if value and counts.get(value, 0) + changes[value] > 0}

    def has_any_shape(self, role: str) -> bool:
        """Return True if any row of a layer, as edited, has a shape in the plane."""
        edited_rows = [n for n in self._edited[role] if n < len(self.layers[role])]
        has_shape = self.layers[role].has_shape
        return bool(self._edited_bounds[role] or has_shape.sum() > has_shape[edited_rows].sum())

    def get_plane_shape(self, role: str, row: int) -> Any:
        """Return the shape of a row in the plane; None for a removed row, or without a shape."""
        layer, position = self.locate_row(role, row)
        return layer.plane_shapes[position] if len(layer) else None

    def make_current_row_layer(self, role: str, row: int) -> Layer:
        """Return the present state of a row: a layer of one row, or an empty layer if it was removed."""
        edited_layer = self._edited[role].get(row)
        return self.layers[role].select_rows(np.array([row])) if edited_layer is None else edited_layer

    def make_empty_layer(self, role: str) -> Layer:
        """Return an empty layer of a role."""
        if role not in self._empty_layers:
            self._empty_layers[role] = self.layers[role].select_rows(np.zeros(0, dtype=int))
        return self._empty_layers[role]

    def make_changed_row(
        self, role: str, before: Layer, shape: Any, attributes: dict[str, Any], curve_text: str = ""
    ) -> Layer:
        """Return a layer of one row: a row with another shape and other attributes; nothing is stored.

        ``before``: the row to start from; ``shape``: the new shape in the layer's coordinates, ``...`` for unchanged;
        ``attributes``: new values by field name; ``curve_text``: the WKT of the given shape if it has arcs.
        """
        layer, frame = self.layers[role], before.frame.copy()
        fid = before.fids[0]
        if shape is ...:
            curve_text = before.source.curve_texts.get(fid, "")
        else:
            frame[frame.geometry.name] = gpd.GeoSeries([shape], index=frame.index, crs=frame.crs)
        for name, value in attributes.items():
            # No rule reads a field that was added after the layer was read.
            if name in frame.columns:
                frame[name] = np.array([value], dtype=object)
        source = set_curve_text(make_source_with_frame(layer, frame), fid, curve_text)
        changed_layer = layer.make_layer_of_source(source)
        problem, _ = validate_coordinates(changed_layer.source)
        changed_layer.stray_rows = {0: problem} if problem else {}
        return changed_layer

    def get_row(self, role: str, row: int) -> tuple[Any, dict[str, Any]] | None:
        """Return shape (in the layer's coordinates) and attributes of a row; None if it was removed."""
        layer, position = self.locate_row(role, row)
        return read_row(layer.frame, position) if len(layer) else None

    def get_curve_text(self, role: str, row: int) -> str:
        """Return the WKT of a row's shape if it has arcs, else an empty text."""
        layer, position = self.locate_row(role, row)
        return layer.source.curve_texts.get(layer.fids[position], "") if len(layer) else ""

    def find_rows_with_key(self, role: str, key: str) -> set[int]:
        """Return the numbers of the rows that have a key in their present state."""
        if role not in self._rows_by_key:
            rows_by_key: dict[str, list[int]] = {}
            for row, key_as_read in enumerate(self.layers[role].keys):
                rows_by_key.setdefault(key_as_read, []).append(row)
            self._rows_by_key[role] = rows_by_key
        rows_as_read = self._rows_by_key[role].get(key, [])
        return {n for n in rows_as_read if n not in self._edited[role]} | self._edited_rows_by_key[role].get(
            key, frozenset()
        )

    def rename_rows_with_key(self, role: str, key: str) -> list[tuple[int, Layer, Layer]]:
        """Store in the rows with a key whether it is ambiguous.

        Names of rows with an ambiguous key include the feature id. Return number, former and new state of each row that
        thereby gets another name.
        """
        # A missing key is always ambiguous.
        rows = self.find_rows_with_key(role, key) if key else set()
        repeated_rows = frozenset([0] if len(rows) > 1 else [])
        renamed_rows = []
        for row in sorted(rows):
            layer, position = self.locate_row(role, row)
            if (position in layer.repeated_keys) != bool(repeated_rows):
                renamed_row = layer.select_rows(np.array([position]))
                renamed_row.__dict__["repeated_keys"] = repeated_rows
                renamed_rows.append((row, self.make_current_row_layer(role, row), renamed_row))
                self.set_row(role, row, renamed_row)
        return renamed_rows

    def find_rows_meeting_bounds(self, role: str, *boxes: RowBounds | None) -> set[int]:
        """Return the numbers of the rows whose bounding box meets one of the boxes; no row meets None.

        Edited rows are found by their present boxes.
        """
        return set().union(*self.find_rows_meeting_each_box(role, boxes))

    def find_rows_meeting_each_box(self, role: str, boxes: Sequence[RowBounds | None]) -> list[set[int]]:
        """Return for each box the numbers of the rows whose bounding box meets it, as `find_rows_meeting_bounds`."""
        numbers_by_box: list[set[int]] = [set() for _ in boxes]
        given = [position for position, box in enumerate(boxes) if box is not None]
        if not given:
            return numbers_by_box
        bounds = np.array([boxes[position] for position in given], dtype=float)
        positions, rows = self.layers[role].polygons.find_pairs_meeting_bounds(bounds)
        rows_by_box = np.split(rows, np.searchsorted(positions, np.arange(1, len(given))))
        for position, rows_of_box in zip(given, rows_by_box, strict=True):
            numbers_by_box[position] = set(rows_of_box.tolist()) - self._edited[role].keys()
        if self._edited_bounds[role]:
            edited_numbers = list(self._edited_bounds[role])
            left, bottom, right, top = np.array(list(self._edited_bounds[role].values())).T[:, None, :]
            xmin, ymin, xmax, ymax = bounds.T[:, :, None]
            meets = (left <= xmax) & (right >= xmin) & (bottom <= ymax) & (top >= ymin)
            for n, edited in zip(*np.nonzero(meets), strict=True):
                numbers_by_box[given[n]].add(edited_numbers[edited])
        return numbers_by_box

    def sort_edited_last(self, role: str, rows: set[int]) -> list[int]:
        """Return row numbers sorted as `make_layer_of_rows` orders them: edited rows come last."""
        return sorted(rows, key=lambda n: (n in self._edited[role], n))

    def compute_bounds(self, role: str, rows: Collection[int]) -> RowBounds | None:
        """Return the box around the shapes of rows in the plane; None without any shape."""
        edited_layers = self._edited[role]
        unedited = np.array([n for n in rows if n not in edited_layers], dtype=int)
        boxes = [self._edited_bounds[role].get(n) for n in rows if n in edited_layers]
        return join_bounds([compute_common_bounds(*self.layers[role].plane_shapes[unedited]), *boxes])

    def make_layer_of_rows(self, role: str, rows: list[int]) -> Layer:
        """Return a layer of rows in their present state; edited rows come last (`sort_edited_last`)."""
        if not rows:
            return self.make_empty_layer(role)
        base, edited_layers = self.layers[role], self._edited[role]
        edited_rows = [n for n in rows if n in edited_layers and len(edited_layers[n])]
        unedited_rows = base.select_rows(np.array([n for n in rows if n not in edited_layers], dtype=int))
        return join_layers([unedited_rows, *self._collect_edited_layers(role, edited_rows)])

    def _collect_edited_layers(self, role: str, rows: list[int]) -> list[Layer]:
        """Return layers that together have the given edited rows, in their order.

        Rows that several changes have in common are taken from one layer, so that the time depends on the number of
        given rows and not on the number of edits.
        """
        if len(rows) <= _MAX_SINGLE_ROWS:
            return [self._edited[role][n] for n in rows]
        edited_layers, block = self._edited[role], self._blocks.get(role)
        if block is None or sum(block.layers.get(n) is not edited_layers[n] for n in rows) > _MAX_SINGLE_ROWS:
            nonempty_layers = {n: layer for n, layer in edited_layers.items() if len(layer)}
            # Rows that did not change since former_block are taken from it.
            unchanged_rows = (
                [] if block is None else [n for n, layer in nonempty_layers.items() if block.layers.get(n) is layer]
            )
            rows_in_block = set(unchanged_rows)
            changed_rows = [n for n in nonempty_layers if n not in rows_in_block]
            row_layers = [nonempty_layers[n] for n in changed_rows]
            if block is not None and unchanged_rows:
                row_layers.insert(
                    0,
                    block.joined_layer.select_rows(np.array([block.positions[n] for n in unchanged_rows], dtype=int)),
                )
            positions = {n: position for position, n in enumerate([*unchanged_rows, *changed_rows])}
            self._blocks[role] = block = _EditedBlock(join_layers(row_layers), nonempty_layers, positions)
        collected_layers: list[Layer] = []
        for in_block, run in groupby(rows, key=lambda n: block.layers.get(n) is edited_layers[n]):
            if in_block:
                collected_layers.append(
                    block.joined_layer.select_rows(np.array([block.positions[n] for n in run], dtype=int))
                )
            else:
                collected_layers += [edited_layers[n] for n in run]
        return collected_layers

    def make_layer_in_row_order(self, role: str, rows: set[int]) -> Layer:
        """Return a layer of rows in their present state, in the order that they have in the whole layer.

        This order decides which two of several features name a gap.
        """
        sorted_rows = self.sort_edited_last(role, rows)
        remaining_rows = [n for n in sorted_rows if n not in self._edited[role] or len(self._edited[role][n])]
        return self.make_layer_of_rows(role, sorted_rows).select_rows(np.argsort(np.array(remaining_rows, dtype=int)))


def make_row_name(role: str, layer: Layer, row: int) -> RowName:
    """Return the name of a row: layer code, key and, if the key is ambiguous, feature id (else None)."""
    return role, layer.keys[row], layer.fids[row] if row in layer.repeated_keys else None


def are_equal_values(value: Any, other_value: Any) -> bool:
    """Return True if two values of a field are equal, whichever program read them."""
    # Without pandas where possible: thousands of values are compared while QGIS waits.
    if value is other_value:
        return True
    if type(value) is type(other_value) and isinstance(value, str | int | float):
        if value == other_value:
            return True
        if not isinstance(value, float):
            return False
    is_missing = [
        pd.api.types.is_scalar(each_value) and bool(pd.isna(each_value)) for each_value in (value, other_value)
    ]
    if any(is_missing):
        return all(is_missing)
    if isinstance(value, pd.Timestamp | np.datetime64):
        return bool(pd.Timestamp(value) == pd.Timestamp(other_value))
    return bool(value == other_value)


def read_row(frame: Any, position: int) -> tuple[Any, dict[Any, Any]]:
    """Return shape, and column → value, of a row of a table, as stored."""
    # The row at once: pandas keeps an object for each column read, which slow garbage collection.
    values = dict(frame.iloc[position].items())
    return values.pop(frame.active_geometry_name), values


def make_source_with_frame(layer: Layer, frame: Any) -> SourceLayer:
    """Return a layer's source with another attribute table (``frame``)."""
    return replace(layer.source, frame=frame, broken_fids=())


def set_curve_text(source: SourceLayer, fid: int, curve_text: str) -> SourceLayer:
    """Return the source of a single row with the WKT of its shape if it has arcs, else without WKT."""
    step = source.curve_step or CURVE_STEP_DEGREES
    return (
        replace(source, curve_texts={fid: curve_text}, curve_step=step)
        if curve_text
        else replace(source, curve_texts={})
    )


def _concatenate_frames(frames: list[Any]) -> Any:
    """Return one table with the rows of all tables, whose columns are equal.

    A column of several data types gets the type object: columns that a new row leaves empty have no type.
    """
    # One call of pandas is fastest; with several types it would give other types than object.
    types = list(frames[0].dtypes)
    if all(list(frame.dtypes) == types for frame in frames[1:]):
        return pd.concat(frames)
    # Column by column: GeoDataFrames examine all columns at each step, and edits have many small tables.
    tables = [pd.DataFrame(frame) for frame in frames]
    geometry_name = frames[0].geometry.name
    shapes = np.concatenate([frame.geometry.to_numpy() for frame in frames])
    columns: dict[Any, Any] = {}
    for items in zip(*(table.items() for table in tables), strict=True):
        name, arrays = items[0][0], [column.array for _, column in items]
        if name == geometry_name:
            columns[name] = shapes
        elif any(array.dtype != arrays[0].dtype for array in arrays):
            columns[name] = np.concatenate([column.astype(object).to_numpy() for _, column in items])
        elif isinstance(items[0][1].dtype, np.dtype):
            columns[name] = np.concatenate([column.to_numpy() for _, column in items])
        else:
            columns[name] = pd.concat([column for _, column in items], ignore_index=True).array
    index = tables[0].index.append([table.index for table in tables[1:]])
    remove_one_by_one(tables)
    return gpd.GeoDataFrame(pd.DataFrame(columns, index=index), geometry=geometry_name, crs=frames[0].crs)


def join_layers(layers: list[Layer]) -> Layer:
    """Return one layer with the rows of several layers of the same role, in their order.

    A layer that alone has rows is returned.
    """
    layers = [layer for layer in layers if len(layer)] or layers[:1]
    if len(layers) == 1:
        return layers[0]
    first = layers[0]
    source = replace(
        make_source_with_frame(first, _concatenate_frames([layer.frame for layer in layers])),
        curve_texts={
            fid: text
            for layer, texts in zip(layers, (layer.source.curve_texts for layer in layers), strict=True)
            if texts
            for fid in layer.fids
            if (text := texts.get(fid))
        },
        curve_step=max(layer.source.curve_step for layer in layers),
    )
    joined_layer = first.make_layer_of_source(source)
    starts = np.r_[0, np.cumsum([len(layer) for layer in layers])]
    for name in ("raw_shapes", "unrepaired_shapes", "broken_rows", "empty_rows", "invalid_rows"):
        joined_layer.__dict__[name] = np.concatenate([getattr(layer, name) for layer in layers])
    repair_area_changes: dict[int, float] = {}
    for layer, start in zip(layers, starts.tolist(), strict=False):
        repair_area_changes |= {start + row: area for row, area in layer.repair_area_change_by_row.items()}
        joined_layer.stray_rows |= {start + row: problem for row, problem in layer.stray_rows.items()}
    joined_layer.__dict__["_plane_and_repairs"] = (
        np.concatenate([layer.plane_shapes for layer in layers]),
        repair_area_changes,
    )
    joined_layer.__dict__["repeated_keys"] = frozenset(
        start + row for layer, start in zip(layers, starts.tolist(), strict=False) for row in layer.repeated_keys
    )
    return joined_layer
