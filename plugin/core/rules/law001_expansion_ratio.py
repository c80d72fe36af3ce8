# SPDX-License-Identifier: GPL-2.0-or-later
import math
import re

import numpy as np

from ..context import Context
from ..findings import Finding
from ..geometry.validity import missing
from ..indicators import BROKEN, MET, REFERENCE, Indicator, expansion_ratios
from ..layer import Layer
from ..rule import Example, Need, RuleResult, rule
from ..texts import number

BASE = {
    "wkt": "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))",
    "urban_code": "202",
    "gross_area": 10000.0,
    "data_year": 2020,
}
BOUNDARY = {"wkt": "POLYGON ((0 0, 120 0, 120 100, 0 100, 0 0))", "zone_code": "410"}
WIDE = {"wkt": "POLYGON ((0 0, 140 0, 140 100, 0 100, 0 0))", "zone_code": "410"}


@rule(
    "LAW001",
    "expansion-ratio",
    basis=["shanxi-plan-3", "ratio-definition"],
    needs={
        "boundary": Need("boundary", fields=("zone_code",)),
        "base_parcels": Need("base_parcels", fields=("urban_code", "gross_area")),
    },
    uses=[
        "ratio.form",
        "ratio.classes",
        "ratio.limit",
        "ratio.concentrated",
        "ratio.flexible",
        "ratio.special",
        "ratio.new_land_includes_flexible",
        "zones.codes",
        "tolerance",
    ],
    messages={
        "": "The expansion ratio ({form}) is {ratio_text}, above the limit of {limit}: {numerator} m² ÷ {denominator} m². Take at least "
        "{excess} m² out of the boundary."
    },
    fails=[Example("ratio 1.4 against 1.3", {"boundary": [WIDE], "base_parcels": [BASE]}, finds=1, roles={"base_parcels": "DLTB"})],
    passes=[
        Example("ratio 1.2 against 1.3", {"boundary": [BOUNDARY], "base_parcels": [BASE]}, roles={"base_parcels": "DLTB"}),
        Example("the county's own limit is looser", {"boundary": [WIDE], "base_parcels": [BASE]}, roles={"base_parcels": "DLTB"},
                settings={"ratio.limit": 1.5}),
    ],
)  # fmt: skip
def expansion_ratio(boundary: Layer, base_parcels: Layer, *, ctx: Context) -> RuleResult:
    """The boundary's expansion ratio keeps within the limit.

    What it checks
        扩展倍数 = numerator ÷ 2020 urban construction land, in three forms (N1 whole boundary, N2 集中建设区 + 弹性发展区,
        N3 base + new land); the form that the profile names decides, compared unrounded with its limit.
    Why
        Shanxi keeps its boundary within 1.3 times the urban construction land of 2020; each county has its own approved value.
    How to fix
        Take land out of the boundary (the message says how much), or correct the base parcels' CZCSXM.
    Limits
        Form and classes are a working definition (C): until the county confirms them the result is conditional. The denominator is
        survey area (TBMJ), the numerators statutory area. With a base year other than 2020, or none, nothing is confirmed.
    """
    classes = list(ctx.norm.get("ratio.classes"))
    urban = np.isin(base_parcels.text("urban_code"), classes)
    surveyed = base_parcels.numbers("gross_area")[urban]
    denominator = float(np.nansum(surveyed))
    if denominator <= 0:
        return RuleResult(not_checked=[("ratio_no_base", {"layer": base_parcels.name, "classes": ", ".join(classes)})])
    result = RuleResult()
    if np.isnan(surveyed).any():
        result.not_checked.append(
            ("ratio_area_missing", {"layer": base_parcels.name, "count": int(np.isnan(surveyed).sum())})
        )
    year, year_source = base_year(base_parcels, ctx)
    if year != ctx.norm.get("ratio.base_year"):
        result.doubts.append("ratio.base_year")
    parts = {
        k: ctx.coded(boundary, "zone_code", ctx.norm.get(f"ratio.{k}")) for k in ("concentrated", "flexible", "special")
    }
    area = {k: float(boundary.statutory[rows].sum()) for k, rows in parts.items()}
    whole = float(boundary.statutory.sum())
    form, limit = ctx.norm.get("ratio.form"), float(ctx.norm.get("ratio.limit"))
    coded = parts["concentrated"] | parts["flexible"] | parts["special"]
    uncoded = float(boundary.statutory[~coded].sum())
    if uncoded > 0:
        result.doubts.append("ratio.uncoded")
        if form != "n1":
            params = {"layer": boundary.name, "area": number(uncoded, 2), "form": form.upper()}
            result.not_checked.append(("ratio_uncoded", params))
    drawn = float(ctx.statutory(base_parcels.plane[urban]).sum())
    if abs(drawn - denominator) > float(ctx.norm.get("ratio.denominator_share")) * denominator:
        result.doubts.append("ratio.denominator")
    growing = (
        parts["concentrated"] | parts["flexible"]
        if ctx.norm.get("ratio.new_land_includes_flexible")
        else parts["concentrated"]
    )
    grown = ctx.uncovered(boundary, base_parcels.polygons, rows=growing, cover_rows=urban)
    new_land = float(ctx.statutory(grown.geometry).sum())
    ratios = expansion_ratios(denominator, whole, area["concentrated"], area["flexible"], new_land)
    numerators = {"n1": whole, "n2": area["concentrated"] + area["flexible"], "n3": denominator + new_land}
    confirmed = not result.doubts and all(
        ctx.norm.is_confirmed(u) for u in ("ratio.form", "ratio.classes", "ratio.limit")
    )
    source = ctx.norm.profile.name or ctx.norm.standard.name
    for name, ratio in ratios.items():
        decides = name == form
        result.indicators.append(
            Indicator(
                id=f"expansion_ratio_{name}",
                value=ratio,
                unit="ratio",
                basis="statutory/survey",
                comparison="<=" if decides else "",
                target=limit if decides else None,
                target_decimals=len(str(limit).partition(".")[2]),
                target_source=source if decides else "",
                inputs={
                    "numerator_m2": numerators[name],
                    "denominator_m2": denominator,
                    "denominator_statutory_m2": drawn,
                    "denominator_difference_m2": denominator - drawn,
                    "denominator_layer": base_parcels.role,
                    "classes": classes,
                    "base_year": year,
                    "base_year_source": year_source,
                    "concentrated_m2": area["concentrated"],
                    "flexible_m2": area["flexible"],
                    "special_m2": area["special"],
                    "new_land_m2": new_land,
                    "windows": windows(boundary),
                    "uncoded_m2": uncoded,
                },
                state=(BROKEN if ratio > limit else MET) if decides else REFERENCE,
                confirmed=confirmed,
            )
        )
    if ratios[form] > limit:
        params = {
            "form": form.upper(),
            "ratio": ratios[form],
            "ratio_text": _beyond(ratios[form], limit),
            "limit": limit,
            "numerator": round(numerators[form], 2),
            "denominator": round(denominator, 2),
            "excess": math.ceil((numerators[form] - limit * denominator) * 100) / 100,
        }
        result.findings.append(Finding(boundary.role, params=params))
    return result


def _beyond(ratio: float, limit: float) -> str:
    """Four decimals, or as many as it takes to show that the ratio is above its limit."""
    decimals = 4
    while decimals < 12 and float(f"{ratio:.{decimals}f}") <= limit:
        decimals += 1
    return f"{ratio:.{decimals}f}"


def windows(boundary: Layer) -> int:
    """How many holes (开天窗) the boundary's polygons have: they are no part of its area."""
    parts = boundary.plane[~missing(boundary.plane)]
    return int(sum(len(p.interiors) for shape in parts for p in getattr(shape, "geoms", [shape])))


def base_year(base_parcels: Layer, ctx: Context) -> tuple[int | None, str]:
    """The year of the base parcels and where it was read: parameter, field (SJNF), the layer's or file's name, or role.

    None where nothing says it, or where parameter and field, or the rows among themselves, say different years.
    """
    field, said = base_parcels.field_name("data_year"), set(base_parcels.text("data_year"))
    by_field = int(next(iter(said))) if len(said) == 1 and next(iter(said)).isdigit() else None
    written = said - {""}
    if ctx.plan.base_year is not None:
        agrees = not written or by_field == ctx.plan.base_year
        return (ctx.plan.base_year if agrees else None), "parameter" if agrees else f"parameter, {field}"
    if written:
        return by_field, field
    for text in (base_parcels.name, base_parcels.source.source.replace("\\", "/").rsplit("/", 1)[-1]):
        found = re.search(r"(?<!\d)20\d\d(?!\d)", text)
        if found:
            return int(found.group()), text
    if base_parcels.role == "XZYDYH":
        # 现状用地用海 of a plan is by definition its base year's; CZCSXM in it is the 2020 survey's.
        return int(ctx.norm.get("ratio.base_year")), base_parcels.role
    return None, ""
