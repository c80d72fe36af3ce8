# SPDX-License-Identifier: GPL-2.0-or-later
from typing import Any

import shapely

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...render.versions.edition_comparison import MOVED_IN_KIND, MOVED_OUT_KIND, ChangedPiece, VersionComparison
from .._attributes import MAX_NAMED_ROWS, make_row_list_params
from .._sealed import (
    compare_with_sealed_edition,
    get_sealed_severity,
    note_layer_only_in_sealed_edition,
    record_moved_slivers,
)

WEST_SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
EXTENDED_WEST_WKT = "POLYGON ((0 0, 130 0, 130 100, 0 100, 0 0))"
EAST_SQUARE_WKT = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"
#: Ten fields in a row, and the same 0.3 m farther east.
ROW_WKTS, SHIFTED_ROW_WKTS = (
    [
        f"POLYGON (({x + step} 0, {x + 40 + step} 0, {x + 40 + step} 100, {x + step} 100, {x + step} 0))"
        for x in range(0, 500, 50)
    ]
    for step in (0, 0.3)
)
REVERSED_WEST_WKT = "POLYGON ((100 100, 100 0, 0 0, 0 100, 100 100))"
WEST_WITH_EXTRA_VERTEX_WKT = "POLYGON ((0 0, 50 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "LAW017",
    "sealed-lines-unchanged",
    problem="Control lines differ from the sealed edition",
    severity=Severity.WARNING,
    basis=["T2"],
    side=["baseline"],
    needs={
        "farmland": LayerNeed("farmland", optional=True),
        "red_line": LayerNeed("red_line", optional=True),
        "boundary": LayerNeed("boundary", optional=True),
    },
    uses=["tolerance", "editions"],
    messages={
        "added": "{layer} ({key}): {area} is not in the sealed edition; sealed lines must not be changed without "
        "approval. Restore the sealed edge; if the change was approved, waive the finding and give the approval "
        "document.",
        "removed": "{layer} ({key} in the sealed edition): {area} is missing in the present data; sealed lines must "
        "not be changed without approval. Restore the sealed land; if the change was approved, waive the finding and "
        "give the approval document.",
        "shifted": "{layer} is shifted as a whole against the sealed edition: {east} m east and {north} m north "
        "(negative: west, south). {count} features ({share}%) differ by the shift only, with no vertex more than "
        "{deviation} m off; {moved_in} m² are outside the sealed land, and {moved_out} m² of it are left bare. Sealed "
        "lines must not be changed without approval: review the coordinate transformation and the digitising, and "
        "copy the sealed features unchanged. Other changes are compared without the shift and listed separately.",
        "other": "{layer} covers the sealed land (a shift of the whole line removed), but is not identical to the sealed edition{listed_rows}. Features with other attributes ({fields}): {changed}; with other keys: {renumbered}; with other vertices: {redrawn}. Copy the sealed features unchanged.",
    },
    fails=[
        RuleExample("more boundary", {"boundary": [EXTENDED_WEST_WKT]}, side={"baseline": {"boundary": [WEST_SQUARE_WKT]}}, finds=1, areas=(3000.0,)),
        RuleExample("red line and farmland moved", {"red_line": [EAST_SQUARE_WKT], "farmland": [WEST_SQUARE_WKT]}, side={"baseline": {"red_line": [WEST_SQUARE_WKT], "farmland": [EAST_SQUARE_WKT]}},
                finds=4, areas=(10000.0, 10000.0, 10000.0, 10000.0)),
        RuleExample("a vertex more", {"red_line": [WEST_WITH_EXTRA_VERTEX_WKT]}, side={"baseline": {"red_line": [WEST_SQUARE_WKT]}}, finds=1),
        RuleExample("shifted as a whole", {"red_line": SHIFTED_ROW_WKTS}, side={"baseline": {"red_line": ROW_WKTS}}, finds=1),
        RuleExample("another land use", {"farmland": [{"wkt": WEST_SQUARE_WKT, "land_use": "0101"}]},
                side={"baseline": {"farmland": [{"wkt": WEST_SQUARE_WKT, "land_use": "0103"}]}}, finds=1),
    ],
    passes=[
        RuleExample("identical, drawn from another corner", {"red_line": [REVERSED_WEST_WKT], "boundary": [EAST_SQUARE_WKT]},
                side={"baseline": {"red_line": [WEST_SQUARE_WKT], "boundary": [EAST_SQUARE_WKT]}}),
        RuleExample("no sealed edition", {"red_line": [WEST_SQUARE_WKT]}),
    ],
)  # fmt: skip
def sealed_lines_unchanged(
    farmland: Layer | None, red_line: Layer | None, boundary: Layer | None, *, ctx: RuleContext
) -> RuleResult:
    """The three control lines equal those of the sealed edition.

    What it checks
        永久基本农田, 生态保护红线 and 城镇开发边界, compared with the sealed edition (BASELINE): each added or
        removed part, with its area; and features with other keys, attributes or vertices although no land moved. If
        a line is shifted as a whole (settings `editions`), one finding states the shift, and the rest is compared
        without it. A line that only one of the two has is not compared: the rule is then incomplete.
    Why
        A plan is submitted with the three lines as issued; the receiving side compares them.
    How to fix
        Copy the sealed features unchanged; or register the document that approves the change.
    Limits
        Order of features, start and direction of rings, another coordinate system and noise below the cluster
        tolerance are ignored. A warning, unless the county's profile seals the layer ([sealed] roles): then an error.
        Other attributes are a warning, other keys or vertices alone are information. LAW015 compares sums of farmland.
    """
    result = RuleResult(is_applicable=False)
    for concept, layer in (("farmland", farmland), ("red_line", red_line), ("boundary", boundary)):
        if layer is None:
            note_layer_only_in_sealed_edition(ctx, concept, result)
            continue
        comparison = compare_with_sealed_edition(ctx, concept, result)
        if comparison is None:
            continue
        record_moved_slivers(ctx, comparison)
        parts = comparison.list_pieces_of_kind(MOVED_IN_KIND) + comparison.list_pieces_of_kind(MOVED_OUT_KIND)
        result.findings += ctx.finding_maker.mark_findings_by_location(
            [_make_moved_land_finding(comparison, part, layer, ctx) for part in parts]
        )
        shift = comparison.shift
        if shift is not None and shift.is_removed:
            params = {
                **shift.make_params(),
                "deviation": round(shift.deviation_m, 4),
                "moved_in": round(shift.moved_in_m2, 2),
                "moved_out": round(shift.moved_out_m2, 2),
                "shown": shift.make_texts(),
            }
            severity = get_sealed_severity(ctx, layer)
            result.findings.append(Finding(layer.role, case="shifted", severity=severity, params=params))
        if not parts and comparison.has_other_changes:
            result.findings.append(_make_other_change_finding(comparison, layer))
    return result


def _make_moved_land_finding(
    comparison: VersionComparison, part: ChangedPiece, layer: Layer, ctx: RuleContext
) -> Finding:
    """Return the finding on land that was added to or removed from a sealed line."""
    is_added = part.kind == MOVED_IN_KIND
    key = layer.keys[part.after_row] if is_added else comparison.earlier_edition.layer.keys[part.before_row]
    shape = part.geometry
    return Finding(
        layer.role,
        key=key,
        case="added" if is_added else "removed",
        severity=get_sealed_severity(ctx, layer),
        area_m2=part.area_m2,
        net_area_m2=part.net_m2 if part.net_m2 == part.net_m2 else None,
        width_m=2 * shapely.area(shape) / shapely.length(shape),
        geometry=shape,
    )


def _make_other_change_finding(comparison: VersionComparison, layer: Layer) -> Finding:
    """Return the finding on changed keys, attributes or vertices of a sealed line.

    The covered land is unchanged. The message names the rows with other attributes, else those with other keys. The
    finding is on the layer and has no place: earlier waivers of it have none.
    """
    changed_rows = {part.after_row for part in comparison.changed_pieces if part.value_changes}
    rows = sorted(changed_rows or {after_row for _, after_row in comparison.renumbered_rows})
    fields = sorted({name for part in comparison.changed_pieces for name, _, _ in part.value_changes})
    params: dict[str, Any] = {
        "changed": comparison.changed_row_count,
        "fields": ", ".join(fields) or "-",
        "renumbered": len(comparison.renumbered_rows),
        "redrawn": comparison.unmatched_counts[1],
    }
    row_params = make_row_list_params(layer, rows, MAX_NAMED_ROWS)
    params["shown"] = row_params["shown"]
    if row_params["more"]:
        params["more"] = row_params["more"]
    severity = None if comparison.changed_row_count else Severity.INFO
    return Finding(layer.role, case="other", severity=severity, params=params)
