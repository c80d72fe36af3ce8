# SPDX-License-Identifier: GPL-2.0-or-later
"""The layers of one county by role, ready to be measured; inputs are never changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from ..geometry import crs as crs_care
from ..geometry.polygons import Polygons
from ..geometry.straight import codes, stored_only, stored_points
from ..geometry.union import united
from ..indicators.typed import TypedFigure
from ..model.rule import EACH, Rule
from ..model.unread import Unread
from ..profile import Norm
from ..standard.numbering import is_county
from ..transmission.model import TownshipTasks
from ..waivers.model import Waivers
from .layer import Layer

if TYPE_CHECKING:
    # It asks the context, which knows plans.
    from ..heritage.heritage_list import HeritageList
    from ..loading.recognition import MissedScope
    from ..package.inspection.facts import PackageFacts
    from ..yearly.record import Record


@dataclass
class Unusable:
    """A layer whose coordinates contradict its CRS: known by role, measured by nobody."""

    role: str
    name: str
    problem: str
    params: dict[str, Any]

    @property
    def why(self) -> tuple[str, dict[str, Any]]:
        """What `Texts.problem` makes a sentence of."""
        return self.problem, {"layer": self.name, "role": self.role, **self.params}


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
    #: What lies in the source and was not read.
    unread: list[Unread] = field(default_factory=list)
    #: A wider scope that the layers point to; None where there is none.
    missed_scope: MissedScope | None = None
    base_year: int | None = None
    #: Figures as text, tables and maps print them; empty where no table was given.
    figures: tuple[TypedFigure, ...] = ()
    #: Tasks handed down to the townships; empty where no table was given.
    targets: TownshipTasks = field(default_factory=TownshipTasks)
    register: HeritageList | None = None
    #: What is seen of the package that the layers are of; None where none is inspected.
    package: PackageFacts | None = None
    #: What was recorded of yearly maintenance when it was made; None where it is none, or nothing was recorded.
    record: Record | None = None
    inputs: tuple[str, ...] = ()
    #: The only layers that rules on every layer ask of (`live`); None: all.
    each_of: frozenset[str] | None = None
    #: By role the only rows ((n,) bool) that are asked of, the others being there for them (`live`); none: all.
    asked: dict[str, NDArray] = field(default_factory=dict)
    waivers: Waivers = field(default_factory=Waivers)
    #: The sealed edition (封库版本) that this one is held against, in the same plane.
    baseline: Plan | None = None
    #: (role, old key) → new key, where keys were given anew since.
    renumbered: dict[tuple[str, str], str] = field(default_factory=dict)
    plane: CRS = None  # type: ignore[assignment]  # the CRS, where nothing else is said
    #: By width (m) what names polygons that are nowhere narrower (GEO008).
    known_wide: dict[float, set[tuple[float, ...]]] = field(default_factory=dict)
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

    def stored_points(self, points: NDArray) -> NDArray:
        """(k,) bool: which of (k, 2) vertices of the plane a layer has stored."""
        return stored_points(points, self._added)

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

    def serves(self, rule: Rule) -> bool:
        """Return True if the plan has every layer, field and side input that a rule requires."""
        if any(getattr(self, name) is None for name in rule.side):
            return False
        required = [need for need in rule.needs.values() if need.concept != EACH and not need.optional]
        layers = [(self.concept(need.concept), need.fields) for need in required]
        # Around an edit, a layer without shapes there is no missing layer.
        return all(
            layer is not None and (bool(self.asked) or not layer.bare) and all(map(layer.has, fields))
            for layer, fields in layers
        )

    def unread_roles(self, concept: str) -> list[str]:
        """Layers that would answer the concept too, but that nothing reads: not even another concept asks for them.
        Classes of yearly maintenance are each of another layer, and each is read."""
        if self.norm.standard.is_maintenance(concept):
            return []
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
            self._cache["area_code"] = self._voted_code or self.norm.profile.area_code
        code: str = self._cache["area_code"]
        return code

    @property
    def area_known(self) -> bool:
        """Return True if the data themselves name the county."""
        return bool(self._voted_code)

    @cached_property
    def _voted_code(self) -> str:
        county = self.concept("county")
        votes: Counter[str] = Counter()
        for layer in ([county] if county is not None else []) + list(self.layers.values()):
            codes = layer.text("division_code") if layer.has("division_code") else []
            votes.update(c[:6] for c in codes or layer.keys if is_county(c[:6]))
            if votes and layer is county:
                break
        return votes.most_common(1)[0][0] if votes else ""

    def county_shape(self) -> tuple[Layer, Polygons] | None:
        """The county layer and its extent as one polygon (or None) in one row; None when there is no such layer."""
        layer = self.concept("county")
        if layer is None:
            return None
        if "county_shape" not in self._cache:
            shape = united(layer.polygons, tolerance=self.norm.tolerance())
            self._cache["county_shape"] = Polygons(np.array([shape], dtype=object))
        return layer, self._cache["county_shape"]
