# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare sums of area fields with the land that is drawn.

One answer for the rule that reports the sums (ATT022) and for every figure that is summed from a field. Gross fields (面积,
图斑面积, 调查面积) add up to the statutory area of the shapes; net fields (图斑地类面积) are never more than the gross field.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from ..geometry import crs as crs_care
from ..geometry.statutory_area import statutory_area
from ..invariants import require_value
from ..model.indicator import AREA_FIGURES, SQUARE_METRES
from .survey_deductions import survey_deductions
from .townships import centres_of, towns_of_centres

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..plan.layer import Layer

#: Meanings of fields that hold the area of the whole shape, and of those that hold what is left of it.
GROSS = ("area", "gross_area", "survey_area")
NET = "net_area"
MEANINGS = (*GROSS, NET)
#: Doubt of a rule whose figures the land does not back.
DOUBT = "figures.area_fields"
#: How far sums may be from the land (share of it), and what a single row may differ by (m²): settings of ATT022 and ATT013.
ALLOWANCE_SHARE, ROW_ALLOWANCE = "rules.ATT022.allowance_share", "rules.ATT013.allowance_m2"
#: Units that a field may hold in place of its own, and how near the median row must be to one of them.
UNITS = ("m2", "ha", "mu", "km2")
_UNIT_SHARE = 0.05
#: Rounding error of two decimals in one row.
_ROUNDING_M2 = 0.005
#: What an edge of length L may enclose between its two courses, by L³: √2·(tan φ + 0.3) ÷ 12 R (`statutory_area`), at 53° N.
_BEND_PER_M3 = 2**0.5 * (1.33 + 0.3) / 12 / 6378137.0
#: How far the scale at a row's centre may be from that of the row: the surface's own error, and by metre of the row's outline.
_SCALE_SHARE, _SCALE_SHARE_PER_M = 2e-6, 1e-8
#: Side of the squares by which the scale of the plane is measured.
PROBE_M = 100.0

Sum = Callable[[NDArray], NDArray]


@dataclass(frozen=True)
class LandBacking:
    """An area field of a layer beside the land of its rows; (n,) m², 0 in rows without a value.

    ``values``: the field; ``written``: the same, of a net field the gross field that it is a part of; ``drawn``: statutory
    areas, 0 where a row has no shape; ``beyond``: what a net area exceeds the gross area by, 0 for a gross field; ``there``: rows with a value; ``town``: the
    township that the row's centre lies in, −1 for none; ``towns`` their names. ``share``: how far two sums may be apart;
    ``row_m2``: what a single row may differ by; ``unit``: the unit that the values seem to be in instead of the field's own;
    ``exact``: False where ``drawn`` is an estimate (`_estimated`).
    """

    meaning: str
    values: NDArray
    written: NDArray
    drawn: NDArray
    beyond: NDArray
    there: NDArray
    town: NDArray
    towns: list[str]
    share: float
    row_m2: float
    unit: str = ""
    exact: bool = True

    @property
    def wrong(self) -> NDArray:
        """(n,) bool: rows whose gross area does not fit their shape, or whose net area exceeds the gross area."""
        found: NDArray = (np.abs(self.written - self.drawn) > self.row_m2) | (self.beyond > self.row_m2)
        return found

    def within(self, share: float) -> LandBacking:
        """The same with another allowance."""
        return self if share == self.share else replace(self, share=share)

    def differs(self, add: Sum) -> tuple[NDArray, NDArray]:
        """(k,) bool each, of k sums that ``add`` makes of (n,) values: the sum differs from the land; the net sum exceeds."""
        drawn = add(self.drawn)
        allowed = np.maximum(self.share * np.abs(drawn), self.row_m2 * add(self.there.astype(float)))
        return np.abs(add(self.written) - drawn) > allowed, add(self.beyond) > allowed

    def unbacked(self, add: Sum) -> NDArray:
        """(k,) bool, of k sums that ``add`` makes: the land does not back the sum."""
        found = np.logical_or(*self.differs(add))
        return found | (add(self.there.astype(float)) > 0) if self.meaning == NET and self.unit else found

    def by_town(self, rows: NDArray) -> Sum:
        """Sums of some rows ((n,) bool) by township: (towns + 1,), the last of what lies in none."""
        place = np.where(self.town < 0, len(self.towns), self.town)
        return lambda values: np.bincount(place, np.where(rows, values, 0.0), minlength=len(self.towns) + 1)

    def differing_towns(self, rows: NDArray) -> tuple[NDArray, NDArray]:
        """As `differs` by township. One wrong row is ATT013's, as long as the sum of all rows holds."""
        add = self.by_town(rows)
        several = add(self.wrong.astype(float)) > 1
        differs, exceeds = self.differs(add)
        return differs & several, exceeds & several

    def clearly_agrees(self, rows: NDArray) -> bool:
        """Return True if the sums keep within half of the allowance: then an estimate of the land is enough."""
        return self.within(self.share / 2).agrees(rows)

    def agrees(self, rows: NDArray) -> bool:
        """Return True if the land backs the sum of some rows ((n,) bool), as a whole and in each township."""

        def whole(values: NDArray) -> NDArray:
            return np.array([values[rows].sum()])

        return not (self.unbacked(whole).any() or np.logical_or(*self.differing_towns(rows)).any())


def compare_with_land(layer: Layer, meaning: str, ctx: Context, *, exact: bool = True) -> LandBacking | None:
    """Return a field's sums beside the land; None for a layer of lines or points and for a field without a value.

    ``exact``: False takes an estimate of areas that nothing has measured yet, which is many times faster.
    """
    cache = ctx.plan.computed("area_backing")
    exact = exact or "statutory" in layer.__dict__
    key = (layer, meaning, exact)
    if key not in cache:
        cache[key] = _backing(layer, meaning, ctx, exact)
    found: LandBacking | None = cache[key]
    return found


def is_backed_by_land(layer: Layer, meaning: str, ctx: Context, rows: NDArray | None = None) -> bool:
    """Return True if the land backs the sum of an area field over some rows ((n,) bool; None: all).

    False for every sum of a layer whose areas add up to more than the county, and for a net area that the deductions of the
    survey do not give on the same land.
    """
    found = compare_with_land(layer, meaning, ctx, exact=False)
    if found is None:
        return True
    whole = np.ones(len(layer), dtype=bool) if rows is None else rows
    if not found.clearly_agrees(whole):
        found = require_value(compare_with_land(layer, meaning, ctx), f"the values of {meaning}")
        if not found.agrees(whole):
            return False
    deductions = survey_deductions(layer, ctx) if meaning == NET else None
    if deductions is not None and not deductions.agrees(whole):
        return False
    return find_county_excess(layer, ctx) is None


def land_net(layer: Layer, ctx: Context) -> NDArray | None:
    """(n,) m², the net area that the land of each row gives: net × statutory ÷ gross area. None without a net area."""
    found = compare_with_land(layer, NET, ctx)
    if found is None:
        return None
    factor = np.divide(found.drawn, found.written, out=np.ones(len(layer)), where=found.written > 0)
    return found.values * factor


def find_county_excess(layer: Layer, ctx: Context) -> tuple[str, float, float] | None:
    """The field, its sum and the county's statutory area (m²) where the layer's areas add up to more than the county.

    Only of layers whose rows never overlap and of those that areas with a target are read from; None for any other.
    """
    county = ctx.plan.concept("county")
    lines = {role for concept, _ in AREA_FIGURES.values() for role in ctx.plan.roles_of(concept)}
    if county is None or county.has_no_geometry or county.empty.any() or county is layer:
        return None
    if layer.template.overlap != "never" and layer.role not in lines:
        return None
    whole = float(county.statutory.sum())
    for meaning in GROSS:
        found = compare_with_land(layer, meaning, ctx, exact=False)
        if found is not None and found.written.sum() > whole * (1 + found.share) + found.row_m2:
            return meaning, float(found.written.sum()), whole
    return None


def _backing(layer: Layer, meaning: str, ctx: Context, exact: bool) -> LandBacking | None:
    if layer.template.geometry != "polygon" or not layer.has_values(meaning):
        return None
    written = square_metres(layer, meaning)
    if exact:
        layer.measure(ctx.cancellation)
    drawn = np.nan_to_num(layer.statutory) if exact else _estimated(layer, ctx)
    there = np.isfinite(written)
    beyond = np.zeros(len(layer))
    against = drawn
    if meaning == NET:
        gross = square_metres(layer, "gross_area")
        against = np.where(np.isfinite(gross), gross, drawn)
        beyond = np.where(there, np.maximum(np.nan_to_num(written) - against, 0.0), 0.0)
    unit = _unit(written, against, layer, meaning)
    sums = against if meaning == NET else written
    town, towns = towns_of_centres(layer, ctx)
    return LandBacking(
        meaning,
        np.where(there, np.nan_to_num(written), 0.0),
        np.where(there, np.nan_to_num(sums), 0.0),
        np.where(there, drawn, 0.0),
        beyond,
        there,
        town,
        towns,
        float(ctx.norm.get(ALLOWANCE_SHARE)),
        float(ctx.norm.get(ROW_ALLOWANCE)) + _ROUNDING_M2,
        unit,
        exact,
    )


def _estimated(layer: Layer, ctx: Context) -> NDArray:
    """(n,) areas in the plane by the scale of the plane at each row's centre: statutory areas to some 1e-5."""
    cache = ctx.plan.computed("area_estimates")
    if layer not in cache:
        drawn = np.nan_to_num(shapely.area(layer.plane))
        x, y, rows = centres_of(layer)
        drawn[rows] *= _scale(x, y, ctx)
        cache[layer] = drawn
    found: NDArray = cache[layer]
    return found


def is_surely_within(layer: Layer, written: NDArray, allowance_m2: float, ctx: Context) -> NDArray:
    """Return (n,) bool: rows whose statutory area surely is no further than ``allowance_m2`` from ``written`` ((n,) m²).

    The estimate is off by what the row's edges are bent between the plane and the annex's, and by the change of the plane's
    scale over the row: only rows that this leaves open have to be measured.
    """
    xy, row = shapely.get_coordinates(layer.plane, return_index=True)
    length = np.hypot(*np.diff(xy, axis=0).T)
    length[row[1:] != row[:-1]] = 0.0
    around = np.bincount(row[1:], length, minlength=len(layer))
    bent = np.bincount(row[1:], length**3, minlength=len(layer)) * _BEND_PER_M3
    drawn = _estimated(layer, ctx)
    off = bent + drawn * (_SCALE_SHARE + _SCALE_SHARE_PER_M * around)
    found: NDArray = np.abs(written - drawn) + off <= allowance_m2
    return found


def _scale(x: NDArray, y: NDArray, ctx: Context) -> NDArray:
    """(k,) statutory area of a square metre of the plane at each point, by a surface of second degree through probes."""
    if not len(x):
        return np.ones(0)
    middle, half = np.array([x.mean(), y.mean()]), np.maximum([np.ptp(x) / 2, np.ptp(y) / 2], PROBE_M)
    step = np.linspace(-1.0, 1.0, 5)
    u, v = (axis.ravel() for axis in np.meshgrid(step, step))
    left, low = middle[0] + u * half[0] - PROBE_M / 2, middle[1] + v * half[1] - PROBE_M / 2
    squares = shapely.box(left, low, left + PROBE_M, low + PROBE_M)
    measured = statutory_area(squares, crs_care.make_lonlat_transformer(ctx.plan.plane)) / PROBE_M**2
    surface = np.linalg.lstsq(_terms(u, v), measured, rcond=None)[0]
    found: NDArray = _terms((x - middle[0]) / half[0], (y - middle[1]) / half[1]) @ surface
    return found


def _terms(u: NDArray, v: NDArray) -> NDArray:
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=1)


def square_metres(layer: Layer, meaning: str) -> NDArray:
    """(n,) an area field in m², whatever unit its template has; NaN where there is no value."""
    return np.asarray(layer.numbers(meaning) * SQUARE_METRES[_own_unit(layer, meaning)], dtype=float)


def _own_unit(layer: Layer, meaning: str) -> str:
    declared = layer.template.field(meaning)
    return (declared.unit if declared else "") or "m2"


def _unit(written: NDArray, against: NDArray, layer: Layer, meaning: str) -> str:
    """The unit that the median row is written in, where it is not the field's own; else empty."""
    own = _own_unit(layer, meaning)
    some = (written > 0) & (against > 0)
    if not some.any():
        return ""
    factor = float(np.median(against[some] / written[some])) * SQUARE_METRES[own]
    return next((u for u in UNITS if u != own and abs(factor / SQUARE_METRES[u] - 1) < _UNIT_SHARE), "")
