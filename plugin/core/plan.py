# SPDX-License-Identifier: GPL-2.0-or-later
"""The layers of one county by role, ready to be measured; inputs are never changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from .cells import stripped, texts
from .encoding import garbled
from .errors import InputError
from .geometry import crs as crs_care
from .geometry.polygons import Polygons
from .geometry.register import Register
from .geometry.statutory_area import statutory_area
from .geometry.straight import Brought, Edge, bring, codes, shared_edges, stored_only
from .geometry.validity import missing, polygons_only, repair
from .profile import Norm
from .template import Template

if TYPE_CHECKING:
    # Tables load when something runs: QGIS lists the rules at every start.
    import geopandas as gpd
    import pandas as pd


@dataclass(frozen=True)
class FieldInfo:
    """A field as the source declares it; ``type`` in the templates' words (text, integer, real, date).

    None: the source does not tell. ``alias`` is empty for a field without one, ``codes`` (code → name) for one without a
    coded domain.
    """

    name: str
    type: str
    length: int | None = None
    alias: str | None = None
    codes: dict[str, str] | None = field(default=None, hash=False)


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
    """One role of the plan: its rows, its template, and its geometry in the plan's plane (``plane_crs``).

    ``frame`` as read; ``plane`` (n,) geometries in that plane with invalid ones replaced by repaired copies and
    missing or stray ones by None, and with vertices on long edges that another CRS would bend; ``straight`` are such edges
    that get none, since a layer in another CRS has them too (`geometry.straight`); ``repaired`` maps row position to the planar area change (m²) of such a copy;
    ``stray`` maps row positions whose coordinates contradict the CRS, which most rows do not, to the problem.
    """

    def __init__(
        self,
        source: SourceLayer,
        template: Template,
        plane_crs: CRS,
        stray: dict[int, tuple[str, dict[str, Any]]] | None = None,
        straight: frozenset[Edge] = frozenset(),
    ):
        self.source = source
        self.template = template
        self.role = template.role
        self.frame = source.frame
        self.plane_crs = plane_crs
        self.crs = source.crs
        self.stray = stray or {}
        self.straight = straight
        #: The plane's own vertices, for a layer that is brought there from another CRS.
        self.register: Register | None = None
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
        return stripped(self.frame[column])

    def text(self, meaning: str) -> list[str]:
        """A meaning's values as text, missing ones empty; whole numbers without a decimal point."""
        column = self.column(meaning)
        return [""] * len(self) if column is None else texts(column)

    def numbers(self, meaning: str) -> NDArray:
        """A meaning's values as (n,) float64, missing, unreadable or infinite ones NaN."""
        import pandas as pd

        column = self.column(meaning)
        if column is None:
            return np.full(len(self), np.nan)
        values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        return np.where(np.isfinite(values), values, np.nan)

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
    def drawn(self) -> NDArray:
        """(n,) geometries as read, flat (no Z), in the layer's own coordinates."""
        shapes = self.frame.geometry.to_numpy()
        # A copy of millions of vertices is made only where there is something to drop.
        return shapely.force_2d(shapes) if shapely.has_z(shapes).any() else shapes

    @cached_property
    def original(self) -> NDArray:
        """(n,) geometries as read, flat, in the plan's plane."""
        shapes = self._brought.shapes
        return shapes if self.register is None else self.register.put_back(shapes)

    @cached_property
    def _brought(self) -> Brought:
        assert self.crs is not None  # a layer without CRS never becomes one of the plan
        return bring(self.drawn, self.crs, self.plane_crs, self.straight)

    @property
    def added(self) -> NDArray:
        """(k, 2) the vertices that ``original`` and ``plane`` have beyond those stored."""
        return self._brought.added

    def in_plane(self, geometry: Any) -> Any:
        """A geometry in the layer's own coordinates, brought to the plan's plane."""
        assert self.crs is not None
        return crs_care.reproject(np.array([geometry], dtype=object), self.crs, self.plane_crs)[0]

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
        """(n,) bool: there, but not valid as it was drawn, in the layer's own coordinates."""
        return ~self.empty & ~shapely.is_valid(self.drawn)

    def like(self, source: SourceLayer) -> Layer:
        """Other rows of this layer, brought to the plane as its own are."""
        other = Layer(source, self.template, self.plane_crs, straight=self.straight)
        other.register = self.register
        return other

    def take(self, rows: NDArray) -> Layer:
        """A layer of some rows ((k,) positions), with what is known of them: nothing is repaired or read again."""
        source = replace(self.source, frame=self.frame.iloc[rows])
        some = self.like(source)
        known = {name: getattr(self, name)[rows] for name in ("drawn", "original", "broken", "empty", "invalid")}
        at = {int(row): n for n, row in enumerate(rows)}
        repaired = {at[row]: area for row, area in self.repaired.items() if row in at}
        some.stray = {at[row]: problem for row, problem in self.stray.items() if row in at}
        some.__dict__ |= known | {"_prepared": (self.plane[rows], repaired)}
        some.__dict__["unsure_keys"] = frozenset(at[row] for row in self.unsure_keys & at.keys())
        return some

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
        # Another projection can make a hair's breadth of a valid shape invalid, and mend one that is not.
        sound = ~self.invalid if self.original is self.drawn else shapely.is_valid(plane)
        for position in np.flatnonzero(~sound & ~shapely.is_missing(plane)).tolist():
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

    @cached_property
    def polygons(self) -> Polygons:
        """The plane's geometries with what is computed of them once for all rules."""
        return Polygons(self.plane)

    @property
    def repaired(self) -> dict[int, float]:
        return self._prepared[1]

    @cached_property
    def statutory(self) -> NDArray:
        """(n,) statutory areas in m², from the stored vertices; rows that are invalid from a repaired copy."""
        assert self.crs is not None
        if self.crs == self.plane_crs:
            return statutory_area(self.plane, crs_care.lonlat_of(self.crs))
        own = self.drawn.copy()
        own[missing(self.plane)] = None
        for position in np.flatnonzero(self.invalid & ~missing(own)).tolist():
            own[position] = repair(own[position])
        return statutory_area(own, crs_care.lonlat_of(self.crs))


@dataclass
class Unusable:
    """A layer whose coordinates contradict its CRS: known by role, measured by nobody."""

    role: str
    name: str
    problem: str
    params: dict[str, Any]


@dataclass
class Plan:
    """The layers of one county. ``plane`` is the CRS everything is detected in (metres), ``crs`` the one findings are
    given in: the same, but where all layers are in degrees (`crs_care.plane_of_degrees`). ``inputs``: the files read."""

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
    inputs: tuple[str, ...] = ()
    #: The only layers that rules on every layer ask of (`live`); None: all.
    each_of: frozenset[str] | None = None
    #: By role the only rows ((n,) bool) that are asked of, the others being there for them (`live`); none: all.
    asked: dict[str, NDArray] = field(default_factory=dict)
    plane: CRS = None  # type: ignore[assignment]  # the CRS, where nothing else is said
    _cache: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.plane = self.plane or self.crs

    @cached_property
    def _added(self) -> NDArray:
        """Vertices in the plane that no layer has stored, as `stored_only` asks for them."""
        return codes(np.concatenate([np.zeros((0, 2)), *(layer.added for layer in self.layers.values())]))

    def stored_only(self, shapes: NDArray) -> NDArray:
        """(n,) shapes of the plane without vertices that no layer has stored: those are for detection alone."""
        return stored_only(shapes, self._added)

    def shown(self, geometries: NDArray) -> NDArray:
        """(n,) geometries of the plane in the CRS that findings are given in."""
        return crs_care.reproject(geometries, self.plane, self.crs)

    def concept(self, concept: str) -> Layer | None:
        """The layer that answers a concept: the first of its roles that is there. A role names itself."""
        for role in self.roles_of(concept):
            if role in self.layers:
                return self.layers[role]
        return None

    def roles_of(self, concept: str) -> tuple[str, ...]:
        return self.norm.standard.concepts.get(concept, (concept,))

    def unread_roles(self, concept: str) -> list[str]:
        """Layers that would answer the concept too, but that nothing reads: not even another concept asks for them."""
        answering = {lay.role for c in self.norm.standard.concepts if (lay := self.concept(c)) is not None}
        return [r for r in self.roles_of(concept)[1:] if r in self.layers and r not in answering]

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
            county = self.concept("county")
            votes: Counter[str] = Counter()
            for layer in ([county] if county is not None else []) + list(self.layers.values()):
                codes = layer.text("division_code") if layer.has("division_code") else []
                votes.update(c[:6] for c in codes or layer.keys if len(c) >= 6 and c[:6].isdigit())
                if votes and layer is county:
                    break
            self._cache["area_code"] = votes.most_common(1)[0][0] if votes else self.norm.profile.area_code
        return self._cache["area_code"]

    def county_shape(self) -> tuple[Layer, Polygons] | None:
        """The county layer and its extent as one polygon (or None) in one row; None when there is no such layer."""
        layer = self.concept("county")
        if layer is None:
            return None
        if "county_shape" not in self._cache:
            real = layer.plane[~missing(layer.plane)]
            shape = polygons_only(shapely.union_all(real)) if len(real) else None
            self._cache["county_shape"] = Polygons(np.array([shape], dtype=object))
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
        if template.base:
            # A class of yearly maintenance has its layer's fields: only its name tells it.
            continue
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
        # 永久基本农田储备区 is another layer than 永久基本农田, 浑源县永久基本农田 is not.
        return not ("\u4e00" <= after <= "\u9fff") and before != "非"
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
    usable, unusable, strays = _sort_out(chosen)
    others = [s for s in sources if all(s is not c for c in chosen.values())]
    crs, plane = _planes(usable)
    plan = Plan(
        layers={},
        norm=norm,
        scope=choose_scope(norm, set(usable), scope),
        crs=crs,
        plane=plane,
        source=source,
        unusable=unusable,
        unrecognised=[s.name for s in others if not s.problem],
        role_choices=how,
        base_year=base_year,
        inputs=tuple(dict.fromkeys(s.source for s in sources if s.source)),
    )
    for role, read in sorted(usable.items(), key=lambda item: list(norm.standard.templates).index(item[0])):
        check()
        layer = Layer(read, _best_template(read, role, norm), plan.plane, strays.get(role))
        plan.layers[role] = layer
        plan.notices += _value_notices(layer)
    _keep_what_is_shared(plan)
    unread = [s.full_name for s in others if s.problem and s.problem[0] != "table"]
    if unread:
        plan.notices.append(("notice_not_read", {"layers": ", ".join(unread)}))
    _set_apart(plan)
    return plan


def _keep_what_is_shared(plan: Plan) -> None:
    """Vertices and edges that layers of several coordinate systems have in common stay in common."""
    foreign = [layer for layer in plan.layers.values() if layer.crs != plan.plane]
    if not foreign or plan.plane != plan.crs:
        return
    drawn = [(layer.crs, layer.drawn) for layer in plan.layers.values() if layer.crs is not None]
    shared = shared_edges(drawn, plan.plane)
    for layer in foreign:
        if layer.crs in shared:
            layer.straight = shared[layer.crs]
    home = [shapes for crs, shapes in drawn if crs == plan.plane]
    if home:
        register = Register(np.concatenate(home))
        for layer in foreign:
            layer.register = register


def _choose_roles(
    sources: list[SourceLayer], norm: Norm, roles: dict[str, str]
) -> tuple[dict[str, SourceLayer], dict[str, str]]:
    chosen: dict[str, SourceLayer] = {}
    how: dict[str, str] = {}
    for role, name in roles.items():
        if role not in norm.standard.templates:
            raise InputError("role_unknown", role=role, known=", ".join(sorted(norm.standard.templates)))
        chosen[role], how[role] = _named(sources, role, name), "chosen"
    taken = {id(s) for s in chosen.values()}
    # A table or a file that cannot be read has a role only where no layer has it.
    for source in sorted(sources, key=lambda s: s.problem is not None):
        role, reason = find_role(source, norm)
        if not role or id(source) in taken:
            continue
        if role in chosen:
            other = chosen[role]
            if how[role] == "chosen" or source.problem:
                continue
            names = [s.name if source.name != other.name else s.full_name for s in (other, source)]
            raise InputError("two_layers_one_role", role=role, first=names[0], second=names[1])
        chosen[role], how[role] = source, reason
    return chosen, how


def _named(sources: list[SourceLayer], role: str, name: str) -> SourceLayer:
    """The layer that the user means: by name, by ``file/name``, or by either in another case."""
    for means in (lambda s: (s.name,), lambda s: (s.full_name,), lambda s: (s.name.upper(), s.full_name.upper())):
        wanted = name if name in {n for s in sources for n in means(s)} else name.upper()
        found = [s for s in sources if wanted in means(s)]
        if len(found) > 1:
            raise InputError(
                "role_layer_ambiguous", role=role, layer=name, layers=", ".join(s.full_name for s in found)
            )
        if found:
            return found[0]
    raise InputError("role_layer_missing", role=role, layer=name, layers=", ".join(s.name for s in sources) or "-")


_Strays = dict[int, tuple[str, dict[str, Any]]]


def _sort_out(
    chosen: dict[str, SourceLayer],
) -> tuple[dict[str, SourceLayer], dict[str, Unusable], dict[str, _Strays]]:
    """Layers that can be measured, those that cannot, and the rows of the former that lie where they cannot."""
    usable, unusable, strays = {}, {}, {}
    for role, source in chosen.items():
        problem, stray = look_at_coordinates(source)
        if problem:
            unusable[role] = Unusable(role, source.name, *problem)
            continue
        usable[role] = source
        strays[role] = stray
    return usable, unusable, strays


def look_at_coordinates(source: SourceLayer) -> tuple[tuple[str, dict[str, Any]] | None, _Strays]:
    """Why a layer cannot be measured (None when it can), and the positions of rows that lie where they cannot."""
    problem = source.problem or crs_care.coordinate_problem(source.crs, _middle(source))
    if problem or not crs_care.coordinate_problem(source.crs, _whole_extent(source)):
        return problem, {}
    rows = enumerate(_row_bounds(source))
    found = {n: crs_care.coordinate_problem(source.crs, b) for n, b in rows if np.isfinite(b).all()}
    return None, {n: p for n, p in found.items() if p}


def _row_bounds(source: SourceLayer) -> NDArray:
    return shapely.bounds(source.frame.geometry.to_numpy()).reshape(-1, 4)


def _middle(source: SourceLayer) -> NDArray:
    """Where most rows lie, whatever a few stray ones do: the median of their bounds (NaN when there are none)."""
    bounds = _row_bounds(source)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    return np.median(bounds, axis=0) if len(bounds) else np.full(4, np.nan)


def _whole_extent(source: SourceLayer) -> NDArray:
    bounds = _row_bounds(source)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(bounds):
        return np.full(4, np.nan)
    return np.concatenate([bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)])


def _planes(usable: dict[str, SourceLayer]) -> tuple[CRS, CRS]:
    """The CRS findings are given in, and the plane they are looked for in."""
    longitude, latitude = 114.0, 36.0
    for source in usable.values():
        bounds = _middle(source)
        if source.crs is not None and np.isfinite(bounds).all():
            centre = np.array([shapely.Point((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2)])
            place = crs_care.to_lonlat(centre, source.crs)[0]
            longitude, latitude = float(place.x), float(place.y)
            break
    crs = crs_care.choose([(s.crs, len(s.frame)) for s in usable.values() if s.crs], longitude, latitude)
    # A layer without rows bends nothing.
    found = {s.crs for s in usable.values() if s.crs is not None and len(s.frame)}
    if len(found) == 1 and all(crs_care.describe(c).geographic for c in found):
        return crs, crs_care.plane_of_degrees(longitude, latitude)
    return crs, crs


def _value_notices(layer: Layer) -> list[tuple[str, dict[str, Any]]]:
    """What the values themselves say went wrong before they came here: nothing there, digits lost, text garbled."""
    if not len(layer):
        return [("notice_empty_layer", {"layer": layer.name, "role": layer.role})]
    notices: list[tuple[str, dict[str, Any]]] = []
    for declared in layer.template.fields:
        values = layer.named(declared.name)
        if values is None:
            continue
        params = {"layer": layer.name, "field": declared.name}
        if declared.type == "text" and values.dtype.kind == "f":
            lost = np.abs(values.to_numpy(dtype=float, na_value=0.0)) >= 2**53
            if lost.any():
                notices.append(("notice_digits_lost", {**params, "count": int(lost.sum())}))
        elif values.dtype.kind not in "iufbM":
            texts = {v for v in values.unique() if isinstance(v, str) and garbled(v)}
            if texts:
                count = int(values.isin(texts).sum())
                notices.append(
                    (
                        "notice_garbled",
                        {**params, "count": count, "example": "…" if declared.personal else min(texts)[:20]},
                    )
                )
    return notices


def _best_template(source: SourceLayer, role: str, norm: Norm) -> Template:
    """The edition whose fields the layer has most of; the standard's own where they are equal."""
    columns = {f.name.upper() for f in source.fields}
    editions = norm.standard.all_templates(role)
    return max(editions, key=lambda t: sum(f.name in columns for f in t.fields) / max(len(t.fields), 1))


def choose_scope(norm: Norm, roles: set[str], wanted: str = "") -> str:
    """The scope that was asked for, else the widest whose layers are all there. InputError for one that is not."""
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
APART_M = 100_000.0


def _set_apart(plan: Plan) -> None:
    """A layer that lies nowhere near the others was given the wrong zone: nothing can be said of it.

    Home is where most layers are; of two that disagree, the county's outline, else the one with more features.
    """
    boxes = {role: box for role, layer in plan.layers.items() if (box := _box(layer)) is not None}
    groups: list[set[str]] = []
    for role, box in boxes.items():
        near = [g for g in groups if any(shapely.distance(box, boxes[r]) <= APART_M for r in g)]
        groups = [g for g in groups if g not in near] + [{role}.union(*near)]
    county = plan.concept("county")
    home = max(
        groups,
        key=lambda g: (len(g), county is not None and county.role in g, sum(len(plan.layers[r]) for r in g)),
        default=set(),
    )
    for role in boxes.keys() - home:
        layer = plan.layers.pop(role)
        distances = {r: float(shapely.distance(boxes[role], boxes[r])) for r in home}
        nearest = min(distances, key=lambda r: distances[r])
        params = {
            "crs": crs_care.label(layer.crs),
            "distance_km": round(distances[nearest] / 1000, 1),
            "other": plan.layers[nearest].name,
        }
        plan.unusable[role] = Unusable(role, layer.name, "apart", params)


def _box(layer: Layer) -> Any:
    """The rectangle around a layer in the plane, without rows that lie nowhere; None when no row is left."""
    bounds = shapely.bounds(layer.original).reshape(-1, 4)
    kept = np.isfinite(bounds).all(axis=1)
    kept[list(layer.stray)] = False
    if not kept.any():
        return None
    return shapely.box(*bounds[kept, :2].min(axis=0), *bounds[kept, 2:].max(axis=0))
