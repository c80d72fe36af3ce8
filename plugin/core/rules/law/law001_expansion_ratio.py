# SPDX-License-Identifier: GPL-2.0-or-later
import math

from ...engine.context import Context
from ...indicators.area_backing import ALLOWANCE_SHARE, ROW_ALLOWANCE
from ...indicators.ratio import DOUBTFUL, DOUBTFUL_SHARE, FILLED_SHARE, FILLERS, WATER, Expansion, compute_expansion
from ...messages.texts import format_number
from ...model.findings import Finding
from ...model.rule import Example, Need, RuleResult, Severity, rule
from ...plan.layer import Layer

#: Keys that a message names.
_NAMED = 3
BASE = {
    "wkt": "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))",
    "urban_code": "202",
    "gross_area": 10000.0,
    "data_year": 2020,
}
BOUNDARY = {"wkt": "POLYGON ((0 0, 120 0, 120 100, 0 100, 0 0))", "zone_code": "410"}
ORCHARD = "POLYGON ((200 0, 300 0, 300 100, 200 100, 200 0))"
POND = "POLYGON ((60 20, 120 20, 120 80, 60 80, 60 20))"
#: 1.4 times the base with the window, 1.04 times without.
OPEN = {"wkt": "POLYGON ((0 0, 140 0, 140 100, 0 100, 0 0), (60 20, 120 20, 120 80, 60 80, 60 20))", "zone_code": "410"}
WIDE = {"wkt": "POLYGON ((0 0, 140 0, 140 100, 0 100, 0 0))", "zone_code": "410"}


@rule(
    "LAW001",
    "expansion-ratio",
    problem="The expansion ratio exceeds its limit or is doubtful",
    basis=["shanxi-plan-3", "ratio-definition"],
    needs={
        "boundary": Need("boundary", fields=("zone_code",)),
        "base_parcels": Need("base_parcels", fields=("urban_code", "gross_area"), reads=("land_use",)),
        "parcels": Need("parcels", reads=("land_use", "urban_code"), optional=True),
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
        "ratio.denominator_share",
        DOUBTFUL,
        DOUBTFUL_SHARE,
        ALLOWANCE_SHARE,
        ROW_ALLOWANCE,
        "ratio.base_year",
    ],
    messages={
        "": "The expansion ratio ({form}) is {ratio_text}, above the limit of {limit}: {numerator} m² ÷ {denominator} m². Remove at least {excess} m² from the boundary.",
        "land": "The expansion ratio ({form}) is {ratio_text} by {field}, but {land_text} by the drawn area of the same parcels, above the limit of {limit}: {field} sums to {denominator} m², the shapes to {expected} m². Compute {field} again from the shapes.",
        "contradicted": "{layer}: parcels have a {field} of urban construction land that their land use or the survey contradicts, or are in the ecological red line; parcels: {count} ({contradicted} m² of the base of {denominator} m²), for example {keys}. The expansion ratio ({form}) is {ratio_text} with them and {without_text} without them, the limit is {limit}. Correct {field} or the land use; until then the ratio is not confirmed.",
        "windows": "{layer} has windows that permanent basic farmland, ecological red line and water fill by less than {least} %: {count}; {area} are open. The expansion ratio ({form}) is {ratio_text} without them and {closed_text} with them, the limit is {limit}. State the purpose of each window, or draw the boundary across it.",
    },
    fails=[
        Example("ratio 1.4 against 1.3", {"boundary": [WIDE], "base_parcels": [BASE]}, finds=1, roles={"base_parcels": "DLTB"}),
        Example("ratio 0.7 by the field, 1.4 by the land", {"boundary": [WIDE], "base_parcels": [{**BASE, "gross_area": 20000.0}]}, finds=1,
                roles={"base_parcels": "DLTB"}),
        Example("an orchard in the base", {"boundary": [BOUNDARY], "base_parcels": [BASE, {**BASE, "wkt": ORCHARD, "land_use": "0201"}]}, finds=1,
                roles={"base_parcels": "DLTB"}),
        Example("a village in the base", {"boundary": [BOUNDARY], "base_parcels": [{"wkt": ORCHARD, "land_use": "070100", "urban_code": "202",
                "gross_area": 10000.0}],
                "parcels": [{**BASE, "wkt": ORCHARD, "land_use": "0701", "urban_code": "203"}]}, finds=1,
                roles={"base_parcels": "XZYDYH", "parcels": "DLTB"}),
        Example("a window with nothing in it", {"boundary": [OPEN], "base_parcels": [BASE]}, finds=1, roles={"base_parcels": "DLTB"}),
    ],
    passes=[
        Example("ratio 1.2 against 1.3", {"boundary": [BOUNDARY], "base_parcels": [BASE]}, roles={"base_parcels": "DLTB"}),
        Example("a window for a pond", {"boundary": [OPEN], "base_parcels": [BASE, {"wkt": POND, "land_use": "1104", "gross_area": 400.0}]},
                roles={"base_parcels": "DLTB"}),
        Example("the county's own limit is looser", {"boundary": [WIDE], "base_parcels": [BASE]}, roles={"base_parcels": "DLTB"},
                settings={"ratio.limit": 1.5}),
    ],
)  # fmt: skip
def expansion_ratio(boundary: Layer, base_parcels: Layer, parcels: Layer | None, *, ctx: Context) -> RuleResult:
    """The boundary's expansion ratio is within its limit.

    What it checks
        扩展倍数 = numerator ÷ 2020 urban construction land, in three forms (N1 whole boundary, N2 集中建设区 +
        弹性发展区, N3 base + new land). The form that the profile names is compared, unrounded, with its limit.
    Why
        Shanxi limits the boundary to 1.3 times the urban construction land of 2020; each county has an approved
        value.
    How to fix
        Remove land from the boundary (the message gives the area), or correct the base parcels' CZCSXM.
    Limits
        Form and classes are a working definition (C): until the county confirms them the result is conditional. The
        denominator is survey area (TBMJ), the numerators are statutory area. If the shapes do not support the survey
        area, the ratio is not confirmed, and the ratio by the shapes is reported next to it. The same applies to
        parcels with an urban code whose land use (`ratio.doubtful`), or the survey on the same land, is not urban
        construction land: from `ratio.doubtful_share` of the base on, or where they decide. Windows of the boundary
        that 永久基本农田, 生态保护红线 and water (`ratio.window_water`) do not fill are a warning where the open land
        decides; town land of the base inside the red line as well. With a base year other than 2020, or without one,
        nothing is confirmed.
    """
    found = compute_expansion(boundary, base_parcels, ctx)
    if found.denominator <= 0:
        params = {"layer": base_parcels.name, "classes": ", ".join(found.classes)}
        return RuleResult(not_checked=[("ratio_no_base", params)])
    result = RuleResult(indicators=found.indicators(ctx.norm, base_parcels), doubts=list(found.uncertainties))
    if found.missing_areas:
        result.not_checked.append(("ratio_area_missing", {"layer": base_parcels.name, "count": found.missing_areas}))
    form, limit = ctx.norm.get("ratio.form"), float(ctx.norm.get("ratio.limit"))
    if found.uncoded > 0 and form != "n1":
        params = {"layer": boundary.name, "area": format_number(found.uncoded, 2), "form": form.upper()}
        result.not_checked.append(("ratio_uncoded", params))
    ratio, numerator = found.ratios[form], found.numerators[form]
    if ratio > limit:
        shown: dict[str, object] = {
            "form": form.upper(),
            "ratio": ratio,
            "ratio_text": _beyond(ratio, limit),
            "limit": limit,
            "numerator": round(numerator, 2),
            "denominator": round(found.denominator, 2),
            "excess": math.ceil((numerator - limit * found.denominator) * 100) / 100,
        }
        result.findings.append(Finding(boundary.role, params=shown))
    if found.in_doubt:
        result.findings.append(_contradicted(found, form, limit, base_parcels))
    if found.closed_ratio is not None:
        result.unconfirmed += [FILLERS, WATER, FILLED_SHARE]
    if found.unfilled_windows and found.closed_ratio is not None and ratio <= limit < found.closed_ratio:
        result.findings.append(_windows(found, found.closed_ratio, form, limit, boundary, ctx))
    if not found.backed:
        _by_land(result, found, form, limit, base_parcels)
    return result


def _windows(found: Expansion, closed: float, form: str, limit: float, boundary: Layer, ctx: Context) -> Finding:
    """Report windows whose open land would raise the ratio above its limit."""
    params: dict[str, object] = {
        "form": form.upper(),
        "count": found.unfilled_windows,
        "least": round(100 * float(ctx.norm.get(FILLED_SHARE)), 2),
        "ratio_text": f"{found.ratios[form]:.4f}",
        "closed_text": _beyond(closed, limit),
        "limit": limit,
    }
    area = found.unfilled_area
    return Finding(boundary.role, case="windows", severity=Severity.WARNING, area_m2=area, params=params)


def _contradicted(found: Expansion, form: str, limit: float, base_parcels: Layer) -> Finding:
    """Report base parcels with a contradicted code, and the ratio without them."""
    without, rows = found.without.get(form), found.contradicted_rows
    params: dict[str, object] = {
        "form": form.upper(),
        "count": len(rows),
        "contradicted": round(found.contradicted, 2),
        "denominator": round(found.denominator, 2),
        "keys": [base_parcels.keys[row] for row in rows[:_NAMED]],
        "ratio_text": f"{found.ratios[form]:.4f}",
        "without_text": "∞" if without is None else _beyond(without, limit) if without > limit else f"{without:.4f}",
        "limit": limit,
    }
    field = base_parcels.field_name("urban_code")
    return Finding(base_parcels.role, case="contradicted", severity=Severity.WARNING, field=field, params=params)


def _by_land(result: RuleResult, found: Expansion, form: str, limit: float, base_parcels: Layer) -> None:
    """Report the ratio by the drawn area of the base.

    Add a finding if only this ratio exceeds the limit.
    """
    ratio, land = found.ratios[form], found.land_ratios.get(form)
    field = base_parcels.field_name("gross_area")
    values = {
        "form": form.upper(),
        "field": field,
        "layer": base_parcels.name,
        "limit": limit,
        "ratio_text": f"{ratio:.4f}",
    }
    values |= {"denominator": round(found.denominator, 2), "expected": round(found.drawn, 2)}
    if land is None:
        result.notes.append(("ratio_no_land", values))
        return
    values["land_text"] = _beyond(land, limit) if land > limit else f"{land:.4f}"
    result.notes.append(("ratio_land", values))
    if ratio <= limit < land:
        params = {key: value for key, value in values.items() if key not in ("field", "layer")}
        finding = Finding(base_parcels.role, case="land", severity=Severity.WARNING, field=field, params=params)
        result.findings.append(finding)


def _beyond(ratio: float, limit: float) -> str:
    """Return four decimals, or as many as show that the ratio exceeds its limit."""
    decimals = 4
    while decimals < 12 and float(f"{ratio:.{decimals}f}") <= limit:
        decimals += 1
    return f"{ratio:.{decimals}f}"
