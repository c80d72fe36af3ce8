# SPDX-License-Identifier: GPL-2.0-or-later
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from ....engine.context import RuleContext
from ....model.findings import Finding
from ....model.rule import RuleExample, RuleResult, Severity, rule
from ....rules._attributes import find_plan_code_prefix
from ....standard.numbering import find_most_frequent_county
from ..maintenance import MaintenanceClasses, check_each_layer, find_maintenance_classes

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
    return check_each_layer(
        ctx,
        lambda layer_classes: [
            *_find_wrong_numbers(layer_classes, ctx),
            *_find_wrong_divisions(layer_classes, county, ctx),
        ],
    )


def _find_wrong_divisions(layer_classes: MaintenanceClasses, county: str, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on rows whose division code does not begin with the county's code."""
    for layer in layer_classes.existing_layers:
        if not layer.has_field("division_code"):
            continue
        field = layer.get_field_name("division_code")
        for row, code in enumerate(layer.text("division_code")):
            if code.strip() and not code.strip().startswith(county):
                params = {"value": code, "county": county}
                yield ctx.finding_maker.make_row_finding(
                    layer, row, field=field, case="county", params=params, geometry=layer.plane_shapes[row]
                )


def _find_wrong_numbers(layer_classes: MaintenanceClasses, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on empty, invalid and repeated maintenance numbers, and on new parcels with an old key."""
    layer, rows = layer_classes.change_layer, defaultdict(list)
    for row, number in enumerate(n.strip() for n in layer.get_texts_by_name(NUMBER_FIELD)):
        if not number:
            yield ctx.finding_maker.make_row_finding(layer, row, field=NUMBER_FIELD, case="blank")
        elif not _is_valid_number(number):
            yield ctx.finding_maker.make_row_finding(
                layer, row, field=NUMBER_FIELD, case="form", params={"number": number}
            )
        else:
            rows[number].append(row)
    for number, rows_of_number in rows.items():
        if len(rows_of_number) > 1:
            params = {"number": number, "count": len(rows_of_number)}
            yield Finding(layer.role, key=number, field=NUMBER_FIELD, case="repeated", params=params)
    if layer_classes.before_layer is not None and layer_classes.after_layer is not None:
        filed_keys = set(layer_classes.before_layer.keys) - {""}
        for row, key in enumerate(layer_classes.after_layer.keys):
            if key in filed_keys:
                yield ctx.finding_maker.make_row_finding(
                    layer_classes.after_layer, row, field=layer_classes.after_layer.get_field_name("key"), case="key"
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
