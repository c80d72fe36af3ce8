# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ...engine.context import RuleContext
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer

WEST_TOWNSHIP = {"wkt": "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))", "division_code": "140225100"}
EAST_TOWNSHIP = {"wkt": "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))", "division_code": "140225101"}
VILLAGE_WEST = {"wkt": "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "division_code": "140225100201"}
VILLAGE_NEXT = {"wkt": "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))", "division_code": "140225100202"}
VILLAGE_ACROSS = {**VILLAGE_NEXT, "wkt": "POLYGON ((50 0, 110 0, 110 100, 50 100, 50 0))"}
VILLAGE_EAST = {**EAST_TOWNSHIP, "division_code": "140225101201"}
#: Digits of a township's code: county (6) and township (3); a village's code has three more.
TOWNSHIP_DIGITS = 9


@rule(
    "REL034",
    "villages-in-townships",
    problem="A village is outside its township",
    severity=Severity.WARNING,
    basis=["A3", "divisions-nest"],
    needs={
        "villages": LayerNeed("villages", fields=("division_code",)),
        "townships": LayerNeed("townships", fields=("division_code",)),
    },
    uses=["tolerance"],
    messages={
        "other": "{layer} ({key}, {field} {code}) has {area} in the township {other} of {related_layer} ({related_key}; width {width} m), not in its own township. Correct the outline, or the code.",
        "none": "{layer} ({key}, {field} {code}) begins with {township}, a township missing in {related_layer}. Correct the code, or draw the township.",
        "uncovered": "{layer} ({key}) has {area} that no village of {related_layer} covers (width {width} m). Restore the missing village, or extend the outlines of its neighbours.",
    },
    fails=[
        RuleExample("across the edge", {"villages": [VILLAGE_WEST, VILLAGE_ACROSS, VILLAGE_EAST], "townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}, finds=1, areas=(1000.0,)),
        RuleExample("another township's code", {"villages": [{**VILLAGE_WEST, "division_code": "140225101201"}, VILLAGE_NEXT, VILLAGE_EAST], "townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}, finds=1,
                areas=(5000.0,)),
        RuleExample("a township that is not there", {"villages": [{**VILLAGE_WEST, "division_code": "140225109201"}, VILLAGE_NEXT, VILLAGE_EAST], "townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}, finds=1),
        RuleExample("a village is missing", {"villages": [VILLAGE_WEST, VILLAGE_EAST], "townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}, finds=1, areas=(5000.0,)),
        RuleExample("all villages of a township are missing", {"villages": [VILLAGE_WEST, VILLAGE_NEXT], "townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}, finds=1, areas=(10000.0,)),
    ],
    passes=[
        RuleExample("within", {"villages": [VILLAGE_WEST, VILLAGE_NEXT, VILLAGE_EAST], "townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}),
        RuleExample("a township in two parts", {"villages": [VILLAGE_WEST, {**VILLAGE_NEXT, "wkt": "POLYGON ((50 0, 200 0, 200 100, 50 100, 50 0))"}],
                "townships": [WEST_TOWNSHIP, {**EAST_TOWNSHIP, "division_code": "140225100"}]}),
        RuleExample("too short a code is another rule's", {"villages": [{**VILLAGE_WEST, "division_code": "1402"}, VILLAGE_NEXT, VILLAGE_EAST], "townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}),
        RuleExample("a layer without villages", {"villages": [], "townships": [WEST_TOWNSHIP, EAST_TOWNSHIP]}),
    ],
)  # fmt: skip
def villages_in_townships(villages: Layer, townships: Layer, *, ctx: RuleContext) -> RuleResult:
    """Villages are in the township that their code begins with.

    What it checks
        Pairs of 村级行政区 and 乡镇级行政区 that share area although the village's code does not begin with the
        township's; villages whose township is missing in the layer of townships; and parts of townships that no
        village covers.
    Why
        Sums by township use either code or place; if the two differ, text, table and map show different figures.
    How to fix
        Use the township's edge as the outline of its villages, with identical vertices; or correct the code. Restore
        a missing village.
    Limits
        Only the first nine digits are compared. TOP003 reports land outside all townships. That outlines nest is
        inferred (mark C); so is that villages cover their township. Runs for a whole county, by name or with the group control_lines.
    """
    township_of_village = np.array([code[:TOWNSHIP_DIGITS] for code in villages.text("division_code")], dtype=object)
    township_codes = np.array([code[:TOWNSHIP_DIGITS] for code in townships.text("division_code")], dtype=object)
    has_code = np.array([len(code) == TOWNSHIP_DIGITS for code in township_of_village], dtype=bool)
    is_known_township = np.isin(township_of_village, township_codes[township_codes != ""])
    result = RuleResult(is_applicable=bool(has_code.any()))
    code_field = villages.get_field_name("division_code")
    village_codes = villages.text("division_code")
    shared = ctx.geometry.find_shared_parts(
        villages,
        townships,
        pairs=lambda i, j: has_code[i] & is_known_township[i] & (township_of_village[i] != township_codes[j]),
    )
    for finding, i, j in zip(
        ctx.finding_maker.make_pair_findings(villages, townships, shared, case="other", field=code_field),
        shared.left,
        shared.right,
        strict=True,
    ):
        finding.params |= {"code": village_codes[i], "other": township_codes[j]}
        result.findings.append(finding)
    for row in np.flatnonzero(has_code & ~is_known_township).tolist():
        params = {"code": village_codes[row], "township": township_of_village[row]}
        finding = ctx.finding_maker.make_row_finding(
            villages, row, case="none", field=code_field, params=params, geometry=villages.plane[row]
        )
        finding.related_role = townships.role
        result.findings.append(finding)
    if has_code.any() and not ctx.is_edit_check:
        # Around an edit not all villages are known; the next whole check compares them.
        uncovered = ctx.geometry.find_uncovered(townships, villages)
        result.findings += ctx.finding_maker.mark_findings_by_location(
            ctx.finding_maker.make_pair_findings(townships, villages, uncovered, case="uncovered")
        )
    return result
