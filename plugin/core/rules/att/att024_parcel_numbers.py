# SPDX-License-Identifier: GPL-2.0-or-later
from collections import defaultdict

import shapely

from ...engine.context import RuleContext
from ...geometry.validity import is_missing
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import make_row_list_params

#: Field of the number of a parcel (图斑编号) in the survey's database.
NUMBER_FIELD = "TBBH"
SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
FIRST_VILLAGE, SECOND_VILLAGE = "1402251002000000000", "1402251002010000000"
#: Numbers named in the message on a whole layer.
MAX_LISTED_NUMBERS = 5


def _make_plan_with_parcels(*parcels: tuple[str, str]) -> dict[str, list[dict[str, str]]]:
    rows = [{"wkt": SQUARE_WKT, "location_code": village, NUMBER_FIELD: number} for village, number in parcels]
    return {"parcels": rows}


@rule(
    "ATT024",
    "parcel-numbers",
    problem="A number is used for several parcels of a village",
    severity=Severity.WARNING,
    basis=["survey-2020"],
    needs={"parcels": LayerNeed("parcels")},
    messages={
        "": "{layer}: in {location}, {field} {value} is used for {count} parcels ({rows}{more}). Keep it for one and assign free numbers to the others.",
        "many": "{layer}: {count} numbers in {field} are used for several parcels of one village ({numbers}{more}). Number the parcels of each village again.",
    },
    fails=[
        RuleExample("one number twice in a village", _make_plan_with_parcels((FIRST_VILLAGE, "7"), (FIRST_VILLAGE, "7")), finds=1),
        RuleExample("reported once for a whole layer",
                _make_plan_with_parcels(*[(village, "7") for village in (FIRST_VILLAGE, SECOND_VILLAGE) for _ in range(2)]),
                finds=1, parameters={"listed_count": 1}),
    ],
    passes=[
        RuleExample("one number in two villages", _make_plan_with_parcels((FIRST_VILLAGE, "7"), (SECOND_VILLAGE, "7"))),
        RuleExample("blank numbers", _make_plan_with_parcels((FIRST_VILLAGE, ""), (FIRST_VILLAGE, ""))),
        RuleExample("blank villages", _make_plan_with_parcels(("", "7"), ("", "7"))),
    ],
)  # fmt: skip
def parcel_numbers(parcels: Layer, *, ctx: RuleContext, listed_count: float = 100) -> RuleResult:
    """Parcels of a village have different numbers.

    What it checks
        图斑编号 (TBBH) of parcels with the same 坐落单位代码 (ZLDWDM) differ. A layer with more than `listed_count`
        repeated numbers gets one finding for all of them.
    Why
        The survey numbers the parcels of each village from 1 on; tables, certificates and field records name a
        parcel by village and number.
    How to fix
        Keep the number for one parcel and assign the next free number of the village to the others.
    Limits
        Only the survey's parcels (地类图斑): farmland layers keep the number of the parcel that they are part of.
        The survey's regulations were not read (C). Blank numbers and villages are not compared.
    """
    if not parcels.has("location_code") or parcels.get_column_by_name(NUMBER_FIELD) is None:
        return RuleResult(is_applicable=False)
    rows_by_number = _find_repeated_numbers(parcels)
    if len(rows_by_number) > listed_count:
        return RuleResult([_make_summary_finding(parcels, [number for _, number in rows_by_number])])
    result = RuleResult()
    for (location, number), rows in rows_by_number.items():
        params = {"location": location, "value": number, **make_row_list_params(parcels, rows)}
        shapes = shapely.get_parts(parcels.plane[rows][~is_missing(parcels.plane[rows])])
        polygons = shapes[shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON]
        finding = ctx.finding_maker.make_row_finding(
            parcels, rows[0], field=NUMBER_FIELD, params=params, geometry=shapely.multipolygons(polygons)
        )
        finding.related_role = parcels.role
        finding.related_keys = [parcels.keys[row] for row in rows[1:]]
        result.findings.append(finding)
    return result


def _find_repeated_numbers(parcels: Layer) -> dict[tuple[str, str], list[int]]:
    """Return (village, number) → rows, for each number that several parcels of a village have."""
    import pandas as pd

    pairs = pd.DataFrame({"village": parcels.text("location_code"), "number": parcels.get_texts_by_name(NUMBER_FIELD)})
    pairs = pairs[(pairs["village"] != "") & (pairs["number"] != "")]
    repeated = pairs[pairs.duplicated(keep=False)]
    rows_by_number: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, village, number in repeated.itertuples(name=None):
        rows_by_number[village, number].append(row)
    return dict(sorted(rows_by_number.items()))


def _make_summary_finding(parcels: Layer, numbers: list[str]) -> Finding:
    shown = list(dict.fromkeys(numbers))
    dots = " …" if len(shown) > MAX_LISTED_NUMBERS else ""
    params = {"count": len(numbers), "numbers": shown[:MAX_LISTED_NUMBERS], "more": dots}
    return Finding(parcels.role, field=NUMBER_FIELD, case="many", params=params)
