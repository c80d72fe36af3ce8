# SPDX-License-Identifier: GPL-2.0-or-later
"""The layers of one county by role, and the focus of a re-check.

Inputs are never changed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from ..geometry import crs as crs_care
from ..geometry.edge_densification import added_vertex_codes, are_stored_vertices, without_added_vertices
from ..geometry.polygons import Polygons, union_rows
from ..model.findings import UnreadData
from ..profile import Norm
from ..standard.numbering import is_county
from .layer import Layer


@dataclass
class Unusable:
    """A layer whose coordinates contradict its CRS, so that it cannot be measured.

    Its role is known.
    """

    role: str
    name: str
    problem: str
    params: dict[str, Any]

    @property
    def why(self) -> tuple[str, dict[str, Any]]:
        """Return text key and parameters for `Texts.problem`."""
        return self.problem, {"layer": self.name, "role": self.role, **self.params}


@dataclass(frozen=True)
class MissedScope:
    """A wider scope that the layers indicate and that was not used.

    ``present``: concepts that only this scope lists; ``lacking``: its mandatory concepts without a layer. ``evident``:
    the delivery clearly has this scope. ``chosen``: the user chose the narrower scope.
    """

    taken: str
    wider: str
    present: tuple[str, ...]
    lacking: tuple[str, ...]
    evident: bool
    chosen: bool = False


@dataclass
class Plan:
    """The layers of one county.

    ``plane``: the CRS for detection (metres). ``crs``: the CRS of findings; both are equal unless all layers are in
    degrees (`crs.make_local_plane`). ``inputs``: the files read.
    """

    layers: dict[str, Layer]
    norm: Norm
    scope: str
    crs: CRS
    source: str = ""
    unusable: dict[str, Unusable] = field(default_factory=dict)
    unrecognised: list[str] = field(default_factory=list)
    role_choices: dict[str, str] = field(default_factory=dict)
    notices: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    #: Data of the source that were not read.
    unread: list[UnreadData] = field(default_factory=list)
    #: A wider scope that the layers indicate; None without one.
    missed_scope: MissedScope | None = None
    base_year: int | None = None
    inputs: tuple[str, ...] = ()
    plane: CRS = None  # type: ignore[assignment]  # by default equal to the CRS
    #: The county's six digits if the rows that contain them are not loaded ("": they contain none); None: read the
    #: rows.
    given_code: str | None = None
    _computed: dict[str, dict[Any, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.plane = self.plane or self.crs

    @cached_property
    def _added(self) -> NDArray:
        """Return the vertices in the plane that no layer has stored."""
        return added_vertex_codes(np.concatenate([np.zeros((0, 2)), *(layer.added for layer in self.layers.values())]))

    def without_added_vertices(self, shapes: NDArray) -> NDArray:
        """Return (n,) geometries of the plane without vertices that no layer has stored.

        Those vertices are for detection only.
        """
        return without_added_vertices(shapes, self._added)

    def are_stored_vertices(self, points: NDArray) -> NDArray:
        """Return (k,) bool: which of (k, 2) vertices of the plane a layer has stored."""
        return are_stored_vertices(points, self._added)

    def shown(self, geometries: NDArray) -> NDArray:
        """Return (n,) geometries of the plane in the CRS of findings."""
        return crs_care.reproject(geometries, self.plane, self.crs)

    def concept(self, concept: str) -> Layer | None:
        """Return the layer that answers a concept: the first present role.

        A role names itself.
        """
        for role in self.roles_of(concept):
            if role in self.layers:
                return self.layers[role]
        return None

    def roles_of(self, concept: str) -> tuple[str, ...]:
        """Return the roles that answer a concept."""
        return self.norm.standard.concepts.get(concept, (concept,))

    def unread_roles(self, concept: str) -> list[str]:
        """Return layers that would answer the concept too, but that no concept reads.

        Classes of yearly maintenance belong to different layers, and each is read.
        """
        if self.norm.standard.is_maintenance(concept):
            return []
        answering = {lay.role for c in self.norm.standard.concepts if (lay := self.concept(c)) is not None}
        return [r for r in self.roles_of(concept)[1:] if r in self.layers and r not in answering]

    def unusable_for(self, concept: str) -> Unusable | None:
        """Return the first unusable layer of a concept; None without one."""
        return next((self.unusable[r] for r in self.roles_of(concept) if r in self.unusable), None)

    def expects(self, concept: str) -> bool:
        """Return True if the scope requires the concept, unless the profile has 本县无."""
        scope = self.norm.standard.scopes[self.scope]
        return concept in scope.mandatory and concept not in self.norm.profile.absent

    def computed(self, name: str) -> dict[Any, Any]:
        """Return the values of this name that were computed from the plan's layers.

        Callers read and extend the dict. They remain as long as the plan; rules and figures that need the same value
        compute it once.
        """
        return self._computed.setdefault(name, {})

    def part(self, layers: dict[str, Layer], *, same_county: bool) -> Plan:
        """Return a plan of some of the rows.

        Values derived from all rows of the county are kept. ``same_county``: the layer of the county is the same in
        both.
        """
        some = Plan(layers, self.norm, self.scope, self.crs, base_year=self.base_year, role_choices=self.role_choices)
        some.plane, some.given_code = self.plane, self._find_voted_code
        if same_county and (shape := self.county_shape()) is not None:
            some.computed("county_shape")[None] = shape[1]
        return some

    @property
    def area_code(self) -> str:
        """Return the county's six digits: the most frequent in the rows.

        Without rows, those of the profile. The rows give 行政区代码, else the first digits of the BSM. The county
        layer is read first: a neighbour's rows in another layer must not determine the county.
        """
        return self._find_voted_code or self.norm.profile.area_code

    @property
    def area_known(self) -> bool:
        """Return True if the data themselves name the county."""
        return bool(self._find_voted_code)

    @cached_property
    def _find_voted_code(self) -> str:
        if self.given_code is not None:
            return self.given_code
        county = self.concept("county")
        votes: Counter[str] = Counter()
        for layer in ([county] if county is not None else []) + list(self.layers.values()):
            codes = layer.text("division_code") if layer.has("division_code") else []
            votes.update(c[:6] for c in codes or layer.keys if is_county(c[:6]))
            if votes and layer is county:
                break
        return votes.most_common(1)[0][0] if votes else ""

    def county_shape(self) -> tuple[Layer, Polygons] | None:
        """Return the county layer and its extent as one polygon (or None) in one row.

        None without such a layer.
        """
        layer = self.concept("county")
        if layer is None:
            return None
        known = self.computed("county_shape")
        if None not in known:
            shape = union_rows(layer.polygons, tolerance=self.norm.tolerance())
            known[None] = Polygons(np.array([shape], dtype=object))
        return layer, known[None]


@dataclass(frozen=True)
class Focus:
    """The rows and roles that a re-check concerns.

    ``rows``: role → (n,) bool, the rows to check; the other rows are context. ``roles``: the only layers for rules on
    every layer; None: all.
    """

    rows: dict[str, NDArray] = field(default_factory=dict)
    roles: frozenset[str] | None = None
