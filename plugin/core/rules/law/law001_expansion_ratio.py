# SPDX-License-Identifier: GPL-2.0-or-later
import math
from collections.abc import Iterator

from ...engine.context import RuleContext
from ...figures.indicators.area_backing import ROW_ALLOWANCE_SETTING, SUM_ALLOWANCE_SETTING
from ...figures.indicators.ratio import (
    DOUBTFUL_MARGIN_SETTING,
    DOUBTFUL_SETTING,
    DOUBTFUL_SHARE_SETTING,
    TOWN_GAP_SETTING,
    WINDOW_FILLED_SETTING,
    WINDOW_FILLERS_SETTING,
    WINDOW_WATER_SETTING,
    ExpansionRatio,
    compute_expansion,
)
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.texts import format_number
from .._attributes import make_row_list_params
from .._places import FAR_EAST_SQUARE_WKT

#: Keys that a message names.
_MAX_LISTED_KEYS = 3
BASE_PARCEL = {
    "wkt": "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))",
    "urban_code": "202",
    "gross_area": 10000.0,
    "data_year": 2020,
}
BOUNDARY_ROW = {"wkt": "POLYGON ((0 0, 120 0, 120 100, 0 100, 0 0))", "zone_code": "410"}
#: 1.4 times the base with the window, 1.04 times without.
BOUNDARY_ROW_WITH_HOLE = {
    "wkt": "POLYGON ((0 0, 140 0, 140 100, 0 100, 0 0), (60 20, 120 20, 120 80, 60 80, 60 20))",
    "zone_code": "410",
}
BOUNDARY_WITHOUT_WINDOW = {"wkt": "POLYGON ((0 0, 140 0, 140 100, 0 100, 0 0))", "zone_code": "410"}


@rule(
    "LAW001",
    "expansion-ratio",
    problem="The expansion ratio exceeds its limit or is doubtful",
    sum_cases=("",),
    basis=["shanxi-plan-3", "ratio-definition"],
    needs={
        "boundary": LayerNeed("boundary", fields=("zone_code",)),
        "base_parcels": LayerNeed("base_parcels", fields=("urban_code", "gross_area"), reads=("land_use",)),
        "parcels": LayerNeed("parcels", reads=("land_use", "urban_code"), optional=True),
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
        DOUBTFUL_SETTING,
        DOUBTFUL_SHARE_SETTING,
        DOUBTFUL_MARGIN_SETTING,
        SUM_ALLOWANCE_SETTING,
        ROW_ALLOWANCE_SETTING,
        "ratio.base_year",
    ],
    may_use=[TOWN_GAP_SETTING, WINDOW_FILLERS_SETTING, WINDOW_WATER_SETTING, WINDOW_FILLED_SETTING],
    messages={
        "": "The expansion ratio is {ratio_text}, above the limit of {limit_text}{limit_source}. It is computed as "
        "{formula}: {numerator} m² ÷ {denominator} m². {repeated}First correct wrong urban-rural attribute codes "
        "(CZCSXM) of the base parcels; if they are right, remove at least {excess} m²{excess_without} from the boundary.",
        "land": "The expansion ratio ({form_text}) is {ratio_text} by {field} of the base parcels, but {land_text} by "
        "the shapes of the same parcels (statutory area), above the limit of {limit_text}: {field} sums to {denominator} "
        "m², the shapes to {expected} m². Compute {field} again from the shapes, then check the ratio again.",
        "contradicted": "{layer}: parcels have a {field} of urban construction land that contradicts their land use "
        "or the survey, or are of another use in the present use of the centre, or in the ecological protection red "
        "line or in a village building zone; parcels: {count} ({contradicted} m² of the base of {denominator} m²), "
        "{which_keys}. The expansion ratio ({form_text}) is {ratio_text} with these parcels and {without_text} "
        "without them; the limit is {limit_text}. Compare their land use and {field} with the survey of the base year, "
        "and correct the wrong one; until then the ratio is not confirmed.",
        "margin": "{layer}: parcels have a {field} of urban construction land that contradicts their land use or the "
        "survey, or are of another use in the present use of the centre, or in the ecological protection red line or "
        "in a village building zone; parcels: {count} ({contradicted} m² of the base of {denominator} m²), "
        "{which_keys}. That is {percent} % of the land that the base could lose before the ratio exceeds its limit. "
        "The expansion ratio ({form_text}) is {ratio_text} with these parcels and {without_text} without them; the "
        "limit is {limit_text}. Compare class and code of these parcels in the layers with the survey of the base year, "
        "and correct the layer that is wrong; for parcels built up in the base year, waive the finding and give the "
        "document.",
        "windows": "{layer} has windows that permanent basic farmland, ecological protection red line and water fill "
        "by less than {least} %: {count}. {area} of them hold nothing that must stay outside, and are not counted in "
        "the boundary. The expansion ratio ({form_text}) is {ratio_text} without the windows and {closed_text} with "
        "them, above the limit of {limit_text}. Include windows without a reason in the boundary and reduce it elsewhere; "
        "if they must stay open, waive the finding and give the reason for each window.",
        "remote": "{layer}: parcels of the base whose town is wholly outside {related_layer}: {count} ({area_remote} "
        "m² of the base of {denominator} m²), {which_rows}. The expansion ratio ({form_text}) is "
        "{ratio_text} with these parcels and {without_text} without them, above the limit of {limit_text}. Compare "
        "{field} of these parcels with the survey of the base year, and correct it where it is wrong; if it is "
        "right, waive the finding and give the document.",
        "year": "{layer}: the data year is {year} (from: {source}), the base year of the expansion ratio is {base_year}. Land "
        "built after {base_year} may be in the base, so the ratio is not confirmed. Use the base parcels of {base_year}; "
        "if the parcels are of {base_year} and only the year is wrong, correct {source}.",
    },
    approval_cases=("margin", "remote"),
    fails=[
        RuleExample("ratio 1.4 against 1.3", {"boundary": [BOUNDARY_WITHOUT_WINDOW], "base_parcels": [BASE_PARCEL]}, finds=1, roles={"base_parcels": "DLTB"}),
        RuleExample("ratio 0.7 by the field, 1.4 by the land", {"boundary": [BOUNDARY_WITHOUT_WINDOW], "base_parcels": [{**BASE_PARCEL, "gross_area": 20000.0}]}, finds=1,
                roles={"base_parcels": "DLTB"}),
        RuleExample("an orchard in the base", {"boundary": [BOUNDARY_ROW], "base_parcels": [BASE_PARCEL, {**BASE_PARCEL, "wkt": FAR_EAST_SQUARE_WKT, "land_use": "0201"}]}, finds=1,
                roles={"base_parcels": "DLTB"}),
        RuleExample("a village in the base", {"boundary": [BOUNDARY_ROW], "base_parcels": [{"wkt": FAR_EAST_SQUARE_WKT, "land_use": "070100", "urban_code": "202",
                "gross_area": 10000.0}],
                "parcels": [{**BASE_PARCEL, "wkt": FAR_EAST_SQUARE_WKT, "land_use": "0701", "urban_code": "203"}]}, finds=2,
                roles={"base_parcels": "XZYDYH", "parcels": "DLTB"}),
        RuleExample("an orchard in the present use of the centre", {"boundary": [BOUNDARY_ROW], "base_parcels": [{"wkt": BASE_PARCEL["wkt"], "land_use": "070100", "urban_code": "202",
                "gross_area": 10000.0}], "ZXCQXZYDYH": [{"wkt": "POLYGON ((0 0, 4 0, 4 100, 0 100, 0 0))", "land_use": "020100"}]}, finds=1,
                roles={"base_parcels": "XZYDYH"}),
        RuleExample("a town of the base far outside", {"boundary": [BOUNDARY_WITHOUT_WINDOW], "base_parcels": [BASE_PARCEL, {**BASE_PARCEL, "wkt": FAR_EAST_SQUARE_WKT}]},
                finds=1, roles={"base_parcels": "DLTB"}),
        RuleExample("a base of 2023", {"boundary": [BOUNDARY_ROW], "base_parcels": [{**BASE_PARCEL, "data_year": 2023}]}, finds=1, roles={"base_parcels": "DLTB"}),
        RuleExample("a window with nothing in it", {"boundary": [BOUNDARY_ROW_WITH_HOLE], "base_parcels": [BASE_PARCEL]}, finds=1, roles={"base_parcels": "DLTB"}),
    ],
    passes=[
        RuleExample("ratio 1.2 against 1.3", {"boundary": [BOUNDARY_ROW], "base_parcels": [BASE_PARCEL]}, roles={"base_parcels": "DLTB"}),
        RuleExample("a street of the base at the edge of the town, outside", {"boundary": [BOUNDARY_WITHOUT_WINDOW],
                "base_parcels": [BASE_PARCEL, {**BASE_PARCEL, "wkt": "POLYGON ((140 0, 240 0, 240 100, 140 100, 140 0))"}]}, roles={"base_parcels": "DLTB"}),
        RuleExample("a window for a pond", {"boundary": [BOUNDARY_ROW_WITH_HOLE], "base_parcels": [BASE_PARCEL, {"wkt": "POLYGON ((60 20, 120 20, 120 80, 60 80, 60 20))", "land_use": "1104", "gross_area": 400.0}]},
                roles={"base_parcels": "DLTB"}),
        RuleExample("the county's own limit is looser", {"boundary": [BOUNDARY_WITHOUT_WINDOW], "base_parcels": [BASE_PARCEL]}, roles={"base_parcels": "DLTB"},
                settings={"ratio.limit": 1.5}),
    ],
)  # fmt: skip
def expansion_ratio(boundary: Layer, base_parcels: Layer, parcels: Layer | None, *, ctx: RuleContext) -> RuleResult:
    """The boundary's expansion ratio is within its limit.

    What it checks
        扩展倍数 = numerator ÷ 2020 urban construction land, in three forms (N1 whole boundary, N2 集中建设区 +
        弹性发展区, N3 base + new land). The form that the profile names is compared, unrounded, with its limit.
    Why
        Shanxi limits the boundary to 1.3 times the urban construction land of 2020; each county has an approved
        value.
    How to fix
        Remove land from the boundary (the message gives the area), after filling windows that have no reason; “Propose
        the Boundary…” drafts which land leaves. If
        class codes or area fields of the base parcels are wrong, correct them first. For a note on parcels that are
        right, waive the finding and give the document.
    Limits
        Form and classes are a working definition (mark C): until the county confirms them the result is conditional.
        The denominator is survey area (TBMJ), the numerators are statutory area. If the shapes do not support the
        survey area, the ratio is not confirmed, and the ratio by the shapes is reported next to it. The same applies to
        parcels with an urban code whose land use (`ratio.doubtful`), or the survey or the present use of the centre on
        the same land, is not urban construction land: from `ratio.doubtful_share` of the base on, or where they decide.
        Below that, they are information from `ratio.doubtful_margin_share` of the land on that the base could lose
        within the limit. Windows of the boundary that 永久基本农田, 生态保护红线 and water (`ratio.window_water`) do not fill are a
        warning where the open land decides; so is town land of the base inside the red line or in a village building
        zone (村庄建设区). Towns of the base wholly outside the boundary (parcels up to `ratio.town_gap_m` apart are one
        town) are information where they decide. With a base year other than 2020, or without one, nothing is confirmed;
        a known other year is information too.
    """
    expansion = compute_expansion(boundary, base_parcels, ctx)
    if expansion.denominator_m2 <= 0:
        params = {"layer": base_parcels.name, "classes": ", ".join(expansion.classes)}
        return RuleResult(not_checked=[("ratio_no_base", params)])
    result = RuleResult(
        indicators=expansion.make_indicators(ctx.norm, base_parcels), doubts=list(expansion.uncertainties)
    )
    if expansion.missing_area_count:
        result.not_checked.append(
            ("ratio_area_missing", {"layer": base_parcels.name, "count": expansion.missing_area_count})
        )
    definition, limit = ctx.norm.get("ratio.form"), float(ctx.norm.get("ratio.limit"))
    if expansion.uncoded_m2 > 0 and definition != "n1":
        params = {"layer": boundary.name, "area": format_number(expansion.uncoded_m2, 2), "form": definition.upper()}
        result.not_checked.append(("ratio_uncoded", params))
    ratio, numerator = expansion.ratio_by_form[definition], expansion.numerators_m2[definition]
    if ratio > limit:
        ratio_params: dict[str, object] = {
            "form": definition.upper(),
            "ratio": ratio,
            "ratio_text": _format_ratio_above_limit(ratio, limit),
            "limit": limit,
            "numerator": round(numerator, 2),
            "denominator": round(expansion.denominator_m2, 2),
            "excess": math.ceil((numerator - limit * expansion.denominator_m2) * 100) / 100,
            "shown": {"limit_source": ctx.norm.profile.mark_sources.get("ratio.limit", "")},
        }
        result.findings.append(Finding(boundary.role, params=ratio_params))
    base_year = int(ctx.norm.get("ratio.base_year"))
    # An unknown year is reported as an unconfirmed setting only.
    if expansion.base_year is not None and expansion.base_year != base_year:
        source = "BASE_YEAR" if expansion.year_source.startswith("parameter") else expansion.year_source
        year_params = {"year": str(expansion.base_year), "source": source, "base_year": str(base_year)}
        result.findings.append(
            Finding(
                base_parcels.role,
                case="year",
                severity=Severity.INFO,
                field=base_parcels.get_field_name("data_year"),
                params=year_params,
            )
        )
    if expansion.ratio_without_remote is not None:
        result.unconfirmed.append(TOWN_GAP_SETTING)
    if expansion.ratio_with_windows_filled is not None:
        result.unconfirmed += [WINDOW_FILLERS_SETTING, WINDOW_WATER_SETTING, WINDOW_FILLED_SETTING]
    result.findings += _report_doubts_about_ratio(expansion, definition, limit, base_parcels, boundary, ctx)
    if not expansion.is_confirmed_by_geometry:
        _report_ratio_by_drawn_base_area(result, expansion, definition, limit, base_parcels)
    return result


def _report_doubts_about_ratio(
    expansion: ExpansionRatio,
    definition: str,
    limit: float,
    base_parcels: Layer,
    boundary: Layer,
    ctx: RuleContext,
) -> Iterator[Finding]:
    """Yield findings if the ratio is within its limit only by towns outside the boundary, doubtful codes, or windows.

    Windows are holes of the boundary that no control line fills. ``definition``: the form of the ratio (n1, n2 or n3)
    that the profile limits.
    """
    ratio = expansion.ratio_by_form[definition]
    if expansion.ratio_without_remote is not None:
        yield Finding(
            base_parcels.role,
            case="remote",
            severity=Severity.INFO,
            field=base_parcels.get_field_name("urban_code"),
            params={
                "form": definition.upper(),
                "area_remote": round(expansion.remote_area_m2, 2),
                "denominator": round(expansion.denominator_m2, 2),
                "ratio_text": f"{ratio:.4f}",
                "without_text": _format_ratio_above_limit(expansion.ratio_without_remote, limit),
                "limit": limit,
                **make_row_list_params(base_parcels, expansion.remote_rows),
            },
            related_role=boundary.role,
        )
    if expansion.is_doubtful or expansion.contradicted_margin_share:
        yield _make_contradiction_finding(expansion, definition, limit, base_parcels)
    closed_ratio = expansion.ratio_with_windows_filled
    if expansion.unfilled_window_count and closed_ratio is not None and ratio <= limit < closed_ratio:
        yield Finding(
            boundary.role,
            case="windows",
            severity=Severity.WARNING,
            area_m2=expansion.unfilled_area_m2,
            params={
                "form": definition.upper(),
                "count": expansion.unfilled_window_count,
                "least": round(100 * float(ctx.norm.get(WINDOW_FILLED_SETTING)), 2),
                "ratio_text": f"{ratio:.4f}",
                "closed_text": _format_ratio_above_limit(closed_ratio, limit),
                "limit": limit,
            },
        )


def _make_contradiction_finding(
    expansion: ExpansionRatio, definition: str, limit: float, base_parcels: Layer
) -> Finding:
    """Return the finding on base parcels whose urban code contradicts other data, with the ratio without them.

    ``definition``: the form of the ratio (n1, n2 or n3) that the profile limits.
    """
    ratio_without, rows = expansion.ratios_without_contradicted.get(definition, math.inf), expansion.contradicted_rows
    params: dict[str, object] = {
        "form": definition.upper(),
        "count": len(rows),
        "contradicted": round(expansion.contradicted_area_m2, 2),
        "denominator": round(expansion.denominator_m2, 2),
        "keys": [base_parcels.keys[row] for row in rows[:_MAX_LISTED_KEYS]],
        "ratio_text": f"{expansion.ratio_by_form[definition]:.4f}",
        "without_text": _format_ratio_above_limit(ratio_without, limit)
        if ratio_without > limit
        else f"{ratio_without:.4f}",
        "limit": limit,
    }
    case, severity = ("contradicted", Severity.WARNING) if expansion.is_doubtful else ("margin", Severity.INFO)
    if case == "margin":
        params["percent"] = round(100 * expansion.contradicted_margin_share, 2)
    return Finding(
        base_parcels.role, case=case, severity=severity, field=base_parcels.get_field_name("urban_code"), params=params
    )


def _report_ratio_by_drawn_base_area(
    result: RuleResult, expansion: ExpansionRatio, definition: str, limit: float, base_parcels: Layer
) -> None:
    """Note the ratio with the base's drawn area in place of its survey area.

    Add a finding if only this ratio exceeds the limit.
    """
    ratio, land_ratio = expansion.ratio_by_form[definition], expansion.land_ratios.get(definition)
    field = base_parcels.get_field_name("gross_area")
    values = {
        "form": definition.upper(),
        "field": field,
        "layer": base_parcels.name,
        "limit": limit,
        "ratio_text": f"{ratio:.4f}",
        "denominator": round(expansion.denominator_m2, 2),
        "expected": round(expansion.statutory_denominator_m2, 2),
    }
    if land_ratio is None:
        result.notes.append(("ratio_no_land", values))
        return
    values["land_text"] = _format_ratio_above_limit(land_ratio, limit) if land_ratio > limit else f"{land_ratio:.4f}"
    result.notes.append(("ratio_land", values))
    if ratio <= limit < land_ratio:
        result.findings.append(
            Finding(
                base_parcels.role,
                case="land",
                severity=Severity.WARNING,
                field=field,
                params={key: value for key, value in values.items() if key not in ("field", "layer")},
            )
        )


def _format_ratio_above_limit(ratio: float, limit: float) -> str:
    """Return a ratio above a limit with at least four decimals.

    It has as many more as are needed to show that it exceeds the limit.
    """
    if ratio == math.inf:
        return "∞"
    decimals = 4
    while decimals < 12 and float(f"{ratio:.{decimals}f}") <= limit:
        decimals += 1
    return f"{ratio:.{decimals}f}"
