# SPDX-License-Identifier: GPL-2.0-or-later
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from ...engine.context import Context
from ...model.findings import Finding
from ...model.rule import Example, RuleResult, Severity, rule
from ...rules._attributes import plan_code_prefix
from ...standard.numbering import usual_county
from ._maintenance import Classes, check_each_layer, classes

SQUARES = ["POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))", "POLYGON ((9 0, 18 0, 18 9, 9 9, 9 0))"]
FORM = re.compile(r"(\d{4})(\d{2})(\d{2})\d{6}")
FIELD = "WHBH"


def _changes(*numbers: str | None) -> dict[str, list[dict[str, str | None]]]:
    return {"WHCGHFQ": [{"wkt": wkt, "WHLX": "2", FIELD: n} for wkt, n in zip(SQUARES, numbers, strict=True)]}


@rule(
    "DOC021",
    "maintenance-numbers",
    problem="Numbers of changes are wrong",
    severity=Severity.WARNING,
    basis=["maintenance"],
    needs={},
    uses=["attributes.area_digits"],
    messages={
        "blank": "{layer} ({key}) has no number of maintenance ({field}). Give it the day (yyyymmdd) and the next six digits.",
        "form": "{layer} ({key}): the number of maintenance ({field}) “{number}” is not a day (yyyymmdd) and six digits. Correct it.",
        "repeated": "{layer}: {count} changes have the number of maintenance ({field}) {number}. Give each its own.",
        "county": "{layer} ({key}): {field} = “{value}” does not begin with {county}, the county of the keys of this geodatabase. Correct the code.",
        "key": "{layer} ({key}) has the number of a parcel that was there before. Give it one above the highest of the filed edition.",
    },
    fails=[
        Example("no number", _changes("20260309000001", None), finds=1),
        Example("a month that there is not", _changes("20260309000001", "20261309000002"), finds=1),
        Example("a number cut short", _changes("20260309000001", "2026030902"), finds=1),
        Example("one number twice", _changes("20260309000001", "20260309000001"), finds=1),
        Example(
            "an old number used again",
            {
                **_changes("20260309000001", "20260309000002"),
                "WHQGHFQ": [{"wkt": SQUARES[0], "key": "140225000000000007"}],
                "WHHGHFQ": [{"wkt": SQUARES[0], "key": "140225000000000007"}],
            },
            finds=1,
        ),
        Example(
            "the neighbour's code",
            {
                "WHCGHFQ": [
                    {
                        "wkt": SQUARES[0],
                        "WHLX": "2",
                        FIELD: "20260309000001",
                        "XZQDM": "140226",
                        "key": "140225000000000001",
                    }
                ]
            },
            finds=1,
        ),
    ],
    passes=[
        Example(
            "a township of the county",
            {
                "WHCGHFQ": [
                    {
                        "wkt": SQUARES[0],
                        "WHLX": "2",
                        FIELD: "20260309000001",
                        "XZQDM": "140225100",
                        "key": "140225000000000001",
                    }
                ]
            },
        ),
        Example("numbered", _changes("20260309000001", "20260309000002")),
        Example("no maintenance", {"zones": SQUARES}),
    ],
)
def maintenance_numbers(*, ctx: Context) -> RuleResult:
    """Changes of yearly maintenance are numbered once each, and land after maintenance has new keys.

    What it checks
        Of each class of changes (WHC…): 维护编号 (WHBH) is there, is a day and six digits, and names one change of the layer. Of
        each class after maintenance (WHH…): no 标识码 (BSM) is one of the filed parcels (WHQ…). Of all three: 行政区代码 (XZQDM) begins with
        the county that most keys (BSM) begin with.
    Why
        The number names a change in the record of maintenance; a key that was used before names two parcels.
    How to fix
        Number the change anew; give the parcel a key above the highest one filed.
    Limits
        That a number comes again in another layer is no error: one known program numbers each layer by itself. Keys repeated within a layer are ATT001's. In
        a city's plan the first four digits of a code are compared (`attributes.area_digits`); blank codes are not looked at.
        Renewed by the next whole check, not while editing.
    """
    county = _county(ctx)
    return check_each_layer(ctx, lambda one: [*_look(one, ctx), *_divisions(one, county, ctx)])


def _county(ctx: Context) -> str:
    """What codes begin with, by the keys: they were made by the program, codes may have been filled in."""
    layers = [layer for one in classes(ctx) for layer in one.layers]
    county = usual_county(key for layer in layers for key in layer.keys)
    return county[: int(ctx.norm.get("attributes.area_digits"))] or plan_code_prefix(ctx)


def _divisions(one: Classes, county: str, ctx: Context) -> Iterator[Finding]:
    for layer in one.layers:
        if not layer.has("division_code"):
            continue
        field = layer.field_name("division_code")
        for row, code in enumerate(layer.text("division_code")):
            if code.strip() and not code.strip().startswith(county):
                params = {"value": code, "county": county}
                yield ctx.make.row(layer, row, field=field, case="county", params=params, geometry=layer.plane[row])


def _look(one: Classes, ctx: Context) -> Iterator[Finding]:
    layer, rows = one.change, defaultdict(list)
    for row, number in enumerate(n.strip() for n in layer.named_text(FIELD)):
        if not number:
            yield ctx.make.row(layer, row, field=FIELD, case="blank")
        elif not _is_number(number):
            yield ctx.make.row(layer, row, field=FIELD, case="form", params={"number": number})
        else:
            rows[number].append(row)
    for number, same in rows.items():
        if len(same) > 1:
            params = {"number": number, "count": len(same)}
            yield Finding(layer.role, key=number, field=FIELD, case="repeated", params=params)
    if one.before is not None and one.after is not None:
        filed = set(one.before.keys) - {""}
        for row, key in enumerate(one.after.keys):
            if key in filed:
                yield ctx.make.row(one.after, row, field=one.after.field_name("key"), case="key")


def _is_number(number: str) -> bool:
    found = FORM.fullmatch(number)
    if not found:
        return False
    try:
        date(*(int(part) for part in found.groups()))
    except ValueError:
        return False
    return True
