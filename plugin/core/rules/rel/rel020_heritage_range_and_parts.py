# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ...engine.context import Context
from ...geometry.polygons import Polygons
from ...heritage.protection import (
    CONTROL,
    CORE,
    RANGE,
    USES,
    HeritageParts,
    classify_heritage_parts,
    range_roles,
    site_names,
)
from ...model.findings import Finding
from ...model.rule import Example, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._places import require_layer

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
INNER = "POLYGON ((20 20, 80 20, 80 80, 20 80, 20 20))"
OUT = "POLYGON ((20 20, 110 20, 110 80, 20 80, 20 20))"
RING = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (20 20, 80 20, 80 80, 20 80, 20 20))"


def _core(wkt: str) -> dict[str, str]:
    return {"wkt": wkt, "feature_name": "某街区核心保护范围"}


def _control(wkt: str) -> dict[str, str]:
    return {"wkt": wkt, "feature_name": "某街区建设控制地带"}


def _range(wkt: str) -> dict[str, str]:
    return {"wkt": wkt, "feature_name": "某街区"}


@rule(
    "REL020",
    "heritage-range-and-parts",
    problem="Heritage range and its parts differ",
    severity=Severity.WARNING,
    basis=["heritage-protection", "heritage-checks"],
    needs={},
    uses=USES,
    messages={
        "beyond": "{layer} ({key}, “{site}”) reaches {area} beyond the protection range in {related_layer} ({related_key}; width {width} m). Cut it back, or extend the range.",
        "bare": "{area} of the protection range “{site}” in {layer} ({key}; width {width} m) is neither core nor control zone in {related_layer}. The range is composed of both: extend one of them, or correct the range.",
    },
    fails=[
        Example("core beyond the range", {"LSWHBHX": [_core(OUT)], "LSWHJQ": [_range(SQUARE)]}, finds=1, areas=(600.0,)),
        Example("range wider than its parts", {"LSWHBHX": [_core(INNER), _control(RING)],
                "LSWHJQ": [_range("POLYGON ((0 0, 110 0, 110 100, 0 100, 0 0))")]}, finds=1, areas=(1000.0,)),
        Example("identified by the kind, range in the line itself", {"LSWHBHX": [
            {"wkt": OUT, "feature_name": "某村核心保护范围", "feature_kind": "41"},
            {"wkt": SQUARE, "feature_name": "某村", "feature_kind": "40"}]}, finds=1, areas=(600.0,)),
    ],
    passes=[
        Example("core and control zone are the range", {"LSWHBHX": [_core(INNER), _control(RING)], "LSWHJQ": [_range(SQUARE)]}),
        Example("core only: the control zone may be drawn elsewhere", {"LSWHBHX": [_core(INNER)], "LSWHJQ": [_range(SQUARE)]}),
        Example("no range of that name", {"LSWHBHX": [_core(OUT)], "LSWHJQ": [{"wkt": SQUARE, "feature_name": "另一街区"}]}),
    ],
)  # fmt: skip
def heritage_range_and_parts(*, ctx: Context) -> RuleResult:
    """Core and control zone of a heritage site compose its protection range.

    What it checks
        For each site with a protection range (in 历史文化街区, 名镇, 名村 … or as a row of LSWHBHX): core and control
        zone of the same name in LSWHBHX are within the range; if both exist, they fill it together.
    Why
        The protection range is composed of the core (核心保护范围) and the control zone (建设控制地带).
    How to fix
        Take the edges from the approved protection plan, and correct the layer that differs.
    Limits
        The kind (LX, list marked C) identifies the parts, else words at the end of the name (MC, `[heritage]`, C);
        the text before the word must be the range's name. A site without a range of its name is not compared. Runs by
        name or with its group.
    """
    result = RuleResult(applicable=False)
    line = require_layer("heritage", ctx, result)
    if line is None:
        return result
    parts = classify_heritage_parts(line, ctx)
    range_layers = [layer for role in range_roles(ctx) if (layer := require_layer(role, ctx, result)) is not None]
    for layer, of in [*((layer, site_names(layer)) for layer in range_layers), (line, _own_ranges(parts))]:
        for site in parts.sites():
            ranges = of == site
            if ranges.any():
                result.applicable = True
                result.findings += _compared(site, line, parts, layer, ranges, ctx)
    return result


def _own_ranges(parts: HeritageParts) -> np.ndarray:
    """Return the site of each row that is a whole range, else an empty text."""
    return np.where(parts.rows(RANGE), parts.site, "")


def _compared(
    site: str, line: Layer, parts: HeritageParts, layer: Layer, ranges: np.ndarray, ctx: Context
) -> list[Finding]:
    core, control = parts.of_site(CORE, site), parts.of_site(CONTROL, site)
    params = {"site": site}
    beyond = ctx.geometry.uncovered(line, layer, Polygons(layer.plane[ranges]), rows=core | control)
    found = ctx.make.pairs(line, layer, beyond, case="beyond", params=params)
    for finding in found:
        finding.related_keys = [layer.keys[n] for n in np.flatnonzero(ranges)]
    if core.any() and control.any():
        neither = ctx.geometry.uncovered(layer, line, Polygons(line.plane[core | control]), rows=ranges)
        found += ctx.make.pairs(layer, line, neither, case="bare", params=params)
    return ctx.make.by_place(found)
