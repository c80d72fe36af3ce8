# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ...engine.context import RuleContext
from ...figures.heritage_sites import (
    CONTROL_PART,
    CORE_PART,
    PART_SETTINGS,
    RANGE_PART,
    HeritageParts,
    classify_heritage_parts,
    list_heritage_range_roles,
    read_site_names,
)
from ...geometry.polygons import Polygons
from ...model.findings import Finding
from ...model.rule import RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._places import find_usable_layer_or_note_reason, find_usable_layers

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
INNER_SQUARE_WKT = "POLYGON ((20 20, 80 20, 80 80, 20 80, 20 20))"
PROTRUDING_WKT = "POLYGON ((20 20, 110 20, 110 80, 20 80, 20 20))"
RING_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (20 20, 80 20, 80 80, 20 80, 20 20))"


def _make_row(wkt: str, part: str = "") -> dict[str, str]:
    """Return a part of a site for an example; its whole protection range without ``part``."""
    return {"wkt": wkt, "feature_name": f"某街区{part}"}


@rule(
    "REL020",
    "heritage-range-and-parts",
    problem="Heritage range and its parts differ",
    severity=Severity.WARNING,
    basis=["heritage-protection", "heritage-checks"],
    needs={},
    uses=PART_SETTINGS,
    messages={
        "beyond": "{layer} ({key}, “{site}”) reaches {area} beyond the protection range in {related_layer} "
        "({related_key}; width {width} m). Compare with the approved protection plan: cut {layer} back if it was "
        "drawn wrongly, or correct the range if that was.",
        "bare": "{area} of the protection range “{site}” in {layer} ({key}; width {width} m) is neither core area "
        "nor control zone in {related_layer}. The range consists of both. Compare with the approved protection plan: "
        "draw the missing part of the core or the zone in {related_layer}, or correct a range that was drawn too "
        "large.",
    },
    fails=[
        RuleExample("core beyond the range", {"LSWHBHX": [_make_row(PROTRUDING_WKT, "核心保护范围")], "LSWHJQ": [_make_row(SQUARE_WKT)]}, finds=1, areas=(600.0,)),
        RuleExample("range wider than its parts", {"LSWHBHX": [_make_row(INNER_SQUARE_WKT, "核心保护范围"), _make_row(RING_WKT, "建设控制地带")],
                "LSWHJQ": [_make_row("POLYGON ((0 0, 110 0, 110 100, 0 100, 0 0))")]}, finds=1, areas=(1000.0,)),
        RuleExample("identified by the kind, range in the line itself", {"LSWHBHX": [
            {"wkt": PROTRUDING_WKT, "feature_name": "某村核心保护范围", "feature_kind": "41"},
            {"wkt": SQUARE_WKT, "feature_name": "某村", "feature_kind": "40"}]}, finds=1, areas=(600.0,)),
    ],
    passes=[
        RuleExample("core and control zone are the range", {"LSWHBHX": [_make_row(INNER_SQUARE_WKT, "核心保护范围"), _make_row(RING_WKT, "建设控制地带")], "LSWHJQ": [_make_row(SQUARE_WKT)]}),
        RuleExample("core only: the control zone may be drawn elsewhere", {"LSWHBHX": [_make_row(INNER_SQUARE_WKT, "核心保护范围")], "LSWHJQ": [_make_row(SQUARE_WKT)]}),
        RuleExample("no range of that name", {"LSWHBHX": [_make_row(PROTRUDING_WKT, "核心保护范围")], "LSWHJQ": [{"wkt": SQUARE_WKT, "feature_name": "另一街区"}]}),
    ],
)  # fmt: skip
def heritage_range_and_parts(*, ctx: RuleContext) -> RuleResult:
    """Core and control zone of a heritage site compose its protection range.

    What it checks
        For each site with a protection range (in 历史文化街区, 名镇, 名村 … or as a row of LSWHBHX): core and control
        zone of the same name in LSWHBHX are within the range; if both exist, they fill it together.
    Why
        The protection range is composed of the core (核心保护范围) and the control zone (建设控制地带).
    How to fix
        Take the edges from the approved protection plan, and correct the layer that differs.
    Limits
        The kind (LX, list marked C) identifies the parts, else words at the end of the name (MC, `[heritage]`, mark C);
        the text before the word must be the range's name. A site without a range of its name is not compared. Runs by
        default for a whole county (scope county), else if the rule or its group heritage is selected.
    """
    result = RuleResult(is_applicable=False)
    heritage_line = find_usable_layer_or_note_reason("heritage", ctx, result)
    if heritage_line is None:
        return result
    parts = classify_heritage_parts(heritage_line, ctx)
    range_layers = find_usable_layers(list_heritage_range_roles(ctx), ctx, result)
    for layer, site_of_row in [
        *((layer, read_site_names(layer)) for layer in range_layers),
        (heritage_line, np.where(parts.find_rows_of_part(RANGE_PART), parts.site_of_row, "")),
    ]:
        for site in parts.list_site_names():
            is_range = site_of_row == site
            if is_range.any():
                result.add_applicable(_compare_site_parts(site, heritage_line, parts, layer, is_range, ctx))
    return result


def _compare_site_parts(
    site: str, heritage_line: Layer, parts: HeritageParts, range_layer: Layer, is_range: np.ndarray, ctx: RuleContext
) -> list[Finding]:
    """Return findings on a site's core and control zone that do not compose its range.

    ``is_range`` is (n,) bool: the rows of ``range_layer`` that are the site's range.
    """
    core, control = parts.find_rows_of_site_part(CORE_PART, site), parts.find_rows_of_site_part(CONTROL_PART, site)
    params = {"site": site}
    pieces_beyond = ctx.geometry.find_uncovered_pieces(
        heritage_line, range_layer, Polygons(range_layer.plane_shapes[is_range]), rows=core | control
    )
    findings = ctx.finding_maker.make_pair_findings(
        heritage_line, range_layer, pieces_beyond, case="beyond", params=params
    )
    for finding in findings:
        finding.related_keys = [range_layer.keys[n] for n in np.flatnonzero(is_range)]
    if core.any() and control.any():
        unfilled_pieces = ctx.geometry.find_uncovered_pieces(
            range_layer, heritage_line, Polygons(heritage_line.plane_shapes[core | control]), rows=is_range
        )
        findings += ctx.finding_maker.make_pair_findings(
            range_layer, heritage_line, unfilled_pieces, case="bare", params=params
        )
    return ctx.finding_maker.mark_findings_by_location(findings)
