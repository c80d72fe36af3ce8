# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixes of keys, area fields, rows without a shape, and missing fields."""

import numpy as np

from ...geometry.validity import repair_polygon
from ...model.findings import Finding
from ..edits import Edits, FixRefused, NewField, RowEdit
from ..fix_declaration import FixExample, Safety, fix
from ..shapes import derive_net_area_fields, get_area_field_allowance_m2, measure_shape_areas_m2, require_shape
from ..state import EditingState

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
OTHER_SQUARE_WKT = "POLYGON ((110 0, 190 0, 190 90, 110 90, 110 0))"
EXAMPLE_KEY_FORMAT = "1402250000{:08d}"


@fix(
    "FIX023",
    "new-key",
    title="Give a feature the next free key",
    solves={"ATT001": ("missing", "repeated")},
    safety=Safety.FORMAL,
    messages={
        "": "Number the feature without a key {value}",
        "repeated": "Give {count} of the features with key {key} new numbers ({values}); the first one keeps it",
    },
    examples=[
        FixExample("no number", "ATT001", {"layer": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(1)}, {"wkt": OTHER_SQUARE_WKT, "key": None}]},
                   {"layer": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(1)}, {"wkt": OTHER_SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(2)}]}, safe=True),
        FixExample("number above those of the other layers", "ATT001", {"layer": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(1)}, {"wkt": OTHER_SQUARE_WKT, "key": None}], "zones": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(50)}]},
                   {"layer": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(1)}, {"wkt": OTHER_SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(51)}], "zones": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(50)}]}, safe=True),
        FixExample("same number twice", "ATT001", {"layer": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(7)}, {"wkt": OTHER_SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(7)}]},
                   {"layer": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(7)}, {"wkt": OTHER_SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(8)}]}),
        FixExample("a sealed layer is only explained", "ATT001", {"parcels": [{"wkt": SQUARE_WKT, "key": None}]}, refused="sealed"),
    ],
)  # fmt: skip
def assign_new_key(finding: Finding, *, state: EditingState) -> Edits:
    """Give a feature the next free key.

    What it does
        A feature without 标识码 (BSM) gets the next free number: one above the highest in all layers. Of several features with one number, the
        first one in the file keeps it and the others get new ones. A used number is never assigned again.
    When it is safe
        Where the number was missing. Which of several features keeps its number decides what versions, waivers and
        tables refer to, so a person confirms it.
    Limits
        A layer whose numbers follow another scheme is numbered by county, 0000 and a running number.
    """
    field_name = finding.field or "BSM"
    if finding.case == "missing":
        row = state.get_finding_row(finding)
        if row.key:
            raise FixRefused("stale")
        value = state.reserve_new_key(row.role)
        return Edits([RowEdit(row.role, row.fid, attributes={field_name: value})], params={"value": value})
    rows = [
        state.get_row_by_number(finding.role, number)
        for number in state.find_row_numbers_with_key(finding.role, finding.key)
    ]
    others = [row for row in rows if row is not None][1:]
    if not others:
        raise FixRefused("stale")
    edits = [RowEdit(row.role, row.fid, attributes={field_name: state.reserve_new_key(row.role)}) for row in others]
    return Edits(
        edits,
        case="repeated",
        params={"count": len(others), "key": finding.key, "values": [edit.attributes[field_name] for edit in edits]},
        review_reasons=["key_repeated"],
    )


#: Statutory area of `SQUARE_WKT` where examples are.
SQUARE_M2 = 9997.54


@fix(
    "FIX024",
    "measure-area-field",
    title="Measure an area field again",
    solves={"ATT013": ()},
    safety=Safety.FORMAL,
    messages={"": "Write {field} = {value} m² instead of {former} m²"},
    examples=[
        FixExample("the plane's area", "ATT013", {"layer": [{"wkt": SQUARE_WKT, "area": 10000.0}]}, {"layer": [{"wkt": SQUARE_WKT, "area": SQUARE_M2}]}, safe=True),
        FixExample("a large difference is confirmed by a person", "ATT013", {"layer": [{"wkt": SQUARE_WKT, "area": 20000.0}]}, {"layer": [{"wkt": SQUARE_WKT, "area": SQUARE_M2}]}),
        FixExample("the net area follows", "ATT013", {"layer": [{"wkt": SQUARE_WKT, "gross_area": 10000.0, "deduction_rate": 0.1, "deduction_area": 1000.0, "net_area": 9000.0}]},
                   {"layer": [{"wkt": SQUARE_WKT, "gross_area": SQUARE_M2, "net_area": 8997.79}]}, safe=True, rules=("ATT003",), roles={"layer": "GDBHMB"}),
        FixExample("an adjusted area stays", "ATT013", {"layer": [{"wkt": SQUARE_WKT, "area": 10000.0}]}, refused="adjusted", settings={"closure.limit_share": 0.001}),
    ],
)  # fmt: skip
def measure_area_field(finding: Finding, *, state: EditingState, max_safe_share: float = 0.01) -> Edits:
    """Measure an area field again.

    What it does
        Writes the statutory ellipsoidal area (图斑椭球面积) of the shape, rounded as the template asks. Where the field
        is a gross area, deduction and net area follow by the row's rate.
    When it is safe
        If the field differs from the shape by at most max_safe_share of its area; a larger difference may mean that
        the shape is wrong.
    Limits
        A difference that the allowance of ATT013 or an adjustment to the control area (平差, closure.limit_share)
        explains is left as it is.
    """
    row = state.get_finding_row(finding)
    require_shape(row)
    template_field = row.layer.template.find_field_by_name(finding.field)
    if template_field is None or not row.layer.has_field(template_field.meaning):
        raise FixRefused("stale")
    former_area = float(row.layer.numbers(template_field.meaning)[0])
    (area,) = measure_shape_areas_m2(state, row, row.stored_shape)
    difference = abs(former_area - area)
    if not difference > get_area_field_allowance_m2(state):
        raise FixRefused("stale")
    if difference <= float(state.norm.get("closure.limit_share")) * area:
        raise FixRefused("adjusted", role=row.role, key=row.key, field=template_field.name)
    value = round(area, 2 if template_field.decimals is None else template_field.decimals)
    attributes = {template_field.name: value}
    if template_field.meaning == "gross_area":
        attributes |= derive_net_area_fields(row, value)
    edits = Edits(
        [RowEdit(row.role, row.fid, attributes=attributes)],
        params={"field": template_field.name, "value": value, "former": former_area},
    )
    if difference > max_safe_share * area:
        edits.review_reasons.append("area_differs")
    return edits


@fix(
    "FIX025",
    "delete-row-without-shape",
    title="Delete a row without a shape",
    solves={"GEO001": (), "GEO002": ("invalid",)},
    safety=Safety.NEVER,
    messages={"": "Delete {key}, which has no land"},
    examples=[
        FixExample("no shape", "GEO001", {"layer": [SQUARE_WKT, None]}, {"layer": [SQUARE_WKT]}),
        FixExample("a polygon without area", "GEO002", {"layer": [SQUARE_WKT, "POLYGON ((0 0, 30 10, 60 20, 0 0))"]}, {"layer": [SQUARE_WKT]}),
        FixExample("a shape that can be repaired", "GEO002", {"layer": ["POLYGON ((0 0, 100 100, 100 0, 0 100, 0 0))"]}, refused="has_shape"),
    ],
)  # fmt: skip
def delete_row_without_shape(finding: Finding, *, state: EditingState) -> Edits:
    """Delete a row without a shape.

    What it does
        Deletes a row that has no shape, or a polygon without any area.
    When it is safe
        Never, because a feature is deleted: it may be the only trace of land that was lost.
    Limits
        Restore the shape from the approved result first. If the approved result has no shape, draw it. Delete the row
        only if it is a duplicate or was entered by mistake.
    """
    row = state.get_finding_row(finding)
    has_raw = row.stored_shape is not None and not row.stored_shape.is_empty
    if has_raw and (row.layer.template.geometry != "polygon" or repair_polygon(row.stored_shape) is not None):
        raise FixRefused("has_shape", role=row.role, key=row.key)
    return Edits([RowEdit(row.role, row.fid, is_deleted=True)], params={"key": row.key})


@fix(
    "FIX026",
    "add-missing-field",
    title="Add a field of the template",
    solves={"SCH002": ("missing",)},
    safety=Safety.NEVER,
    messages={"": "Add the field {field}; {count} rows get a value, {empty} have none"},
    examples=[
        FixExample("the deduction follows from gross area and rate", "SCH002", {"layer": [{"wkt": SQUARE_WKT, "gross_area": 1000.0, "deduction_rate": 0.1, "net_area": 900.0}]},
                   {"layer": [{"wkt": SQUARE_WKT}]}, roles={"layer": "GDBHMB"}),
    ],
)  # fmt: skip
def add_missing_field(finding: Finding, *, state: EditingState) -> Edits:
    """Add a field of the template.

    What it does
        Adds the field with the template's type and length. A deduction (KCMJ) is gross area × rate, rounded to 0.01
        m²; any other field gets the template's default.
    When it is safe
        Never, because the structure of the layer changes.
    Limits
        Rules that read the field check it in the next whole check. A shapefile keeps ten bytes of a name.
    """
    layer = state.plan.layers.get(finding.role)
    template_field = layer.template.find_field_by_name(finding.field) if layer is not None else None
    if layer is None or template_field is None or template_field.name in state.new_fields.get(finding.role, ()):
        raise FixRefused("stale")
    values: list[float | str | None] = [template_field.default or None] * len(layer)
    if template_field.meaning == "deduction_area":
        values = [
            float(one) if np.isfinite(one) else None
            for one in np.round(layer.numbers("gross_area") * np.nan_to_num(layer.numbers("deduction_rate")), 2)
        ]
    elif template_field.type in ("integer", "real") and template_field.default:
        values = [float(template_field.default)] * len(layer)
    rows = [
        RowEdit(layer.role, fid, attributes={template_field.name: value})
        for number, (fid, value) in enumerate(zip(layer.fids, values, strict=True))
        if value is not None and state.get_row_by_number(layer.role, number) is not None
    ]
    return Edits(
        rows,
        [NewField(layer.role, template_field.name)],
        params={"field": template_field.name, "count": len(rows), "empty": len(layer) - len(rows)},
    )
