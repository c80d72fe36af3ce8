# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ..context import Context
from ..layer import Layer
from ..rule import Example, Need, RuleResult, rule
from ._farmland import construction
from ._places import told_elsewhere

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
HALF = "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))"


@rule(
    "LAW010",
    "farmland-not-cultivated",
    local=True,
    basis=["T5", "order-17"],
    needs={
        "farmland": Need("farmland", reads=("land_use",)),
        "parcels": Need("parcels", reads=("land_use",), optional=True),
    },
    uses=["tolerance"],
    messages={
        "blank": "{layer} ({key}): {field} is empty, so it cannot be taken for cultivated land ({area}, net {net_area}). Fill in the "
        "land-use code.",
        "code": "{layer} ({key}): {field} = “{value}” is not cultivated land ({area}, net {net_area}). Take it out of permanent basic "
        "farmland and supplement it, or correct the code.",
        "parcel": "{area} (net {net_area}, width {width} m) of {layer} ({key}) lies on parcel {related_key} of land use “{value}”, "
        "which is not cultivated. Correct the line or the parcel, or supplement it.",
    },
    fails=[
        Example("restorable orchard", {"farmland": [{"wkt": SQUARE, "land_use": "0201K"}]}, finds=1, areas=(10000.0,)),
        Example("forest below", {"farmland": [{"wkt": SQUARE, "land_use": "0103"}], "parcels": [{"wkt": HALF, "land_use": "0301"}]},
                finds=1, areas=(5000.0,)),
    ],
    passes=[
        Example("cultivated", {"farmland": [{"wkt": SQUARE, "land_use": "0102"}], "parcels": [{"wkt": SQUARE, "land_use": "0103"}]}),
        Example("a yard is told as occupied", {"farmland": [{"wkt": SQUARE, "land_use": "0103"}], "parcels": [{"wkt": HALF, "land_use": "0702"}]},
                parameters={"rules": ["LAW014"]}),
        Example("forest next door", {"farmland": [{"wkt": HALF, "land_use": "0103"}], "parcels": [
            {"wkt": "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))", "land_use": "0301"}]}),
    ],
)  # fmt: skip
def farmland_not_cultivated(farmland: Layer, parcels: Layer | None, *, ctx: Context) -> RuleResult:
    """Permanent basic farmland is cultivated land.

    What it checks
        The land-use code of each 永久基本农田 parcel (0101, 0102, 0103; 可调整 …K codes are not cultivated land); and, where
        parcels are there, every part of it that lies on a parcel of another land use, with its area.
    Why
        永久基本农田 must be 耕地; it must not become forest, grass, orchard or facility land.
    How to fix
        Correct the code, or take the land out and supplement it with equal net area and quality.
    Limits
        A row found by its own code is not told again by the overlay. Parcels of construction land are LAW014's when it runs too.
    """
    result = RuleResult(applicable=False)
    by_code = np.zeros(len(farmland), dtype=bool)
    if farmland.has("land_use"):
        result.applicable = True
        codes = farmland.text("land_use")
        by_code = ~ctx.cultivated(farmland, whole_class=False)
        net = farmland.numbers("net_area")
        for position in np.flatnonzero(by_code).tolist():
            shape = farmland.plane[position]
            finding = ctx.row(
                farmland,
                position,
                field=farmland.field_name("land_use"),
                case="code" if codes[position] else "blank",
                params={"value": codes[position]},
                geometry=shape,
                area_m2=float(farmland.statutory[position]) if shape is not None else None,
                net_area_m2=float(net[position]) if np.isfinite(net[position]) else None,
            )
            if shape is not None:
                finding.width_m = 2 * shape.area / shape.length
            result.findings.append(finding)
    elif farmland.template.field("land_use"):
        result.applicable = True
        result.not_checked.append(_lacking(farmland))
    if parcels is not None and not parcels.has("land_use"):
        result.applicable = True
        result.not_checked.append(_lacking(parcels))
    elif parcels is not None:
        result.applicable = True
        other = ~ctx.cultivated(parcels)
        if told_elsewhere(ctx, "LAW014"):
            other &= ~construction(ctx, parcels)
        parts = ctx.shared(farmland, parcels, rows_a=~by_code, rows_b=other)
        overlay = ctx.pairs(farmland, parcels, parts, net=True, case="parcel", field=parcels.field_name("land_use"))
        codes = parcels.text("land_use")
        for finding, j in zip(overlay, parts.right.tolist(), strict=True):
            finding.params["value"] = codes[j]
        result.findings += overlay
    return result


def _lacking(layer: Layer) -> tuple[str, dict[str, str]]:
    return "field_missing", {"layer": layer.name, "role": layer.role, "fields": layer.field_name("land_use")}
