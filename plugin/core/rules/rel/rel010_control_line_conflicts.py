# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...figures.heritage_sites import find_core_rows
from ...model.rule import RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.conflicts import (
    ALLOWED_MEANING,
    CONFLICTS_SECTION,
    ERROR_MEANING,
    EVIDENCE_MEANING,
    INFORMATION_MEANING,
    WARNING_MEANING,
    ConflictMatrixEntry,
)
from .._places import CONTROL_LINE_OVERLAPS, find_usable_layer_or_note_reason, is_reported_elsewhere

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
OVERLAPPING_WKT = "POLYGON ((90 0, 190 0, 190 100, 90 100, 90 0))"
EAST_SQUARE_WKT = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"
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
        result.findings += _make_conflict_findings(conflict, meaning, left_layer, right_layer, ctx)
    return result


def _make_conflict_findings(
    conflict: ConflictMatrixEntry, meaning: str, left_layer: Layer, right_layer: Layer, ctx: RuleContext
) -> list:
    """Return findings on the land that two control lines share.

    ``meaning``: what shared land means by the conflict matrix, which decides the severity.
    """
    params = {"meaning": meaning, "basis": conflict.basis}
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
    findings = ctx.finding_maker.make_pair_findings(
        left_layer,
        right_layer,
        shared_pieces,
        with_net_area=True,
        case=meaning,
        severity=SEVERITY_OF_MEANING[meaning],
        params=params,
    )
    for finding in findings:
        finding.params["shown"] = {
            "limit_area_m2": ctx.tolerance.min_area_m2,
            "limit_width_m": ctx.tolerance.min_width_m,
        }
    return findings
