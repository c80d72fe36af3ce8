# SPDX-License-Identifier: GPL-2.0-or-later
"""The layers of one county by role, ready to be measured; inputs are never changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from .errors import InputError
from .geometry import crs as crs_care
from .geometry.statutory_area import statutory_area
from .geometry.validity import missing, polygons_only, repair
from .standard import Norm
from .template import Template

if TYPE_CHECKING:
    # Tables load when something runs: QGIS lists the rules at every start.
    import geopandas as gpd
    import pandas as pd


@dataclass(frozen=True)
class FieldInfo:
    """A field as the source declares it; ``type`` in the templates' words (text, integer, real, date)."""

    name: str
    type: str
    length: int | None = None


@dataclass
class SourceLayer:
    """A table as it was read: nothing repaired, nothing reprojected.

    ``frame`` is indexed by feature id; ``curves`` are the ids of features that held arcs, densified on reading by
    ``curve_step`` (degrees); ``broken`` the ids of features whose shape no geometry library can hold (missing in
    ``frame``); ``notices`` are (text key, parameters). ``problem``: why nobody can use it (a table without shapes, a file
    that cannot be read), as text key and parameters.
    """

    name: str
    frame: gpd.GeoDataFrame
    fields: tuple[FieldInfo, ...]
    crs: CRS | None
    source: str = ""
    encoding: str = ""
    template_id: str = ""
    curves: tuple[int, ...] = ()
    curve_step: float = 0.0
    unsaved: int = 0
    notices: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    broken: tuple[int, ...] = ()
    problem: tuple[str, dict[str, Any]] | None = None

    @property
    def full_name(self) -> str:
        """``county.gpkg/DLTB``: tells layers of one name in several files apart."""
        file = self.source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
        return f"{file}/{self.name}" if file else self.name


class Layer:
    """One role of the plan: its rows, its template, and its geometry in the plan's plane.

    ``frame`` as read; ``plane`` (n,) geometries in the plan's CRS with invalid ones replaced by repaired copies and
    missing or stray ones by None; ``repaired`` maps row position to the planar area change (m²) of such a copy;
    ``stray`` maps row positions whose coordinates contradict the CRS, which most rows do not, to the problem.
    """

    def __init__(
        self,
        source: SourceLayer,
        template: Template,
        plane_crs: CRS,
        stray: dict[int, tuple[str, dict[str, Any]]] | None = None,
    ):
        self.source = source
        self.template = template
        self.role = template.role
        self.frame = source.frame
        self.plane_crs = plane_crs
        self.crs = source.crs
        self.stray = stray or {}
        # Where two fields differ by case only, the one written as the standard does is meant.
        columns = [str(c) for c in self.frame.columns if c != self.frame.geometry.name]
        names = {c.upper(): c for c in reversed(columns)} | {c: c for c in columns if c.isupper()}
        self._columns = {f.meaning: names[f.name] for f in template.fields if f.meaning and f.name in names}
        self._names = names

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def name(self) -> str:
        return self.source.name

    def has(self, meaning: str) -> bool:
        return meaning in self._columns

    def field_name(self, meaning: str) -> str:
        """The field's official name in this layer's template, also when the layer lacks it; empty when it has none."""
        found = self.template.field(meaning)
        return found.name if found else ""

    def column(self, meaning: str) -> pd.Series | None:
        """The values of a meaning, blank text as missing; None when the layer has no such field."""
        return self.values(self._columns[meaning]) if meaning in self._columns else None

    def named(self, field_name: str) -> pd.Series | None:
        """The values of a field by its name, whatever its case; None when there is none."""
        column = self._names.get(field_name.upper())
        return None if column is None else self.values(column)

    def values(self, column: str) -> pd.Series:
        import pandas as pd

        series = self.frame[column]
        if series.dtype == object or pd.api.types.is_string_dtype(series):
            text = series.astype(object).where(series.notna(), None)
            return text.map(lambda v: v.strip() or None if isinstance(v, str) else v)
        return series

    def text(self, meaning: str) -> list[str]:
        """A meaning's values as text, missing ones empty; whole numbers without a decimal point."""
        column = self.column(meaning)
        return [""] * len(self) if column is None else [as_text(v) for v in column]

    def numbers(self, meaning: str) -> NDArray:
        """A meaning's values as (n,) float64, missing or unreadable ones NaN."""
        import pandas as pd

        column = self.column(meaning)
        if column is None:
            return np.full(len(self), np.nan)
        return pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)

    @cached_property
    def keys(self) -> list[str]:
        """Each row's own BSM as read, empty where there is none."""
        return self.text("key")

    @cached_property
    def unsure_keys(self) -> frozenset[int]:
        """Row positions whose key is missing or repeated: only the feature id tells them apart."""
        import pandas as pd

        series = pd.Series(self.keys)
        return frozenset(np.flatnonzero((series == "") | series.duplicated(keep=False)).tolist())

    @cached_property
    def fids(self) -> list[int]:
        return [int(v) for v in self.frame.index]

    @cached_property
    def original(self) -> NDArray:
        """(n,) geometries as read, flat (no Z), in the plan's CRS."""
        flat = shapely.force_2d(self.frame.geometry.to_numpy())
        assert self.crs is not None  # a layer without CRS never becomes one of the plan
        return crs_care.reproject(flat, self.crs, self.plane_crs)

    @cached_property
    def broken(self) -> NDArray:
        """(n,) bool: the source has a shape, but none that a geometry library can hold."""
        return np.isin(self.frame.index.to_numpy(), self.source.broken)

    @cached_property
    def empty(self) -> NDArray:
        """(n,) bool: null or empty geometry."""
        return missing(self.frame.geometry.to_numpy()) & ~self.broken

    @cached_property
    def invalid(self) -> NDArray:
        """(n,) bool: there, but not valid as it was drawn."""
        return ~self.empty & ~shapely.is_valid(self.original)

    @property
    def bare(self) -> bool:
        """Has no row a shape of the layer's kind that can be used? Then no rule can say anything of it."""
        return bool(missing(self.plane).all())

    @cached_property
    def _prepared(self) -> tuple[NDArray, dict[int, float]]:
        plane = self.original.copy()
        plane[self.empty] = None
        plane[list(self.stray)] = None
        changes: dict[int, float] = {}
        for position in np.flatnonzero(self.invalid & ~shapely.is_missing(plane)).tolist():
            fixed = repair(plane[position])
            before = shapely.area(plane[position])
            changes[position] = float(
                (shapely.area(fixed) if fixed is not None else 0.0) - (before if np.isfinite(before) else 0.0)
            )
            plane[position] = fixed
        if self.template.geometry == "polygon":
            other = ~missing(plane) & ~np.isin(shapely.get_type_id(plane), (3, 6))
            for position in np.flatnonzero(other).tolist():
                plane[position] = polygons_only(plane[position])
        return plane, changes

    @property
    def plane(self) -> NDArray:
        return self._prepared[0]

    @property
    def repaired(self) -> dict[int, float]:
        return self._prepared[1]

    @cached_property
    def statutory(self) -> NDArray:
        """(n,) statutory areas in m², from the layer's own coordinates; repaired rows from their copy."""
        lonlat = crs_care.to_lonlat(self.plane, self.plane_crs)
        assert self.crs is not None
        if crs_care.describe(self.crs).geographic:
            sound = ~self.invalid & ~missing(self.plane)
            flat = shapely.force_2d(self.frame.geometry.to_numpy())
            lonlat[sound] = crs_care.to_lonlat(flat[sound], self.crs)
        return statutory_area(lonlat)

    def rows(self, keep: NDArray) -> NDArray:
        """The plane geometry of the chosen rows, None for the others: positions stay as they are."""
        chosen = np.full(len(self), None, dtype=object)
        chosen[keep] = self.plane[keep]
        return chosen


def as_text(value: Any) -> str:
    """A cell as text: missing → empty, 2020.0 → 2020."""
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


@dataclass
class Unusable:
    """A layer whose coordinates contradict its CRS: known by role, measured by nobody."""

    role: str
    name: str
    problem: str
    params: dict[str, Any]


@dataclass
class Plan:
    """The layers of one county. ``crs`` is the plane everything is detected in (metres)."""

    layers: dict[str, Layer]
    norm: Norm
    scope: str
    crs: CRS
    source: str = ""
    unusable: dict[str, Unusable] = field(default_factory=dict)
    unrecognised: list[str] = field(default_factory=list)
    role_choices: dict[str, str] = field(default_factory=dict)
    notices: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    base_year: int | None = None
    _cache: dict[str, Any] = field(default_factory=dict)

    def concept(self, concept: str) -> Layer | None:
        """The layer that answers a concept: the first of its roles that is there. A role names itself."""
        for role in self.roles_of(concept):
            if role in self.layers:
                return self.layers[role]
        return None

    def roles_of(self, concept: str) -> tuple[str, ...]:
        return self.norm.standard.concepts.get(concept, (concept,))

    def unusable_for(self, concept: str) -> Unusable | None:
        return next((self.unusable[r] for r in self.roles_of(concept) if r in self.unusable), None)

    def expects(self, concept: str) -> bool:
        """Does the scope demand it (and the county not say 本县无)?"""
        scope = self.norm.standard.scopes[self.scope]
        return concept in scope.mandatory and concept not in self.norm.profile.absent

    @property
    def area_code(self) -> str:
        """The county's six digits: what most rows say (行政区代码, else the head of the BSM), else the profile's.

        The county layer is asked first: a neighbour's rows in another layer do not make it another county.
        """
        if "area_code" not in self._cache:
            layers = [lay for lay in (self.concept("county"), *self.layers.values()) if lay is not None]
            votes: Counter[str] = Counter()
            for layer in layers:
                codes = layer.text("division_code") if layer.has("division_code") else []
                votes.update(c[:6] for c in codes or layer.keys if len(c) >= 6 and c[:6].isdigit())
                if votes and layer is layers[0]:
                    break
            self._cache["area_code"] = votes.most_common(1)[0][0] if votes else self.norm.profile.area_code
        return self._cache["area_code"]

    def county_shape(self) -> tuple[Layer, NDArray] | None:
        """The county layer and its extent as one polygon in an array of one; None when there is no such layer."""
        layer = self.concept("county")
        if layer is None:
            return None
        if "county_shape" not in self._cache:
            real = layer.plane[~missing(layer.plane)]
            shape = polygons_only(shapely.union_all(real)) if len(real) else None
            self._cache["county_shape"] = np.array([shape], dtype=object)
        return layer, self._cache["county_shape"]


def find_role(source: SourceLayer, norm: Norm) -> tuple[str, str]:
    """The role of a layer and how it was told: by ``template`` id, ``name`` or ``fields``; empty when unknown.

    A name counts when it is the code or an alias, alone or with the county's code, a year or other marks around it
    (``140225CZKFBJ_2022``); where several codes are in it, the longest.
    """
    templates = norm.standard.templates
    if source.template_id in templates:
        return source.template_id, "template"
    name = source.name.strip().upper()
    words = {w.upper(): role for role, t in templates.items() for w in (role, *t.aliases)}
    if name in words:
        return words[name], "name"
    within = [w for w in words if _stands_alone(w, name)]
    if within:
        return words[max(within, key=len)], "name"
    columns = {f.name.upper() for f in source.fields}
    matches = []
    for role, template in templates.items():
        # Only fields that few layers have say anything; every layer has BSM and MJ.
        telling = {
            f.name
            for f in template.fields
            if f.meaning in ("gross_area", "net_area", "urban_code", "zone_code", "data_year")
        }
        if telling and telling <= columns and {f.name for f in template.fields} <= columns | {"BZ"}:
            matches.append(role)
    return (matches[0], "fields") if len(matches) == 1 else ("", "")


def _stands_alone(word: str, name: str) -> bool:
    """Is the word in the name with no letter directly at its sides (digits, marks and Chinese may be)?"""
    start = name.find(word)
    if start < 0:
        return False
    before, after = name[:start][-1:], name[start + len(word) :][:1]
    if not word.isascii():
        return True
    return not (before.isascii() and before.isalpha()) and not (after.isascii() and after.isalpha())


def assemble(
    sources: Iterable[SourceLayer],
    norm: Norm,
    *,
    roles: dict[str, str] | None = None,
    scope: str = "",
    base_year: int | None = None,
    source: str = "",
    check: Callable[[], None] = lambda: None,
) -> Plan:
    """Make a plan of layers as they were read.

    ``roles``: role → layer name, the user's own choice, which beats recognition. Raises InputError when no layer is
    recognised, two layers claim one role, a chosen layer or scope is not there.
    """
    sources = list(sources)
    chosen, how = _choose_roles(sources, norm, roles or {})
    if not chosen:
        names = ", ".join(s.name for s in sources) or "-"
        raise InputError("no_recognised_layer", source=source, layers=names)
    usable, unusable = _sort_out(chosen)
    plane = _plane_crs(usable)
    plan = Plan(
        layers={},
        norm=norm,
        scope=_scope(norm, set(usable), scope),
        crs=plane,
        source=source,
        unusable=unusable,
        unrecognised=[s.name for s in sources if all(s is not c for c in chosen.values())],
        role_choices=how,
        base_year=base_year,
    )
    for role, read in sorted(usable.items(), key=lambda item: list(norm.standard.templates).index(item[0])):
        check()
        plan.layers[role] = Layer(read, _best_template(read, role, norm), plane)
    _set_apart(plan)
    return plan


def _choose_roles(
    sources: list[SourceLayer], norm: Norm, roles: dict[str, str]
) -> tuple[dict[str, SourceLayer], dict[str, str]]:
    chosen: dict[str, SourceLayer] = {}
    how: dict[str, str] = {}
    by_name = {s.name: s for s in sources}
    templates = norm.standard.templates
    for role, name in roles.items():
        if role not in templates:
            raise InputError("role_unknown", role=role, known=", ".join(sorted(templates)))
        if name not in by_name:
            raise InputError("role_layer_missing", role=role, layer=name, layers=", ".join(by_name) or "-")
        chosen[role], how[role] = by_name[name], "chosen"
    taken = {id(s) for s in chosen.values()}
    for source in sources:
        role, reason = find_role(source, norm)
        if not role or id(source) in taken:
            continue
        if role in chosen:
            if how[role] == "chosen":
                continue
            raise InputError("two_layers_one_role", role=role, first=chosen[role].name, second=source.name)
        chosen[role], how[role] = source, reason
    return chosen, how


def _sort_out(chosen: dict[str, SourceLayer]) -> tuple[dict[str, SourceLayer], dict[str, Unusable]]:
    usable, unusable = {}, {}
    for role, source in chosen.items():
        bounds = source.frame.geometry.total_bounds if len(source.frame) else np.full(4, np.nan)
        problem = crs_care.coordinate_problem(source.crs, bounds)
        if problem:
            unusable[role] = Unusable(role, source.name, *problem)
        else:
            usable[role] = source
    return usable, unusable


def _plane_crs(usable: dict[str, SourceLayer]) -> CRS:
    longitude = 114.0
    for source in usable.values():
        bounds = source.frame.geometry.total_bounds if len(source.frame) else [np.nan]
        if source.crs is not None and np.isfinite(bounds).all():
            centre = np.array([shapely.Point((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2)])
            longitude = float(crs_care.to_lonlat(centre, source.crs)[0].x)
            break
    return crs_care.choose([(s.crs, len(s.frame)) for s in usable.values() if s.crs], longitude)


def _best_template(source: SourceLayer, role: str, norm: Norm) -> Template:
    """The edition whose fields the layer has most of; the standard's own where they are equal."""
    columns = {f.name.upper() for f in source.fields}
    editions = norm.standard.all_templates(role)
    return max(editions, key=lambda t: sum(f.name in columns for f in t.fields) / max(len(t.fields), 1))


def _scope(norm: Norm, roles: set[str], wanted: str) -> str:
    scopes = norm.standard.scopes
    if wanted:
        if wanted not in scopes:
            raise InputError("scope_unknown", scope=wanted, known=", ".join(scopes))
        return wanted
    for name, scope in sorted(scopes.items(), key=lambda item: -len(item[1].mandatory)):
        needed = [c for c in scope.mandatory if c not in norm.profile.absent]
        if all(roles & set(norm.standard.concepts.get(c, (c,))) for c in needed):
            return name
    return "three_lines"


#: The next 3° zone is 200 km away or more; a small layer may well lie some kilometres from the others.
_APART_M = 100_000.0


def _set_apart(plan: Plan) -> None:
    """A layer that lies nowhere near the others was given the wrong zone: nothing can be said of it."""
    county = plan.concept("county")
    others = {
        r: shapely.box(*shapely.total_bounds(lay.original)) for r, lay in plan.layers.items() if not lay.empty.all()
    }
    if len(others) < 2:
        return
    home_role = (
        county.role if county is not None and county.role in others else max(others, key=lambda r: len(plan.layers[r]))
    )
    home = others[home_role]
    for role, box in others.items():
        distance = shapely.distance(home, box)
        if role != home_role and distance > _APART_M:
            layer = plan.layers.pop(role)
            plan.unusable[role] = Unusable(
                role,
                layer.name,
                "apart",
                {
                    "crs": crs_care.label(layer.crs),
                    "distance_km": round(distance / 1000, 1),
                    "other": plan.layers[home_role].name,
                },
            )
