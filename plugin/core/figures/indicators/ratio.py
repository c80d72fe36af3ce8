# SPDX-License-Identifier: GPL-2.0-or-later
"""Expansion ratio (城镇开发边界扩展倍数): the urban development boundary ÷ the urban construction land of 2020."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from ...model.indicator import Indicator, compare_with_target

if TYPE_CHECKING:
    from ...engine.context import RuleContext
    from ...plan.layer import Layer
    from ...standard.profile import Norm


#: By code list of land use: classes, including all below them, outside urban construction land (mark C).
DOUBTFUL_SETTING = "ratio.doubtful"
#: The share of the denominator from which contradicted parcels make the ratio uncertain (mark C).
DOUBTFUL_SHARE_SETTING = "ratio.doubtful_share"
#: The share of the ratio's margin from which contradicted parcels are information (mark C).
DOUBTFUL_MARGIN_SETTING = "ratio.doubtful_margin_share"
#: A smaller share of a parcel on other land of the centre is an inaccuracy of edges.
_LEAST_CENTRE_SHARE = 0.01
#: Codes of zones in which villages build (mark C).
VILLAGE_ZONES_SETTING = "zones.village_building"
#: The layers for which a boundary leaves windows.
WINDOW_FILLERS_SETTING = "quality.window_fillers"
#: By code list of land use: water, which a boundary may also leave out (mark C).
WINDOW_WATER_SETTING = "ratio.window_water"
#: The share of a window that must be filled; below it the open part counts as boundary (mark C).
WINDOW_FILLED_SETTING = "ratio.window_filled_share"
_YEAR_PATTERN = re.compile(r"(?<!\d)20\d\d(?!\d)")
#: 2021—2035 is the planning period, not the year of the base parcels.
_PERIOD_PATTERN = re.compile(r"(?<!\d)20\d\d\s*年?\s*[-_~～—–－至到]+\s*20\d\d(?!\d)")
#: The zones inside the boundary (集中建设区, 弹性发展区, 特别用途区), and the settings that determine the ratio.
BOUNDARY_ZONE_KINDS = ("concentrated", "flexible", "special")
SETTINGS_OF_RATIO = ("ratio.form", "ratio.classes", "ratio.limit", "ratio.base_year", "ratio.denominator_share")
#: Settings from which the ratio is computed. The others judge it: its limit, doubts on it, and what is information.
DEFINING_SETTINGS_OF_RATIO = (
    *("ratio.form", "ratio.classes", "ratio.base_year", "ratio.concentrated", "ratio.flexible", "ratio.special"),
    *("ratio.new_land_includes_flexible", WINDOW_WATER_SETTING, WINDOW_FILLED_SETTING),
)
#: Rounding error of two decimals in one row, m².
ROUNDING_M2 = 0.01
#: Urban parcels of the base up to this distance apart are of one town, m (mark C).
TOWN_GAP_SETTING = "ratio.town_gap_m"
#: A base parcel is inside the boundary from this share of its area on.
_LEAST_INSIDE_SHARE = 0.01
#: An uncertainty: other data contradict the codes of a part of the base.
CONTRADICTED_BASE_DOUBT = "ratio.contradicted"


def compute_contradicted_shares(base_parcels: Layer, urban: NDArray, classes: list[str], ctx: RuleContext) -> NDArray:
    """Return (n,) the share of each urban base parcel that other data contradict.

    ``urban``: (n,) bool, the parcels counted as urban; ``classes``: the codes (城镇村属性码) that count as urban. The
    share is 1 where the parcel's land use is not urban construction land. Otherwise it is the largest share of four: on
    parcels of the survey (DLTB) with such a land use or with a 城镇村属性码 outside ``classes``; on land of such a use
    in the present use of the centre (ZXCQXZYDYH); inside 生态保护红线, which excludes towns; and in zones that are
    planned as villages (村庄建设区), which the plan itself takes for no town.
    """
    is_doubtful = urban & find_rows_with_land_use(base_parcels, DOUBTFUL_SETTING, ctx)
    share = is_doubtful.astype(float)
    rows = urban & ~is_doubtful & base_parcels.has_shape
    for concept in ("red_line", "zones", "centre_base", "parcels") if rows.any() else ():
        other = ctx.plan.find_layer_of_concept(concept)
        if other is None or other is base_parcels or other.has_no_geometry:
            continue
        other_rows = (
            None
            if concept == "red_line"
            else ctx.find_rows_with_code(other, "zone_code", ctx.norm.get(VILLAGE_ZONES_SETTING))
            if concept == "zones"
            else find_rows_with_land_use(other, DOUBTFUL_SETTING, ctx)
        )
        if other_rows is not None and concept == "parcels" and other.has_values("urban_code"):
            other_rows = other_rows | ~np.isin(other.text("urban_code"), classes)
        if other_rows is None or other_rows.any():
            found = _compute_shares_on_other_layer(other, base_parcels, rows, other_rows, ctx)
            least = _LEAST_CENTRE_SHARE if concept == "centre_base" else 0.0
            share = np.maximum(share, np.where(found >= least, found, 0.0))
    return share


def _compute_shares_on_other_layer(
    other_layer: Layer, parcels: Layer, rows: NDArray, other_rows: NDArray | None, ctx: RuleContext
) -> NDArray:
    """Return (n,) the share of each selected parcel on rows of another layer.

    ``rows``: (n,) bool; ``other_rows``: (m,) bool, None for all.
    """
    shared = ctx.geometry.find_shared_areas(parcels, other_layer, left_rows=rows, right_rows=other_rows)
    shares: NDArray = np.bincount(shared.left, shared.share, minlength=len(parcels))
    return np.minimum(shares, 1.0)


def find_rows_with_land_use(layer: Layer, setting: str, ctx: RuleContext) -> NDArray:
    """Return (n,) bool: rows with a land use that a setting lists.

    The setting has classes for each code list.
    """
    template_field = layer.template.find_field("land_use")
    key = f"{setting}.{template_field.codes}" if template_field is not None else ""
    return (
        np.zeros(len(layer), dtype=bool)
        if not key or not ctx.norm.has_setting(key)
        else ctx.find_rows_with_code(layer, "land_use", ctx.norm.get(key))
    )


def compute_expansion_ratios(
    denominator_m2: float, boundary_m2: float, concentrated_m2: float, flexible_m2: float, new_land_m2: float
) -> dict[str, float]:
    """Compute the three forms of 扩展倍数 by a working definition (mark C).

    n1 = whole boundary ÷ D; n2 = (集中建设区 + 弹性发展区) ÷ D; n3 = (D + new land) ÷ D, where D is the 2020 urban
    construction land and new land is the part of the boundary outside of it. All in m². Raises ZeroDivisionError for D
    = 0.
    """
    return {
        "n1": boundary_m2 / denominator_m2,
        "n2": (concentrated_m2 + flexible_m2) / denominator_m2,
        "n3": (denominator_m2 + new_land_m2) / denominator_m2,
    }


@dataclass
class ExpansionAreas:
    """The areas that the forms of the expansion ratio are made of, m²; each is a sum over rows.

    ``denominator_m2``: survey area (TBMJ) of the urban base parcels, 0 without them; ``statutory_denominator_m2``:
    their statutory area; ``boundary_m2``: statutory area of the boundary, ``parts``: of its rows by kind of zone,
    ``uncoded_m2``: of rows without such a kind; ``new_land_m2``: land of its growing rows outside the urban base
    parcels.
    """

    denominator_m2: float
    statutory_denominator_m2: float
    boundary_m2: float
    parts: dict[str, float]
    uncoded_m2: float
    new_land_m2: float

    def compute_ratios(self, denominator_m2: float) -> dict[str, float]:
        """Return the ratio by form with a denominator, as `compute_expansion_ratios` does."""
        zones = self.parts["concentrated"], self.parts["flexible"]
        return compute_expansion_ratios(denominator_m2, self.boundary_m2, *zones, self.new_land_m2)


@dataclass
class ExpansionRatio(ExpansionAreas):
    """The expansion ratio in three forms (n1, n2, n3), with all inputs; areas in m².

    Inputs: ``form``, ``limit``: the limited form and its limit; ``classes``: codes of urban base parcels;
    ``base_year``, ``year_source``: result of `find_base_year`; ``numerators_m2``: by form; ``missing_area_count``:
    number of base parcels without TBMJ.

    Results: ``ratio_by_form``; ``land_ratios``: by form, with the statutory area as denominator;
    ``is_confirmed_by_geometry``: the geometry confirms the survey areas; ``uncertainties``: keys of everything that
    makes the ratio uncertain.

    Contradicted parcels: ``contradicted_area_m2``: survey area of land whose code other data contradict, in
    ``contradicted_rows``; ``ratios_without_contradicted``: the ratios by form without that area; ``is_doubtful``: that
    area makes the ratio uncertain; ``contradicted_margin_share``: that area ÷ the area by which the base may shrink
    before the ratio reaches its limit, 0 if ``is_doubtful`` or small.

    Windows (开天窗): ``window_count``; ``unfilled_window_count``: windows that lines and water do not fill;
    ``unfilled_area_m2``: their open land (statutory); ``ratio_with_windows_filled``: the limited form including that
    land, None where all windows together leave it within its limit.

    Remote towns: ``remote_rows``: base parcels of towns outside the boundary, the largest first, only where they
    decide; ``remote_area_m2``: their survey area; ``ratio_without_remote``: the limited form without them, infinite if
    they are the whole base, None unless it exceeds the limit.
    """

    form: str
    limit: float
    classes: list[str]
    base_year: int | None = None
    year_source: str = ""
    numerators_m2: dict[str, float] = field(default_factory=dict)
    ratio_by_form: dict[str, float] = field(default_factory=dict)
    land_ratios: dict[str, float] = field(default_factory=dict)
    is_confirmed_by_geometry: bool = True
    contradicted_area_m2: float = 0.0
    contradicted_rows: list[int] = field(default_factory=list)
    ratios_without_contradicted: dict[str, float] = field(default_factory=dict)
    remote_rows: list[int] = field(default_factory=list)
    remote_area_m2: float = 0.0
    ratio_without_remote: float | None = None
    is_doubtful: bool = False
    contradicted_margin_share: float = 0.0
    window_count: int = 0
    unfilled_window_count: int = 0
    unfilled_area_m2: float = 0.0
    ratio_with_windows_filled: float | None = None
    missing_area_count: int = 0
    uncertainties: list[str] = field(default_factory=list)

    def make_indicators(self, norm: Norm, base_parcels: Layer) -> list[Indicator]:
        """Return one indicator per form of the ratio.

        The form that the profile limits has the limit as its target.
        """
        confirmed = not self.uncertainties and all(norm.is_confirmed(u) for u in SETTINGS_OF_RATIO)
        shared_inputs = {
            "denominator_m2": self.denominator_m2,
            "denominator_statutory_m2": self.statutory_denominator_m2,
            "denominator_difference_m2": self.denominator_m2 - self.statutory_denominator_m2,
            "denominator_layer": base_parcels.role,
            "classes": self.classes,
            "base_year": self.base_year,
            "base_year_source": self.year_source,
            **{f"{kind}_m2": area for kind, area in self.parts.items()},
            "new_land_m2": self.new_land_m2,
            "windows": self.window_count,
            "uncoded_m2": self.uncoded_m2,
            **({"contradicted_m2": self.contradicted_area_m2} if self.contradicted_area_m2 else {}),
        }
        indicators = []
        for name, ratio in self.ratio_by_form.items():
            figure = Indicator(
                f"expansion_ratio_{name}",
                ratio,
                "ratio",
                "statutory/survey",
                inputs={"numerator_m2": self.numerators_m2[name], **shared_inputs},
                confirmed=confirmed,
                backed=self.is_confirmed_by_geometry and not self.is_doubtful,
            )
            if not self.is_confirmed_by_geometry and name in self.land_ratios:
                figure.inputs["land_ratio"] = self.land_ratios[name]
            if name == self.form:
                figure.comparison, figure.target = "<=", self.limit
                figure.target_decimals = len(str(self.limit).partition(".")[2])
                figure.target_source = norm.profile.name or norm.standard.name
                figure.set_state(
                    compare_with_target(
                        ratio, "<=", self.limit, warning_share=float(norm.get("indicators.warning_share"))
                    )
                )
            indicators.append(figure)
        return indicators


def find_urban_base_rows(base_parcels: Layer, ctx: RuleContext) -> NDArray:
    """Return (n,) bool: the base parcels that are urban construction land by their 城镇村属性码 (CZCSXM)."""
    return np.isin(base_parcels.text("urban_code"), list(ctx.norm.get("ratio.classes")))


def measure_expansion_areas(boundary: Layer, base_parcels: Layer, urban: NDArray, ctx: RuleContext) -> ExpansionAreas:
    """Measure the areas of the expansion ratio; ``urban``: (n,) bool, the urban base parcels."""
    norm = ctx.norm
    rows = {k: ctx.find_rows_with_code(boundary, "zone_code", norm.get(f"ratio.{k}")) for k in BOUNDARY_ZONE_KINDS}
    growing = rows["concentrated"]
    if norm.get("ratio.new_land_includes_flexible"):
        growing = growing | rows["flexible"]
    grown = ctx.geometry.find_uncovered_pieces(
        boundary, base_parcels, rows=growing, cover_rows=urban, keep_slivers=True
    )
    return ExpansionAreas(
        float(np.nansum(base_parcels.numbers("gross_area")[urban])),
        float(ctx.geometry.measure_drawn_areas(base_parcels.plane_shapes[urban]).sum()),
        float(boundary.statutory.sum()),
        {k: float(boundary.statutory[r].sum()) for k, r in rows.items()},
        float(boundary.statutory[~np.logical_or.reduce(list(rows.values()))].sum()),
        float(ctx.geometry.compute_piece_areas(grown, boundary).sum()),
    )


def compute_expansion(boundary: Layer, base_parcels: Layer, ctx: RuleContext) -> ExpansionRatio:
    """Compute the expansion ratio of a plan.

    Denominator: TBMJ of the base parcels whose CZCSXM is among ``ratio.classes``. Numerators: statutory areas of the
    boundary's rows by kind of zone. Without such base parcels the denominator is 0 and no ratio is computed.
    """
    # Load shapely only for measurements.
    from .area_backing import is_sum_confirmed_by_geometry

    norm = ctx.norm
    urban = find_urban_base_rows(base_parcels, ctx)
    expansion = ExpansionRatio(
        **vars(measure_expansion_areas(boundary, base_parcels, urban, ctx)),
        form=norm.get("ratio.form"),
        limit=float(norm.get("ratio.limit")),
        classes=list(norm.get("ratio.classes")),
    )
    if expansion.denominator_m2 <= 0:
        return expansion
    expansion.missing_area_count = int(np.isnan(base_parcels.numbers("gross_area")[urban]).sum())
    expansion.base_year, expansion.year_source = find_base_year(base_parcels, ctx)
    if expansion.base_year != norm.get("ratio.base_year"):
        expansion.uncertainties.append("ratio.base_year")
    if expansion.uncoded_m2 > 0:
        expansion.uncertainties.append("ratio.uncoded")
    is_different = (
        abs(expansion.statutory_denominator_m2 - expansion.denominator_m2)
        > float(norm.get("ratio.denominator_share")) * expansion.denominator_m2
    )
    expansion.is_confirmed_by_geometry = not is_different and is_sum_confirmed_by_geometry(
        base_parcels, "gross_area", ctx, urban
    )
    if not expansion.is_confirmed_by_geometry:
        expansion.uncertainties.append("ratio.denominator")
    places = find_windows(boundary, ctx)
    expansion.window_count = len(places)
    expansion.ratio_by_form = expansion.compute_ratios(expansion.denominator_m2)
    is_kept = expansion.ratio_by_form[expansion.form] <= expansion.limit
    if expansion.statutory_denominator_m2 > 0:
        expansion.land_ratios = expansion.compute_ratios(expansion.statutory_denominator_m2)
        largest_denominator_m2 = expansion.statutory_denominator_m2 + ROUNDING_M2 * int(urban.sum())
        largest_ratio = expansion.compute_ratios(largest_denominator_m2)[expansion.form]
        if expansion.is_confirmed_by_geometry and is_kept and expansion.limit < largest_ratio:
            expansion.is_confirmed_by_geometry = False
            expansion.uncertainties.append("ratio.denominator")
    expansion.numerators_m2 = {
        "n1": expansion.boundary_m2,
        "n2": expansion.parts["concentrated"] + expansion.parts["flexible"],
        "n3": expansion.denominator_m2 + expansion.new_land_m2,
    }
    _compute_ratio_without_contradicted_parcels(expansion, base_parcels, urban, ctx)
    if is_kept:
        _compute_ratio_without_remote_towns(expansion, base_parcels, urban, boundary, ctx)
        _compute_ratio_with_open_windows(expansion, places, ctx)
    return expansion


def find_remote_towns(shapes: NDArray, shares_inside: NDArray, gap_m: float) -> NDArray:
    """Return (n,) bool: the urban parcels whose whole town is outside the boundary.

    Parameters
    ----------
    shapes
        (n,) polygons of the urban parcels, metres.
    shares_inside
        (n,) the share of each parcel that is inside the boundary; a parcel counts as inside from 1 % on.
    gap_m
        Parcels up to this distance apart are of one town, m.
    """
    # Load shapely only for measurements.

    is_reached = shares_inside >= _LEAST_INSIDE_SHARE
    # Town by town from the boundary outwards: comparing all parcels of a town with each other would take far longer.
    newly_reached, others = np.flatnonzero(is_reached), np.flatnonzero(~is_reached)
    while len(newly_reached) and len(others):
        tree = shapely.STRtree(shapes[newly_reached])
        near = (
            tree.query_nearest(shapes[others], max_distance=gap_m, all_matches=False)[0]
            if gap_m > 0
            else tree.query(shapes[others], predicate="intersects")[0]
        )
        newly_reached = others[np.unique(near)]
        is_reached[newly_reached] = True
        others = np.flatnonzero(~is_reached)
    return ~is_reached


def _compute_ratio_without_remote_towns(
    expansion: ExpansionRatio, base_parcels: Layer, urban: NDArray, boundary: Layer, ctx: RuleContext
) -> None:
    """Compute the ratio without towns of the base that are outside the boundary.

    It is stored in ``expansion`` only if it exceeds the limit, unlike the ratio with all towns.
    """
    rows = np.flatnonzero(urban & base_parcels.has_shape)
    if not len(rows):
        return
    shares_inside = _compute_shares_on_other_layer(boundary, base_parcels, urban & base_parcels.has_shape, None, ctx)
    is_remote = find_remote_towns(
        base_parcels.plane_shapes[rows], shares_inside[rows], float(ctx.norm.get(TOWN_GAP_SETTING))
    )
    remote_rows = rows[is_remote]
    surveyed = np.nan_to_num(base_parcels.numbers("gross_area"))
    # A sum and not a difference: where all towns are remote, rounding must not leave a denominator.
    remaining_denominator = float(surveyed[np.setdiff1d(np.flatnonzero(urban), remote_rows)].sum())
    ratio = expansion.compute_ratios(remaining_denominator)[expansion.form] if remaining_denominator > 0 else np.inf
    if len(remote_rows) and ratio > expansion.limit:
        expansion.remote_rows = remote_rows[np.argsort(-surveyed[remote_rows], kind="stable")].tolist()
        expansion.remote_area_m2 = float(surveyed[remote_rows].sum())
        expansion.ratio_without_remote = ratio


def _compute_ratio_with_open_windows(expansion: ExpansionRatio, places: NDArray, ctx: RuleContext) -> None:
    """Compute the ratio including the open parts of the boundary's holes, and store it in ``expansion``.

    This is done only if all holes together would exceed the limit, unlike the ratio without them. ``places``: (k,)
    polygons of the holes.
    """
    # Load shapely only for measurements.

    if not len(places):
        return
    areas = ctx.geometry.measure_drawn_areas(places)
    numerator = expansion.numerators_m2[expansion.form]
    if (numerator + areas.sum()) / expansion.denominator_m2 <= expansion.limit:
        return
    # 永久基本农田, 生态保护红线 and water fill holes (开天窗).
    parcels = dict.fromkeys(ctx.plan.find_layer_of_concept(name) for name in ("parcels", "base_parcels"))
    fillers = [
        (layer, find_rows_with_land_use(layer, WINDOW_WATER_SETTING, ctx)) for layer in parcels if layer is not None
    ]
    lines = [ctx.plan.find_layer_of_concept(name) for name in ctx.norm.get(WINDOW_FILLERS_SETTING)]
    fillers += [(layer, np.ones(len(layer), dtype=bool)) for layer in lines if layer is not None]
    shapes = np.concatenate(
        [np.zeros(0, dtype=object)]
        + [layer.polygons.shapes[layer.polygons.present[rows[layer.polygons.present]]] for layer, rows in fillers]
    )
    window, row = shapely.STRtree(shapes).query(places, predicate="intersects")
    parts = shapely.intersection(places[window], shapes[row])
    filled_m2 = np.array([shapely.area(shapely.union_all(parts[window == n])) for n in range(len(places))])
    filled = filled_m2 / shapely.area(places)
    # The share of each hole that nothing fills: none of a hole that is filled far enough.
    is_open = filled < float(ctx.norm.get(WINDOW_FILLED_SETTING))
    unfilled = np.where(is_open, np.clip(1 - filled, 0.0, 1.0), 0.0)
    expansion.unfilled_window_count = int((unfilled > 0).sum())
    expansion.unfilled_area_m2 = float((areas * unfilled).sum())
    expansion.ratio_with_windows_filled = (numerator + expansion.unfilled_area_m2) / expansion.denominator_m2


def _compute_ratio_without_contradicted_parcels(
    expansion: ExpansionRatio, base_parcels: Layer, urban: NDArray, ctx: RuleContext
) -> None:
    """Compute the ratio without base parcels whose code other data contradict.

    The ratio is uncertain where these parcels are large, or where the ratio exceeds the limit without them.
    """
    norm = ctx.norm
    share = compute_contradicted_shares(base_parcels, urban, expansion.classes, ctx)
    surveyed = np.nan_to_num(base_parcels.numbers("gross_area"))
    expansion.contradicted_area_m2 = float((share * surveyed).sum())
    expansion.contradicted_rows = np.flatnonzero(share > 0).tolist()
    remaining_denominator = float(((1 - share) * surveyed)[urban].sum())
    form, limit = expansion.form, expansion.limit
    if remaining_denominator > 0:
        expansion.ratios_without_contradicted = expansion.compute_ratios(remaining_denominator)
    decides = expansion.ratio_by_form[form] <= limit and expansion.ratios_without_contradicted.get(form, np.inf) > limit
    is_large = expansion.contradicted_area_m2 > float(norm.get(DOUBTFUL_SHARE_SETTING)) * expansion.denominator_m2
    expansion.is_doubtful = expansion.contradicted_area_m2 > 0 and (decides or is_large)
    if expansion.is_doubtful:
        expansion.uncertainties.append(CONTRADICTED_BASE_DOUBT)
        return
    # The base may shrink by this area before the ratio reaches its limit.
    margin_m2 = expansion.denominator_m2 * (1 - expansion.ratio_by_form[form] / limit)
    if expansion.contradicted_area_m2 > float(norm.get(DOUBTFUL_MARGIN_SETTING)) * margin_m2 > 0:
        expansion.contradicted_margin_share = expansion.contradicted_area_m2 / margin_m2


def find_windows(boundary: Layer, ctx: RuleContext) -> NDArray:
    """Return the holes (开天窗) of the boundary, which its area excludes.

    A hole of one zone that another zone fills does not count; a hole enclosed by several zones counts once.
    """
    # Load shapely only for counting: QGIS lists the available rules without it.
    from ...geometry.coverage import find_holes
    from ...geometry.polygons import union_polygon_rows

    boundary_shape = union_polygon_rows(boundary.polygons, tolerance=ctx.tolerance)
    places = (
        find_holes(boundary_shape)
        if boundary_shape is not None
        else [p for s in boundary.plane_shapes for p in find_holes(s)]
    )
    windows = [place for place in places if not ctx.tolerance.is_sliver(place.area, 2 * place.area / place.length)]
    return np.array(windows, dtype=object)


def find_base_year(base_parcels: Layer, ctx: RuleContext) -> tuple[int | None, str]:
    """Return the year of the base parcels, and where it is stated.

    That is the parameter, the field (SJNF), the name of layer or file, or the layer's code. None where no source gives
    a year, or where parameter and field, or rows among each other, give different years.
    """
    field, years = base_parcels.get_field_name("data_year"), set(base_parcels.text("data_year"))
    by_field = int(next(iter(years))) if len(years) == 1 and next(iter(years)).isdecimal() else None
    written_years = years - {""}
    if ctx.plan.base_year is not None:
        if written_years:
            # A package keeps the field, not the parameter.
            return (by_field, field) if by_field == ctx.plan.base_year else (None, f"parameter, {field}")
        return ctx.plan.base_year, "parameter"
    if written_years:
        return by_field, field
    # 现状用地用海 of a plan describes its base year by definition; its CZCSXM comes from the 2020 survey.
    is_by_definition = base_parcels.role == "XZYDYH"
    year_by_definition = int(ctx.norm.get("ratio.base_year"))
    for text in (base_parcels.name, base_parcels.source.source.replace("\\", "/").rsplit("/", 1)[-1]):
        year_match = _YEAR_PATTERN.search(_PERIOD_PATTERN.sub("", text))
        # A name that agrees with the definition is not its source, because a package has other names.
        if year_match and not (is_by_definition and int(year_match.group()) == year_by_definition):
            return int(year_match.group()), text
    if is_by_definition:
        return year_by_definition, base_parcels.role
    return None, ""
