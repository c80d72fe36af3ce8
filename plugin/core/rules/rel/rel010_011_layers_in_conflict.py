# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on pairs of layers that must not meet, or must cover the same land."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ...base.errors import require_value
from ...engine.context import RuleContext
from ...figures.heritage_sites import find_core_rows
from ...model.findings import Finding
from ...model.rule import RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.conflicts import (
    ALLOWED_MEANING,
    CONFLICTS_SECTION,
    ERROR_MEANING,
    EVIDENCE_MEANING,
    INFORMATION_MEANING,
    WARNING_MEANING,
)
from ...standard.messages.texts import ConceptName
from .._places import (
    CONTROL_LINE_OVERLAPS,
    EAST_SQUARE_WKT,
    OVERLAPPING_WKT,
    SQUARE_WKT,
    WIDER_WKT,
    ZONE_DIFFERENCES,
    find_usable_layer_or_note_reason,
    is_reported_elsewhere,
    record_codes_of_pairs,
)

SEVERITY_OF_MEANING = {
    ERROR_MEANING: Severity.ERROR,
    WARNING_MEANING: Severity.WARNING,
    EVIDENCE_MEANING: Severity.WARNING,
    INFORMATION_MEANING: Severity.INFO,
}


@rule(
    "REL010",
    "control-line-conflicts",
    problem="Control lines conflict",
    overlaps_first={"information": CONTROL_LINE_OVERLAPS},
    severity=Severity.WARNING,
    local=True,
    basis=["conflict-practice", "heritage-checks"],
    needs={},
    uses=["tolerance", "reserves.core_words", "reserves.part_words", "reserves.core_hints"],
    may_use=[CONFLICTS_SECTION],
    messages={
        "error": "{layer} ({key}) and {related_layer} ({related_key}) overlap by {area} (width {width} m), which is not "
        "allowed. Compare both lines with their approved results and restore the one that differs. If neither "
        "differs, decide which line moves back, and correct it after approval.",
        "warning": "{layer} ({key}) and {related_layer} ({related_key}) overlap by {area} (width {width} m); these "
        "lines normally avoid each other. Compare both with their approved results, and restore the one that "
        "differs; if both agree, move the later line back; if both must stay, waive the finding and give the reason.",
        "information": "{layer} ({key}) and {related_layer} ({related_key}) overlap by {area} (width {width} m). {overlaps_first}The "
        "requirements of both lines apply there, and no shape has to change. Check that the text of the plan has a "
        "rule for such overlaps (one for all is enough). If it has one, nothing has to be done. Without one, add it before approval; if the text is "
        "already approved, waive the finding and name the requirements that apply.",
        "information_narrow_place": "{layer} ({key}) and {related_layer} ({related_key}) overlap by {area} in a strip {width} m wide. These "
        "lines may overlap, but so narrow a strip{sliver_note} mostly means that the edges are not snapped, or that "
        "a fragment was drawn by mistake. {overlaps_first}Compare with the approved results: restore an edge that "
        "differs, and delete a fragment that was not approved. If both lines are as approved, do not move "
        "them; waive the finding and give the reason.",
        "evidence": "{layer} ({key}) and {related_layer} ({related_key}) overlap by {area} (width {width} m), which "
        "requires an approval document. First check whether there is one: with a document, waive the finding and "
        "give its number; without one, compare both lines with their approved results and restore the one that "
        "differs; if both agree, move the later line back by the due procedure.",
    },
    fails=[
        RuleExample("boundary in the flood line", {"CZKFBJ": [SQUARE_WKT], "HLFXKZX": [OVERLAPPING_WKT]}, finds=1, areas=(1000.0,)),
        RuleExample("mining under farmland and next to a monument", {"KCZYKCBHX": [SQUARE_WKT], "YJJBNTBHTB": [OVERLAPPING_WKT], "LSWHBHX": [OVERLAPPING_WKT]}, finds=3,
                areas=(1000.0, 1000.0, 10000.0)),
        RuleExample("heritage inside the red line", {"LSWHBHX": ["POLYGON ((10 10, 20 10, 20 20, 10 20, 10 10))"], "STBHHX": [SQUARE_WKT]}, finds=1,
                areas=(100.0,)),
        RuleExample("a county is stricter", {"CZKFBJ": [SQUARE_WKT], "HLFXKZX": [SQUARE_WKT]}, finds=1, areas=(10000.0,),
                settings={"conflicts.boundary-flood_line": "error"}),
        RuleExample("two of the four lines", {"ZXCQCSHX": [SQUARE_WKT, EAST_SQUARE_WKT], "ZXCQCSZX": [OVERLAPPING_WKT]}, finds=2, areas=(1000.0, 9000.0)),
    ],
    passes=[
        RuleExample("touch only", {"CZKFBJ": [SQUARE_WKT], "HLFXKZX": [EAST_SQUARE_WKT]}),
        RuleExample("the three lines have rules of their own", {"CZKFBJ": [SQUARE_WKT], "STBHHX": [SQUARE_WKT], "YJJBNTBHTB": [SQUARE_WKT]}),
        RuleExample("farmland in a core zone is reported as such", {"YJJBNTBHTB": [SQUARE_WKT], "ZRBHD": [{"wkt": SQUARE_WKT, "feature_name":
                "某保护区核心保护区"}]}, parameters={"rules": ["LAW011"]}),
        RuleExample("reserves lie in the red line by intent", {"ZRBHD": [SQUARE_WKT], "STBHHX": [SQUARE_WKT]}),
        RuleExample("a county allows it", {"CZKFBJ": [SQUARE_WKT], "HLFXKZX": [SQUARE_WKT]}, settings={"conflicts.boundary-flood_line": "allowed"}),
    ],
)  # fmt: skip
def control_line_conflicts(*, ctx: RuleContext) -> RuleResult:
    """Control lines do not contradict each other.

    What it checks
        All pairs of control lines in the standard's conflict matrix (conflicts.toml) that share area: the three
        lines, cultivated land, reserve land, heritage, flood line, nature reserves, mineral lines, the city's four
        lines, hazards. The matrix gives the meaning of each pair: error, warning, information, or allowed with a
        document.
    Why
        Where two lines share land, one of them is wrong or both sets of requirements apply.
    How to fix
        For an error, decide by the approval documents of both lines which one to correct, and move it back. For a
        warning, move back the line that was drawn later; if both must stay, waive the finding and give the reason.
        For a pair allowed with evidence, waive the finding with the number of the document; it stays open until
        then. For information, verify that the plan's text has the requirements of both lines.
    Limits
        REL001 to REL003 check pairs among the three lines. Most pairs were read in no text of a norm (mark C) and are
        warnings or information; a county changes single pairs in its profile under [conflicts], as
        "boundary-flood_line" = "error" or "allowed". Runs by default for a whole county (scope county), else if the
        rule or its group control_lines is selected.
    """
    result = RuleResult(is_applicable=False)
    for conflict in ctx.norm.standard.conflicts:
        meaning = ctx.norm.get(conflict.setting_key)
        if conflict.rule or meaning == ALLOWED_MEANING:
            continue
        left_layer, right_layer = (
            find_usable_layer_or_note_reason(conflict.left, ctx, result),
            find_usable_layer_or_note_reason(conflict.right, ctx, result),
        )
        if left_layer is None or right_layer is None:
            continue
        result.is_applicable = True
        if conflict.mark == "C" and conflict.setting_key not in ctx.norm.profile.settings:
            result.unconfirmed.append(CONFLICTS_SECTION)
        rows = None
        if (
            conflict.control_line_pair == {"farmland", "reserves"}
            and is_reported_elsewhere(ctx, "LAW011")
            and right_layer.has_field("feature_name")
        ):
            # Land in a core zone has a finding of LAW011 when that rule runs.
            rows = ~find_core_rows(right_layer, ctx.norm)
        shared_pieces = ctx.geometry.find_shared_pieces(
            left_layer, right_layer, right_rows=rows, severity=SEVERITY_OF_MEANING[meaning]
        )
        limits = {"limit_area_m2": ctx.tolerance.min_area_m2, "limit_width_m": ctx.tolerance.min_width_m}
        result.findings += ctx.make_pair_findings(
            left_layer,
            right_layer,
            shared_pieces,
            with_net_area=True,
            case=meaning,
            severity=SEVERITY_OF_MEANING[meaning],
            params={"meaning": meaning, "basis": conflict.basis, "shown": limits},
        )
    return result


HALF_SQUARE_WKTS = ["POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"]


@rule(
    "REL011",
    "layers-of-one-thing",
    problem="Two layers of one subject differ",
    overlaps_first={"code": ZONE_DIFFERENCES},
    severity=Severity.WARNING,
    basis=["roles-agree"],
    needs={},
    uses=["tolerance"],
    messages={
        "": "{layer} ({key}) reaches {area} beyond {related_layer} (width {width} m), although both are {concept} and "
        "must cover the same land. Compare both with {authority}: correct only this edge in the layer that differs from "
        "it; if only one of the two layers is to be submitted, remove the other from the data.",
        "code": "{layer} ({key}): {field} is “{value}”, but {related_layer} ({related_key}) has “{related}” on the "
        "same land; they differ on {area} (width {width} m). {zones_first}Compare with the approved maps of {layer} "
        "and {related_layer}, and correct the layer that differs from them: change the code if it is wrong for the "
        "whole feature; if it is wrong only here, change only the edge here (split the feature first if necessary), "
        "and leave the code of the feature. If both agree with their approved maps, waive the finding and give the "
        "document.",
    },
    fails=[
        RuleExample("plots beyond the protection line", {"YJJBNTBHTB": [SQUARE_WKT], "YJJBNTTB": [WIDER_WKT]}, finds=1, areas=(1000.0,)),
        RuleExample("both ways", {"YDYHGHFQ": [SQUARE_WKT], "GHFQ": ["POLYGON ((10 0, 110 0, 110 100, 10 100, 10 0))"]}, finds=2,
                areas=(1000.0, 1000.0)),
        RuleExample("zones of two layers", {"YDYHGHFQ": [{"wkt": SQUARE_WKT, "zone_code": "300"}], "GHFQ": [{"wkt": SQUARE_WKT, "zone_code": "510"}]},
                finds=1, areas=(10000.0,)),
        RuleExample("zones of the centre", {"YDYHGHFQ": [{"wkt": WIDER_WKT, "zone_code": "300"}], "ZXCQGHFQ": [{"wkt": SQUARE_WKT, "zone_code": "411"}]},
                finds=1, areas=(10000.0,)),
        RuleExample("the second is compared with the first, the third too",
                {"YJJBNTBHTB": [SQUARE_WKT], "YJJBNTTB": [SQUARE_WKT], "YJJBNTBHHX": [WIDER_WKT]}, finds=1, areas=(1000.0,)),
    ],
    passes=[
        RuleExample("a finer zone of the same class", {"YDYHGHFQ": [{"wkt": WIDER_WKT, "zone_code": "410"}],
                "ZXCQGHFQ": [{"wkt": SQUARE_WKT, "zone_code": "411"}]}),
        RuleExample("cut otherwise, the same land", {"YJJBNTBHTB": [SQUARE_WKT], "YJJBNTTB": HALF_SQUARE_WKTS}),
        RuleExample("changes of two layers are no one thing", {"WHCGHFQ": [SQUARE_WKT], "WHCZXCQCSLX": [WIDER_WKT]}),
        RuleExample("one layer only", {"YJJBNTBHTB": [SQUARE_WKT], "STBHHX": [WIDER_WKT]}),
    ],
)  # fmt: skip
def layers_of_one_thing(*, ctx: RuleContext) -> RuleResult:
    """Two layers of one subject cover the same land.

    What it checks
        If the data has two layers of one concept (YJJBNTBHTB and YJJBNTTB for 永久基本农田, YDYHGHFQ and GHFQ for
        规划分区): the parts of each that the other does not cover. Of zones, also the parts whose codes are of
        different classes, and these between the county's zones and those of the centre.
    Why
        All other rules read only one of the two layers. Where they differ, a figure of the plan is right in one layer
        and wrong in the other.
    How to fix
        Compare both with the approved result, and correct the layer that differs from it; if only one is to be
        submitted, remove the other from the data. Change the code of zones where it is wrong for the whole feature,
        else only the edge.
    Limits
        Except for the codes of zones, compares the covered land, not the attributes; the division into features does
        not matter. Of three layers, each is compared with the one in use. A code agrees with a code below it. Runs by
        default for a whole county (scope county), else if the rule or its group control_lines is selected.
    """
    result = RuleResult(is_applicable=False)
    compared_pairs: set[tuple[str, str]] = set()
    for concept in ctx.norm.standard.concepts:
        used_layer = ctx.plan.find_layer_of_concept(concept)
        if (
            # Each class of changes belongs to another layer.
            ctx.norm.standard.is_maintenance(concept)
            or used_layer is None
            or used_layer.has_no_geometry
            or used_layer.template.geometry != "polygon"
        ):
            continue
        for role in ctx.plan.list_roles_of_concept(concept):
            other_layer = ctx.plan.layers.get(role)
            if (
                other_layer is None
                or other_layer is used_layer
                or other_layer.has_no_geometry
                or (used_layer.role, role) in compared_pairs
                or other_layer.template.geometry != "polygon"
            ):
                continue
            compared_pairs |= {(used_layer.role, role), (role, used_layer.role)}
            result.add_applicable(
                _report_uncovered_parts(used_layer, other_layer, concept, ctx)
                + _report_uncovered_parts(other_layer, used_layer, concept, ctx)
            )
            result.findings += _report_different_codes(used_layer, other_layer, ctx)
    zones, centre = ctx.plan.find_layer_of_concept("zones"), ctx.plan.find_layer_of_concept("centre_zones")
    if zones is not None and centre is not None and not (zones.has_no_geometry or centre.has_no_geometry):
        result.add_applicable(_report_different_codes(zones, centre, ctx))
    return result


def _report_different_codes(first_layer: Layer, second_layer: Layer, ctx: RuleContext) -> list[Finding]:
    """Return findings on land to which two layers of zones assign incompatible codes."""
    if not (first_layer.has_values("zone_code") and second_layer.has_values("zone_code")):
        return []
    first_codes, second_codes = first_layer.text("zone_code"), second_layer.text("zone_code")
    template_field = require_value(first_layer.template.find_field("zone_code"), "the field of the zone codes")
    codes = ctx.get_code_list(template_field.codes)

    @cache
    def agree(code: str, other_code: str) -> bool:
        """Return True if two zone codes are equal or one is below the other in the list.

        True also if one is blank or not in the list; ATT002 reports codes outside the list.
        """
        lineage, other_lineage = codes.list_code_and_parents(code), codes.list_code_and_parents(other_code)
        return not lineage or not other_lineage or code in other_lineage or other_code in lineage

    def find_pairs_with_different_codes(left: NDArray, right: NDArray) -> NDArray:
        pairs = zip(left.tolist(), right.tolist(), strict=True)
        return np.array([not agree(first_codes[i], second_codes[j]) for i, j in pairs], dtype=bool)

    pieces = ctx.geometry.find_shared_pieces(
        first_layer, second_layer, is_pair_selected=find_pairs_with_different_codes
    )
    findings = ctx.make_pair_findings(
        first_layer, second_layer, pieces, case="code", field=first_layer.get_field_name("zone_code")
    )
    record_codes_of_pairs(findings, pieces, first_layer, second_layer, "zone_code", "related", ctx)
    return findings


def _report_uncovered_parts(first_layer: Layer, second_layer: Layer, concept: str, ctx: RuleContext) -> list[Finding]:
    """Return findings on connected parts of the first layer that the second lacks."""
    pieces = ctx.geometry.find_uncovered_pieces(
        first_layer,
        second_layer,
        rows=ctx.geometry.find_uncovered_candidates(first_layer, second_layer),
    )
    return ctx.make_pair_findings(
        first_layer, second_layer, pieces, params={"concept": ConceptName(concept)}, by_place=True
    )
