# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...figures.indicators.survey_deductions import find_containing_rows
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import TOWNSHIP_DIGITS, VILLAGE_DIGITS

WEST_TOWNSHIP = {"wkt": "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))", "division_code": "140225100"}
EAST_TOWNSHIP = {"wkt": "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))", "division_code": "140225101"}
VILLAGE_WEST = {"wkt": "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "division_code": "140225100201"}
VILLAGE_NEXT = {"wkt": "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))", "division_code": "140225100202"}
VILLAGE_ACROSS = {**VILLAGE_NEXT, "wkt": "POLYGON ((50 0, 110 0, 110 100, 50 100, 50 0))"}
VILLAGE_EAST = {**EAST_TOWNSHIP, "division_code": "140225101201"}


@rule(
    "REL034",
    "villages-in-townships",
    problem="A village is outside its township",
    severity=Severity.WARNING,
    basis=["A3", "divisions-nest"],
    needs={
        "villages": LayerNeed("villages", fields=("division_code",)),
        "townships": LayerNeed("townships", fields=("division_code",)),
        "parcels": LayerNeed("parcels", optional=True),
    },
    uses=["tolerance"],
    messages={
        "other": "{layer} ({key}, {field} {code}) has {area} in the township {other} of {related_layer} "
        "({related_key}; width {width} m), not in its own township. Compare with the published boundaries: correct a "
        "wrong outline of village or township; if both are right, correct the code.",
        "none": "{layer} ({key}, {field} {code}) begins with {township}, a township missing in {related_layer}. "
        "Compare with the published list of divisions: correct a wrong code, or draw the township that "
        "{related_layer} lacks.",
        "parcels": "{layer} ({key}) has {field} {code}, but {percent} % of the area of its parcels ({related_layer}) "
        "are in other villages by their location code, most of it in {other} ({area}). First compare code and name "
        "of the village with the published list of divisions, and correct them if they are wrong; if they are right, "
        "correct the location of the parcels by the survey.",
        "uncovered": "{layer} ({key}) has {area} that no village of {related_layer} covers (width {width} m). "
        "Compare with the published boundaries: draw the missing village, or extend the neighbour to which the land "
        "belongs.",
    },
    fails=[
        RuleExample("across the edge", {"villages": [VILLAGE_WEST, VILLAGE_ACROSS, VILLAGE_EAST], "townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}, finds=1, areas=(1000.0,)),
        RuleExample("another township's code", {"villages": [{**VILLAGE_WEST, "division_code": "140225101201"}, VILLAGE_NEXT, VILLAGE_EAST], "townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}, finds=1,
                areas=(5000.0,)),
        RuleExample("a township that is not there", {"villages": [{**VILLAGE_WEST, "division_code": "140225109201"}, VILLAGE_NEXT, VILLAGE_EAST], "townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}, finds=1),
        RuleExample("parcels of the other village", {"villages": [VILLAGE_WEST, VILLAGE_NEXT, VILLAGE_EAST], "townships": [WEST_TOWNSHIP, EAST_TOWNSHIP],
                "parcels": [{"wkt": VILLAGE_WEST["wkt"], "location_code": "1402251002020000000"}, {"wkt": VILLAGE_NEXT["wkt"], "location_code": "1402251002010000000"}]}, finds=2,
                areas=(5000.0, 5000.0)),
        RuleExample("a village is missing", {"villages": [VILLAGE_WEST, VILLAGE_EAST], "townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}, finds=1, areas=(5000.0,)),
        RuleExample("all villages of a township are missing", {"villages": [VILLAGE_WEST, VILLAGE_NEXT], "townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}, finds=1, areas=(10000.0,)),
    ],
    passes=[
        RuleExample("within", {"villages": [VILLAGE_WEST, VILLAGE_NEXT, VILLAGE_EAST], "townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}),
        RuleExample("an exclave", {"villages": [VILLAGE_WEST, VILLAGE_NEXT, VILLAGE_EAST], "townships": [WEST_TOWNSHIP, EAST_TOWNSHIP],
                "parcels": [{"wkt": "POLYGON ((0 0, 50 0, 50 60, 0 60, 0 0))", "location_code": "1402251002010000000"}, {"wkt": "POLYGON ((0 60, 50 60, 50 100, 0 100, 0 60))", "location_code": "1402251002020000000"}]}),
        RuleExample("a township in two parts", {"villages": [VILLAGE_WEST, {**VILLAGE_NEXT, "wkt": "POLYGON ((50 0, 200 0, 200 100, 50 100, 50 0))"}],
                "townships": [WEST_TOWNSHIP, {**EAST_TOWNSHIP, "division_code": "140225100"}]}),
        RuleExample("too short a code is another rule's", {"villages": [{**VILLAGE_WEST, "division_code": "1402"}, VILLAGE_NEXT, VILLAGE_EAST], "townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}),
        RuleExample("a layer without villages", {"villages": [], "townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}),
    ],
)  # fmt: skip
def villages_in_townships(villages: Layer, townships: Layer, parcels: Layer | None, *, ctx: RuleContext) -> RuleResult:
    """Villages are in the township that their code begins with.

    What it checks
        Pairs of 村级行政区 and 乡镇级行政区 that share area although the village's code does not begin with the
        township's; villages whose township is missing in the layer of townships; parts of townships that no village
        covers; and villages most of whose parcels, by area, have the 坐落单位代码 (ZLDWDM) of another village.
    Why
        Sums by township use either code or place; if the two differ, text, table and map show different figures.
    How to fix
        Use the township's edge as the outline of its villages, with identical vertices; or correct the code. Restore
        a missing village.
    Limits
        Only the first nine digits are compared. TOP003 reports land outside all townships. That outlines nest is
        inferred (mark C); so is that villages cover their township. Runs by default for a whole county (scope county),
        else if the rule or its group control_lines is selected.
    """
    township_of_village = np.array([code[:TOWNSHIP_DIGITS] for code in villages.text("division_code")], dtype=object)
    township_codes = np.array([code[:TOWNSHIP_DIGITS] for code in townships.text("division_code")], dtype=object)
    has_code = np.array([len(code) == TOWNSHIP_DIGITS for code in township_of_village], dtype=bool)
    is_known_township = np.isin(township_of_village, township_codes[township_codes != ""])
    result = RuleResult(is_applicable=bool(has_code.any()))
    code_field = villages.get_field_name("division_code")
    village_codes = villages.text("division_code")
    shared_pieces = ctx.geometry.find_shared_pieces(
        villages,
        townships,
        is_pair_selected=lambda i, j: (
            has_code[i] & is_known_township[i] & (township_of_village[i] != township_codes[j])
        ),
    )
    result.findings = ctx.make_pair_findings(villages, townships, shared_pieces, case="other", field=code_field)
    for finding, i, j in zip(result.findings, shared_pieces.left, shared_pieces.right, strict=True):
        finding.params |= {
            "code": village_codes[i],
            "other": township_codes[j],
            "shown": {
                "code": _label_row(villages, village_codes[i], i),
                "other": _label_row(townships, township_codes[j], j),
            },
        }
    for row in np.flatnonzero(has_code & ~is_known_township).tolist():
        result.findings.append(
            ctx.make_row_finding(
                villages,
                row,
                case="none",
                field=code_field,
                params={
                    "code": village_codes[row],
                    "township": township_of_village[row],
                    "shown": {"code": _label_row(villages, village_codes[row], row)},
                },
                geometry=villages.plane_shapes[row],
                related_role=townships.role,
            )
        )
    if has_code.any() and not ctx.is_edit_check:
        # Around an edit not all villages are known; the next whole check compares them.
        uncovered_pieces = ctx.geometry.find_uncovered_pieces(townships, villages)
        result.findings += ctx.make_pair_findings(
            townships, villages, uncovered_pieces, case="uncovered", by_place=True
        )
        if parcels is not None:
            rows = np.flatnonzero(is_known_township & ~np.isin(np.arange(len(villages)), shared_pieces.left))
            result.findings += _report_parcels_of_other_villages(villages, rows, parcels, ctx)
    return result


def _label_row(layer: Layer, code: str, row: int) -> str:
    """Return the code of a division with the name that its layer has in this row, for messages."""
    return f"{code} {layer.text('division_name')[row]}".strip()


def _report_parcels_of_other_villages(
    villages: Layer, rows: NDArray, parcels: Layer, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield findings on villages where more than half of the parcels' area names other villages.

    ``rows``: positions of the villages without another finding.
    """
    if not parcels.has_field("location_code"):
        return
    village_rows = find_containing_rows(parcels, villages, ctx)
    village_codes = [code[:VILLAGE_DIGITS] for code in villages.text("division_code")]
    located = np.array([code[:VILLAGE_DIGITS] for code in parcels.text("location_code")], dtype=object)
    is_counted = (village_rows >= 0) & np.array([len(code) == VILLAGE_DIGITS for code in located], dtype=bool)
    counted_rows = np.flatnonzero(is_counted)
    is_other = located[counted_rows] != np.array(village_codes, dtype=object)[village_rows[counted_rows]]
    total_m2, other_m2 = (
        np.bincount(village_rows[positions], parcels.plane_areas[positions], minlength=len(villages))
        for positions in (counted_rows, counted_rows[is_other])
    )
    for row in rows[other_m2[rows] > 0.5 * total_m2[rows]].tolist():
        code = village_codes[row]
        if len(code) != VILLAGE_DIGITS:
            continue
        others = counted_rows[is_other & (village_rows[counted_rows] == row)]
        areas = np.nan_to_num(parcels.measure_rows(others))
        area_by_village = {one: float(areas[located[others] == one].sum()) for one in set(located[others])}
        largest_village = max(sorted(area_by_village), key=area_by_village.__getitem__)
        named_row = next((n for n, text in enumerate(village_codes) if text == largest_village), None)
        label = largest_village if named_row is None else _label_row(villages, largest_village, named_row)
        yield ctx.make_row_finding(
            villages,
            row,
            case="parcels",
            field=villages.get_field_name("division_code"),
            params={
                "code": code,
                "other": largest_village,
                "percent": round(100 * float(other_m2[row] / total_m2[row]), 1),
                "shown": {"code": _label_row(villages, code, row), "other": label},
            },
            geometry=villages.plane_shapes[row],
            area_m2=area_by_village[largest_village],
            related_role=parcels.role,
        )
