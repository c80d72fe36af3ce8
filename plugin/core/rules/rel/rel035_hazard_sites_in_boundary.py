# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import Context
from ...model.findings import Finding
from ...model.rule import Example, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._places import find_usable_layer

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
SQUARE_WITH_HOLE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))"
#: Layers of hazards without an area; the conflict matrix has those with an area. The other constant lists what must
#: avoid them.
HAZARD_ROLES = ("XZZRZHFXFBD", "XZZRZHFXFBX")
BOUNDARY_CONCEPTS = ("boundary", "CZJSBJ")


@rule(
    "REL035",
    "hazard-sites-in-boundary",
    problem="Hazard sites are within a building boundary",
    severity=Severity.WARNING,
    basis=["shanxi-plan-3", "conflict-practice"],
    needs={},
    uses=["tolerance"],
    messages={
        "point": "The hazard site {layer} ({key}) is in {related_layer} ({related_key}); construction must avoid "
        "geological hazards. Draw the boundary around the site; if an assessment allows building there, waive the "
        "finding with that document.",
        "line": "The hazard line {layer} ({key}) runs {length} m through {related_layer} ({related_key}); "
        "construction must avoid geological hazards. Move the boundary back from the line; if an assessment allows "
        "building there, waive the finding with that document.",
    },
    fails=[
        Example("a landslide in the boundary", {"XZZRZHFXFBD": ["POINT (50 50)", "POINT (150 50)"], "CZKFBJ": [SQUARE_WKT]}, finds=1),
        Example("a fault across it", {"XZZRZHFXFBX": ["LINESTRING (-50 50, 150 50)"], "CZKFBJ": [SQUARE_WKT]}, finds=1),
        Example("in a village's boundary", {"XZZRZHFXFBD": ["POINT (50 50)"], "CZJSBJ": [SQUARE_WKT]}, finds=1, standard="township_db"),
    ],
    passes=[
        Example("outside, and on the edge", {"XZZRZHFXFBD": ["POINT (150 50)", "POINT (100 50)"], "CZKFBJ": [SQUARE_WKT]}),
        Example("in a window", {"XZZRZHFXFBD": ["POINT (50 50)"], "CZKFBJ": [SQUARE_WITH_HOLE_WKT]}),
        Example("along the edge", {"XZZRZHFXFBX": ["LINESTRING (0 0, 100 0)"], "CZKFBJ": [SQUARE_WKT]}),
        Example("no such layers", {"CZKFBJ": [SQUARE_WKT]}),
    ],
)  # fmt: skip
def hazard_sites_in_boundary(*, ctx: Context) -> RuleResult:
    """Points and lines of hazards are outside the boundaries of towns and villages.

    What it checks
        现状自然灾害风险分布 as points and as lines: those inside 城镇开发边界 or 村庄建设边界, with the length
        inside. Windows (holes of the boundary) are outside.
    Why
        The boundary avoids areas of high natural risk; a landslide or a fault inside it endangers buildings.
    How to fix
        Draw the boundary around the site, or cut a window; if the site remains inside, register the geological
        assessment.
    Limits
        Every site in the layer counts, whatever its risk: its field table was not read (mark C). The distance to keep
        is not checked. REL010 checks hazards with an area. Runs by name or with the group control_lines.
    """
    result = RuleResult(is_applicable=False)
    boundaries = [
        layer
        for boundary_concept in BOUNDARY_CONCEPTS
        if (layer := find_usable_layer(boundary_concept, ctx, result)) is not None
    ]
    for role in HAZARD_ROLES:
        hazard = find_usable_layer(role, ctx, result)
        if hazard is None:
            continue
        for boundary in boundaries:
            result.is_applicable = True
            result.findings += _report_parts_inside_boundary(hazard, boundary, ctx)
    return result


def _report_parts_inside_boundary(hazard: Layer, boundary: Layer, ctx: Context) -> list[Finding]:
    parts_inside = ctx.geometry.find_point_line_parts_inside(hazard, boundary)
    findings = []
    for row, boundary_row, shape in zip(
        parts_inside.row.tolist(), parts_inside.of.tolist(), parts_inside.shape, strict=True
    ):
        case, params = ("line", {"length": round(float(shape.length), 1)}) if shape.length else ("point", {})
        finding = ctx.finding_maker.row(hazard, row, case=case, params=params, geometry=shape)
        finding.related_role, finding.related_keys = boundary.role, [boundary.keys[boundary_row]]
        findings.append(finding)
    return findings
