# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on what is recorded with the changes of yearly maintenance: their numbers, and the balance."""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np

from ....checks.side_tables import ChangeRecord
from ....engine.context import RuleContext
from ....model.findings import Finding
from ....model.rule import RuleExample, RuleResult, Severity, rule
from ....rules._attributes import find_plan_code_prefix
from ....standard.messages.texts import Texts, format_number
from ....standard.numbering import find_most_frequent_county
from ..maintenance import MaintenanceClasses, check_each_layer, compute_bend_area_allowance, find_maintenance_classes

EXAMPLE_SQUARES = ["POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))", "POLYGON ((9 0, 18 0, 18 9, 9 9, 9 0))"]
MAINTENANCE_NUMBER_PATTERN = re.compile(r"(\d{4})(\d{2})(\d{2})\d{6}")
NUMBER_FIELD = "WHBH"


def _make_example_changes(*numbers: str | None) -> dict[str, list[dict[str, str | None]]]:
    """Return the example layer WHCGHFQ with a change for each maintenance number."""
    return {
        "WHCGHFQ": [{"wkt": wkt, "WHLX": "2", NUMBER_FIELD: n} for wkt, n in zip(EXAMPLE_SQUARES, numbers, strict=True)]
    }


@rule(
    "DOC021",
    "maintenance-numbers",
    problem="Numbers of changes are wrong",
    severity=Severity.WARNING,
    basis=["maintenance"],
    needs={},
    uses=["attributes.area_digits"],
    messages={
        "blank": "{layer} ({key}): the number of maintenance ({field}) is missing. Enter the day (yyyymmdd) and the next six digits.",
        "form": "{layer} ({key}): the number of maintenance ({field}) “{number}” is not a day (yyyymmdd) and six digits. "
        "Correct it.",
        "repeated": "{layer}: {count} changes have the same number of maintenance ({field}), {number}. Give each change its own "
        "number.",
        "county": "{layer} ({key}): {field} = “{value}” does not begin with {county}, the county of the keys of this geodatabase. "
        "Correct the code.",
        "key": "{layer} ({key}): the key already belongs to a parcel of the filed edition, but a parcel after the "
        "change needs a new key. Assign a key above the highest key of the filed edition.",
    },
    fails=[
        RuleExample("no number", _make_example_changes("20260309000001", None), finds=1),
        RuleExample("a month that there is not", _make_example_changes("20260309000001", "20261309000002"), finds=1),
        RuleExample("a number cut short", _make_example_changes("20260309000001", "2026030902"), finds=1),
        RuleExample("one number twice", _make_example_changes("20260309000001", "20260309000001"), finds=1),
        RuleExample(
            "an old number used again",
            {
                **_make_example_changes("20260309000001", "20260309000002"),
                "WHQGHFQ": [{"wkt": EXAMPLE_SQUARES[0], "key": "140225000000000007"}],
                "WHHGHFQ": [{"wkt": EXAMPLE_SQUARES[0], "key": "140225000000000007"}],
            },
            finds=1,
        ),
        RuleExample(
            "the neighbour's code",
            {
                "WHCGHFQ": [
                    {
                        "wkt": EXAMPLE_SQUARES[0],
                        "WHLX": "2",
                        NUMBER_FIELD: "20260309000001",
                        "XZQDM": "140226",
                        "key": "140225000000000001",
                    }
                ]
            },
            finds=1,
        ),
    ],
    passes=[
        RuleExample(
            "a township of the county",
            {
                "WHCGHFQ": [
                    {
                        "wkt": EXAMPLE_SQUARES[0],
                        "WHLX": "2",
                        NUMBER_FIELD: "20260309000001",
                        "XZQDM": "140225100",
                        "key": "140225000000000001",
                    }
                ]
            },
        ),
        RuleExample("numbered", _make_example_changes("20260309000001", "20260309000002")),
        RuleExample("no maintenance", {"zones": EXAMPLE_SQUARES}),
    ],
)
def maintenance_numbers(*, ctx: RuleContext) -> RuleResult:
    """Each change of yearly maintenance has a unique number, land after it new keys.

    What it checks
        Each class of changes (WHC…): 维护编号 (WHBH) is filled in, is a day and six digits, and names one change of the
        layer. Each class after maintenance (WHH…): no 标识码 (BSM) belongs to a filed parcel (WHQ…). All three classes:
        行政区代码 (XZQDM) begins with the county code that most keys (BSM) begin with.
    Why
        The number names a change in the record of maintenance. A reused key names two parcels.
    How to fix
        Give the change a new number. Give the parcel a key above the highest filed key.
    Limits
        A number may be repeated in another layer: one known program numbers each layer separately. ATT001 reports
        keys repeated within a layer. In a city's plan the first four digits of a code are compared
        (`attributes.area_digits`). Blank codes are not checked. The rule runs in the full check, not while editing.
    """
    # Division codes begin as the keys (BSM): the program made these, but a person may have filled in the codes.
    layers = [layer for layer_classes in find_maintenance_classes(ctx) for layer in layer_classes.existing_layers]
    county = find_most_frequent_county(key for layer in layers for key in layer.keys)
    county = county[: int(ctx.norm.get("attributes.area_digits"))] or find_plan_code_prefix(ctx)
    return check_each_layer(ctx, lambda layer_classes: _find_wrong_numbers(layer_classes, county, ctx))


def _find_wrong_numbers(layer_classes: MaintenanceClasses, county: str, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on wrong maintenance numbers, new parcels with an old key, and codes of other divisions.

    Maintenance numbers are wrong if they are empty, invalid or repeated; a division code begins with ``county``.
    """
    layer, rows = layer_classes.change_layer, defaultdict(list)
    for row, number in enumerate(n.strip() for n in layer.get_texts_by_name(NUMBER_FIELD)):
        if not number:
            yield ctx.make_row_finding(layer, row, field=NUMBER_FIELD, case="blank")
        elif not _is_valid_number(number):
            yield ctx.make_row_finding(layer, row, field=NUMBER_FIELD, case="form", params={"number": number})
        else:
            rows[number].append(row)
    for number, rows_of_number in rows.items():
        if len(rows_of_number) > 1:
            yield Finding(
                layer.role,
                key=number,
                field=NUMBER_FIELD,
                case="repeated",
                params={"number": number, "count": len(rows_of_number)},
            )
    if layer_classes.before_layer is not None and layer_classes.after_layer is not None:
        filed_keys = set(layer_classes.before_layer.keys) - {""}
        for row, key in enumerate(layer_classes.after_layer.keys):
            if key in filed_keys:
                yield ctx.make_row_finding(
                    layer_classes.after_layer, row, field=layer_classes.after_layer.get_field_name("key"), case="key"
                )
    for layer in layer_classes.existing_layers:
        field = layer.get_field_name("division_code")
        for row, code in enumerate(layer.text("division_code")):
            if code.strip() and not code.strip().startswith(county):
                params = {"value": code, "county": county}
                yield ctx.make_row_finding(
                    layer, row, field=field, case="county", params=params, geometry=layer.plane_shapes[row]
                )


def _is_valid_number(number: str) -> bool:
    """Return True if a maintenance number has the prescribed form and begins with a date."""
    number_match = MAINTENANCE_NUMBER_PATTERN.fullmatch(number)
    if not number_match:
        return False
    try:
        date(*(int(part) for part in number_match.groups()))
    except ValueError:
        return False
    return True


EXAMPLE_SQUARE = "POLYGON ((0 0, 90 0, 90 90, 0 90, 0 0))"
EXAMPLE_CLASSES: dict[str, list[Any]] = {
    "WHQZXCQCSLX": [EXAMPLE_SQUARE],
    "WHCZXCQCSLX": [{"wkt": EXAMPLE_SQUARE, "WHLX": "3"}],
}
#: Tolerance between a measured and the recorded area, m² per polygon.
AREA_ROUNDING_M2 = 0.01
#: Statutory area of the square above at the location of the examples.
SQUARE_M2 = 8098.01


def _make_example_rows(area_m2: float, prefix: str = "WHH") -> dict[str, list[Any]]:
    """Return the example classes, in one of which the area field of 城镇开发边界 has the value ``area_m2``.

    ``prefix``: prefix of the class with this value.
    """
    return {**EXAMPLE_CLASSES, f"{prefix}ZXCQCSLX": [{"wkt": EXAMPLE_SQUARE, "area": area_m2}]}


@rule(
    "DOC023",
    "maintenance-balance",
    problem="The maintenance database differs from its balance",
    severity=Severity.WARNING,
    basis=["maintenance"],
    needs={},
    uses=["rules.ATT013"],
    messages={
        "count": "{layer}{kind} differs from the balance: number of polygons {found}, {expected} in the balance. "
        "Check the edits made since: with an approval document, make the geodatabase and its balance again; without "
        "one, undo them.",
        "area": "{layer}{kind} differs from the balance: area {found} m², {expected} m² in the balance. Check the "
        "edits made since: with an approval document, make the geodatabase and its balance again; without one, undo "
        "them.",
        "field": "{layer} ({key}): {field} = {written} m², but the shape's statutory area is {expected} m². Compute the field again, in "
        "the current edition too if it is wrong there; otherwise a new geodatabase will contain the same value.",
        "filed_field": "{layer} ({key}): {field} = {written} m², but the shape's statutory area is {expected} m². Leave the value if it "
        "was filed so; otherwise restore the filed value.",
    },
    fails=[
        RuleExample(
            "a change more than recorded", EXAMPLE_CLASSES, finds=1, side={"record": {("WHCZXCQCSLX", "3"): (0, 0.0)}}
        ),
        RuleExample(
            "another area than recorded", EXAMPLE_CLASSES, finds=1, side={"record": {("WHQZXCQCSLX", ""): (1, 1000.0)}}
        ),
        RuleExample(
            "a class that is gone", EXAMPLE_CLASSES, finds=1, side={"record": {("WHHZXCQCSLX", ""): (1, 8100.0)}}
        ),
        RuleExample("an area that was filled in by hand", _make_example_rows(1.0), finds=1),
        RuleExample("a filed area that is not the shape's", _make_example_rows(1.0, "WHQ"), finds=1),
    ],
    passes=[
        RuleExample("the area of its shape", _make_example_rows(SQUARE_M2)),
        RuleExample("as many as recorded", EXAMPLE_CLASSES, side={"record": {("WHCZXCQCSLX", "1"): (0, 0.0)}}),
        RuleExample("nothing recorded", EXAMPLE_CLASSES),
        RuleExample("no maintenance", {"zones": [EXAMPLE_SQUARE]}),
    ],
)
def maintenance_balance(*, ctx: RuleContext) -> RuleResult:
    """Each class of yearly maintenance agrees with the balance.

    What it checks
        Number and statutory area of the polygons of each class, of changes by 维护类型 (WHLX), are compared with the
        balance (JSON) that yearly_update writes next to the geodatabase. The area field (MJ) of each polygon is
        compared with the statutory area of its shape.
    Why
        The balance is handed in with the geodatabase. Later edits no longer agree with it.
    How to fix
        Undo the edit, or make the geodatabase and its balance again with yearly_update and copy the causes.
    Limits
        Areas are compared to 0.01 m² per polygon, fields to the allowance of ATT013 (mark C) plus the effect of
        vertices on long edges: a field that was filled in before these vertices were added is not a finding. If no
        balance is next to the geodatabase, only fields are compared, and the rule is not applicable if all fields are
        right. A wrong filed area is only a note. The workbook is not read. The rule runs in the full check, not while
        editing.
    """
    result = check_each_layer(ctx, lambda layer_classes: _find_wrong_areas(layer_classes, ctx))
    record = ctx.side_inputs.get_input("record", ChangeRecord)
    if result.is_applicable and record is None:
        return RuleResult(
            findings=result.findings, is_applicable=bool(result.findings), notes=[("maintenance_no_record", {})]
        )
    if result.is_applicable and record is not None:
        result.findings = [*_compare_with_record(record, ctx), *result.findings]
    return result


def _find_wrong_areas(layer_classes: MaintenanceClasses, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on area fields that differ from the areas of their shapes."""
    for layer in (one for one in layer_classes.existing_layers if one.has_field("area")):
        is_filed = layer is layer_classes.before_layer
        written_areas, field = layer.numbers("area"), layer.get_field_name("area")
        off = np.where(layer.invalid_rows | ~layer.has_shape, np.nan, np.abs(written_areas - layer.statutory))
        allowed_difference_m2 = ctx.norm.get("rules.ATT013.allowance_m2") + AREA_ROUNDING_M2 / 2
        for row in np.flatnonzero(off > allowed_difference_m2).tolist():
            (shape,) = ctx.plan.remove_added_vertices(layer.plane_shapes[row : row + 1])
            if off[row] > allowed_difference_m2 + compute_bend_area_allowance(
                shape, layer.plane_crs, ctx.tolerance.cluster_m
            ):
                finding = ctx.make_row_finding(
                    layer,
                    row,
                    field=field,
                    case="filed_field" if is_filed else "field",
                    params={
                        "written": format_number(float(written_areas[row]), 2),
                        "expected": format_number(float(layer.statutory[row]), 2),
                    },
                    geometry=layer.plane_shapes[row],
                )
                # This package does not correct filed values.
                finding.severity = Severity.INFO if is_filed else None
                yield finding


def _compare_with_record(record: ChangeRecord, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on counts and areas of classes that differ from those in the change record."""
    for (role, change_kind), (count, area_m2) in record.totals_by_class_and_kind.items():
        layer = ctx.plan.layers.get(role)
        rows = np.ones(0 if layer is None else len(layer), dtype=bool)
        if change_kind and layer is not None:
            rows = np.array([k == change_kind for k in layer.text("maintenance_kind")], dtype=bool)
        kind_params = {"kind": change_kind and Texts(ctx.lang).get("words", "in_brackets", text=f"WHLX {change_kind}")}
        if int(rows.sum()) != count:
            params = {**kind_params, "found": int(rows.sum()), "expected": count}
            yield Finding(role, key=change_kind, case="count", params=params)
            continue
        measured_m2 = float(np.nansum(layer.statutory[rows])) if layer is not None else 0.0
        if abs(measured_m2 - area_m2) > AREA_ROUNDING_M2 * max(count, 1):
            params = {**kind_params, "found": format_number(measured_m2, 2), "expected": format_number(area_m2, 2)}
            yield Finding(role, key=change_kind, case="area", params=params)
