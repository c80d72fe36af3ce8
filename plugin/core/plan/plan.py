# SPDX-License-Identifier: GPL-2.0-or-later
"""The layers of one county by role (layer code), and the focus of a recheck.

Rules never change the layers of a plan. What a rule reads of them can be recorded (`LayerTable`).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ..base.parallel.threads import get_lock, shared_property
from ..geometry import crs as crs_care
from ..geometry.edge_densification import hash_added_vertices, mask_stored_vertices, remove_added_vertices
from ..geometry.polygons import Polygons, union_polygon_rows
from ..geometry.statutory_area import EqualAreaPlane
from ..model.findings import UnreadData
from ..standard.messages.finding_message import describe_unread
from ..standard.messages.texts import Message, Texts
from ..standard.numbering import has_county_code_format
from ..standard.profile import Norm
from ..standard.template import Template
from .layer import Layer
from .unused_rows import GAPS_SECTION, describe_net_excess, describe_unused_rows, make_layer_name


@dataclass
class LayerUse:
    """What a computation read of a plan's layers.

    ``roles_read``: roles (layer codes) of layers whose rows it may have read. ``roles_tested``: roles that it only
    tested for presence. ``reads_all``: it went through all layers, or read a value that may come from any layer.
    """

    roles_read: set[str] = field(default_factory=set)
    roles_tested: set[str] = field(default_factory=set)
    reads_all: bool = False

    def add_use(self, other: LayerUse) -> None:
        """Add the layers that another computation read."""
        self.roles_read |= other.roles_read
        self.roles_tested |= other.roles_tested
        self.reads_all |= other.reads_all


class LayerTable(dict[str, "Layer"]):
    """Layers by role. Within `record_use` each access is recorded.

    Recordings may be nested: an access is recorded in all of them. Those of a thread record its accesses only.
    """

    def __init__(self, *layers: Any):
        super().__init__(*layers)
        self._recordings_by_thread: dict[int, list[LayerUse]] = {}

    @property
    def _recordings(self) -> list[LayerUse]:
        """Return the recordings of the calling thread."""
        return self._recordings_by_thread.get(threading.get_ident(), [])

    @contextmanager
    def record_use(self) -> Iterator[LayerUse]:
        """Record which layers the code of the ``with`` block reads."""
        use = LayerUse()
        recordings = self._recordings_by_thread.setdefault(threading.get_ident(), [])
        recordings.append(use)
        try:
            yield use
        finally:
            # By identity: two recordings with the same roles are equal.
            recordings[:] = [one for one in recordings if one is not use]

    def add_use(self, use: LayerUse) -> None:
        """Add layers that were read by other means, such as an earlier computation whose result is used again."""
        for recording in self._recordings:
            recording.add_use(use)

    def record_all(self) -> None:
        """Record that any layer may have been read."""
        for recording in self._recordings:
            recording.reads_all = True

    def __getitem__(self, role: str) -> Layer:
        for recording in self._recordings:
            recording.roles_read.add(role)
        return super().__getitem__(role)

    def get(self, role: str, default: Any = None) -> Any:
        """Return the layer of a role, else ``default``."""
        for recording in self._recordings:
            recording.roles_read.add(role)
        return super().get(role, default)

    def __contains__(self, role: object) -> bool:
        for recording in self._recordings:
            recording.roles_tested.add(str(role))
        return super().__contains__(role)

    def __iter__(self) -> Iterator[str]:
        self.record_all()
        return super().__iter__()

    def __len__(self) -> int:
        self.record_all()
        return super().__len__()

    def keys(self) -> Any:
        """Return the roles."""
        self.record_all()
        return super().keys()

    def values(self) -> Any:
        """Return the layers."""
        self.record_all()
        return super().values()

    def items(self) -> Any:
        """Return roles and layers."""
        self.record_all()
        return super().items()


@dataclass
class UnusableLayer:
    """A recognised layer that cannot be measured: its coordinates contradict its CRS.

    ``problem``, ``params``: text key and parameters of the reason.
    """

    role: str
    name: str
    problem: str
    params: dict[str, Any]

    @property
    def problem_message(self) -> tuple[str, dict[str, Any]]:
        """Return text key and parameters of the problem, for `Texts.format_problem`."""
        return self.problem, {"layer": self.name, "role": self.role, **self.params}


@dataclass(frozen=True)
class MissedScope:
    """A wider scope (kind of delivery) that the layers indicate, but that was not checked.

    ``used_scope``: the scope that was checked; ``wider_scope``: the wider one; ``present_concepts``: concepts of the
    wider scope that have layers; ``lacking_concepts``: its mandatory concepts without a layer. ``is_evident``: the
    delivery clearly has the wider scope. ``is_chosen_by_user``: the user chose the narrower scope.
    """

    used_scope: str
    wider_scope: str
    present_concepts: tuple[str, ...]
    lacking_concepts: tuple[str, ...]
    is_evident: bool
    is_chosen_by_user: bool = False


@dataclass
class Plan:
    """The recognised layers of one county, in one plane.

    ``layers``: by role (layer code). ``plane_crs``: the CRS (metres) in which overlays are computed. ``crs``: the CRS
    of findings; it equals ``plane_crs`` unless all layers are in degrees. ``scope``: the kind of delivery.
    ``input_files``: the files that were read. ``role_choices``: role → why its layer was chosen. ``notices``: (text
    key, parameters) of each notice. ``base_year``: year of the land survey, None if unknown. ``known_county_code``:
    county code, None if rows give it.
    """

    layers: dict[str, Layer]
    norm: Norm
    scope: str
    crs: CRS
    source: str = ""
    unusable_layers: dict[str, UnusableLayer] = field(default_factory=dict)
    unrecognised_layers: list[str] = field(default_factory=list)
    #: Name of a layer without a role → rows of all layers of this name; None if unknown.
    unrecognised_row_counts: dict[str, int | None] = field(default_factory=dict)
    role_choices: dict[str, str] = field(default_factory=dict)
    notices: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    #: Data of the source that were not read.
    unread_data: list[UnreadData] = field(default_factory=list)
    #: A wider scope that the layers indicate; None without one.
    missed_scope: MissedScope | None = None
    base_year: int | None = None
    input_files: tuple[str, ...] = ()
    plane_crs: CRS = None  # type: ignore[assignment]  # by default equal to the CRS
    #: The county's six digits if the rows that contain them are not loaded ("": they contain none); None: read the
    #: rows.
    known_county_code: str | None = None
    #: Returns the values of a field of a layer (by code) of which this plan has only some rows; None for a whole plan.
    whole_layer_values: Callable[[str, str], Collection[str]] | None = field(
        default=None, init=False, repr=False, compare=False
    )
    _computed: dict[str, dict[Any, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.plane_crs = self.plane_crs or self.crs
        self.layer_table = LayerTable(self.layers)
        self.layers = self.layer_table

    @shared_property
    def _added_vertex_codes(self) -> NDArray:
        """Return sorted hashes of the vertices that densification added in any layer."""
        return hash_added_vertices(
            np.concatenate([np.zeros((0, 2)), *(layer.added_vertices for layer in self.layers.values())])
        )

    def _record_densified_layers(self) -> None:
        """Record that any layer may have been read, unless no layer can have vertices of densification."""
        if any(layer.crs != self.plane_crs for layer in dict.values(self.layers)):
            self.layer_table.record_all()

    def remove_added_vertices(self, shapes: NDArray) -> NDArray:
        """Return (n,) geometries of the plane without the vertices of densification."""
        self._record_densified_layers()
        return remove_added_vertices(shapes, self._added_vertex_codes)

    def mask_stored_vertices(self, points: NDArray) -> NDArray:
        """Return (k,) bool: which of (k, 2) points of the plane are stored vertices, not added by densification."""
        self._record_densified_layers()
        return mask_stored_vertices(points, self._added_vertex_codes)

    def reproject_for_findings(self, geometries: NDArray) -> NDArray:
        """Return (n,) geometries of the plane reprojected into the CRS of findings."""
        return crs_care.reproject_geometries(geometries, self.plane_crs, self.crs)

    @property
    def templates(self) -> dict[str, Template]:
        """Return role → template; a layer with the fields of another standard has that template."""
        standard = self.norm.standard
        other = {role: one.template for role, one in self.layers.items() if standard.is_other_schema(one.template)}
        return standard.templates | other

    def find_layer_of_concept(self, concept: str) -> Layer | None:
        """Return the layer of a concept: that of the first of its roles that the plan has; None for none.

        A concept is a name for several layer codes; a layer code is also a concept, of itself alone.
        """
        # A loop: live checks ask hundreds of times for each edit.
        for role in self.list_roles_of_concept(concept):
            if role in self.layers:
                return self.layers[role]
        return None

    def find_drawn_layer(self, *concepts: str) -> Layer | None:
        """Return the first layer of the concepts that can have shapes, one with features before an empty one."""
        layers = [layer for one in concepts if (layer := self.find_layer_of_concept(one)) is not None]
        drawn = [one for one in layers if not one.has_no_geometry]
        return next((one for one in drawn if len(one)), drawn[0] if drawn else None)

    def list_roles_of_concept(self, concept: str) -> tuple[str, ...]:
        """Return the layer codes that a concept names, by precedence."""
        return self.norm.standard.concepts.get(concept, (concept,))

    def list_unread_roles(self, concept: str) -> list[str]:
        """Return the roles of a concept whose layers no rule reads, because another layer of the concept comes first.

        For concepts of yearly maintenance the result is empty: each of their layers is read.
        """
        if self.norm.standard.is_maintenance(concept):
            return []
        read_roles = {
            layer.role
            for other_concept in self.norm.standard.concepts
            if (layer := self.find_layer_of_concept(other_concept)) is not None
        }
        return [
            role for role in self.list_roles_of_concept(concept)[1:] if role in self.layers and role not in read_roles
        ]

    def find_unusable_layer(self, concept: str) -> UnusableLayer | None:
        """Return the first unusable layer among the roles of a concept; None without one."""
        return next(
            (
                self.unusable_layers[role]
                for role in self.list_roles_of_concept(concept)
                if role in self.unusable_layers
            ),
            None,
        )

    def list_gaps(self, *concepts: str) -> tuple[Message, ...]:
        """Return sentences on unknown data of the layers of concepts.

        These are the `Layer.gaps` of usable layers, and layers that cannot be used at all.
        """
        gaps: dict[str, tuple[Message, ...]] = {}
        for concept in concepts:
            if (layer := self.find_layer_of_concept(concept)) is not None:
                gaps[layer.role] = layer.gaps
            elif (unusable := self.find_unusable_layer(concept)) is not None:
                template = self.norm.standard.templates[unusable.role]
                layer_name = make_layer_name(unusable.name, unusable.role, template.name)
                gaps[unusable.role] = (Message(GAPS_SECTION, "layer", {"layer": layer_name}),)
        return tuple(gap for gaps_of_layer in gaps.values() for gap in gaps_of_layer)

    def describe_gaps(self, texts: Texts, names: Mapping[str, str] = MappingProxyType({})) -> list[str]:
        """Return sentences on data not read, and on rows of all layers not used or with more net than gross area.

        ``names``: layer code → name of the layer where the plan comes from, if that differs.
        """
        unused = (
            describe_unused_rows(
                make_layer_name(names.get(one.role, one.name), one.role, one.template.name), one.unused_rows
            )
            for one in self.layers.values()
        )
        return [
            *(describe_unread(texts, one) for one in self.unread_data),
            *[one.render(texts) for one in unused if one is not None],
            *self.describe_net_excess(texts, names),
        ]

    def describe_net_excess(
        self, texts: Texts, names: Mapping[str, str] = MappingProxyType({}), roles: Collection[str] | None = None
    ) -> list[str]:
        """Return sentences on rows whose net area exceeds the gross area, as `describe_gaps` has them.

        Rows with the gross area of the field are compared within the allowance of ATT003, with the statutory area
        within that of ATT013. ``roles``: codes of the layers that are compared, None for all.
        """
        allowances = [float(self.norm.get(f"rules.{code}.allowance_m2")) for code in ("ATT003", "ATT013")]
        sentences = (
            describe_net_excess(
                make_layer_name(names.get(one.role, one.name), one.role, one.template.name),
                one.get_field_name("net_area"),
                one.list_net_excess(*allowances),
            )
            for one in self.layers.values()
            if one.has_values("net_area") and (roles is None or one.role in roles)
        )
        return [one.render(texts) for one in sentences if one is not None]

    def requires_concept(self, concept: str) -> bool:
        """Return True if the scope requires the concept and the profile does not declare it absent (本县无)."""
        scope = self.norm.standard.scopes[self.scope]
        return concept in scope.mandatory_concepts and concept not in self.norm.profile.absent

    def get_cache(self, name: str, *, of_given_layers: bool = False) -> dict[Any, Any]:
        """Return the cache with this name, a dict that callers read and extend.

        It lasts as long as the plan, so that rules and figures compute a shared value once.

        Parameters
        ----------
        of_given_layers
            The values depend only on layers that the caller has read itself. Otherwise a rule that uses the cache
            counts as reading all layers, because another rule may have computed the value (`LayerUse`).
        """
        if not of_given_layers:
            self.layer_table.record_all()
        return self._computed.setdefault(name, {})

    def find_values_of_field(self, role: str, field_name: str) -> Collection[str]:
        """Return the distinct values of a field as text, without the empty one; nothing without the layer.

        In a plan of some rows (`make_plan_of_rows`) they are those of the whole layer.
        """
        if self.whole_layer_values is not None:
            return self.whole_layer_values(role, field_name)
        return self.count_values_of_field(role, field_name).keys()

    def count_values_of_field(self, role: str, field_name: str) -> Mapping[str, int]:
        """Return value → number of rows, for the values of a field as text without the empty one.

        Callers must not change the result.
        """
        if role not in self.layers:
            return {}
        counts = self.get_cache("value_counts", of_given_layers=True)
        if (role, field_name) not in counts:
            counts[role, field_name] = Counter(filter(None, self.layers[role].get_texts_by_name(field_name)))
        return cast("Mapping[str, int]", counts[role, field_name])

    def make_plan_of_rows(self, layers: dict[str, Layer], *, same_county: bool) -> Plan:
        """Return a plan of layers that have only some rows, with the county code and outline of this plan.

        ``layers``: by role. ``same_county``: the county layer is unchanged; if False, its outline is computed anew.
        """
        small_plan = Plan(
            layers, self.norm, self.scope, self.crs, base_year=self.base_year, role_choices=self.role_choices
        )
        small_plan.plane_crs, small_plan.known_county_code = self.plane_crs, self._voted_code
        if same_county and (county_shape := self.compute_county_shape()) is not None:
            small_plan.get_cache("county_shape", of_given_layers=True)[None] = county_shape[1]
        return small_plan

    @property
    def area_code(self) -> str:
        """Return the six digits of the county's code: those that most rows have, else the profile's.

        Rows have them in 行政区代码, else at the start of the key (BSM). If rows of the county layer have them, other
        layers are ignored: a neighbour's rows must not determine the county.
        """
        return self._voted_code or self.norm.profile.area_code

    @property
    def is_area_code_from_data(self) -> bool:
        """Return True if the county code comes from the rows, not from the profile."""
        return bool(self._voted_code)

    @shared_property
    def _voted_code(self) -> str:
        """Return the six digits that most rows have; empty if no row has a county code.

        Where counties share only the first digits of their codes, as in a city, it is the code of the whole.
        """
        if self.known_county_code is not None:
            return self.known_county_code
        county = self.find_layer_of_concept("county")
        votes: Counter[str] = Counter()
        for layer in ([county] if county is not None else []) + list(self.layers.values()):
            codes = layer.text("division_code") if layer.has_field("division_code") else []
            # A field without any code is as good as none.
            found = [code[:6] for code in codes if has_county_code_format(code[:6])]
            votes.update(found or (key[:6] for key in layer.keys if has_county_code_format(key[:6])))
            if votes and layer is county:
                break
        digits = int(self.norm.get("attributes.area_digits"))
        return votes.most_common(1)[0][0][:digits].ljust(6, "0") if votes else ""

    @shared_property
    def equal_area_plane(self) -> EqualAreaPlane:
        """Return the equal-area plane for areas on the ellipsoid of shapes in the plan's plane."""
        return EqualAreaPlane(crs_care.make_lonlat_transformer(self.plane_crs))

    def compute_county_shape(self) -> tuple[Layer, Polygons] | None:
        """Return the county layer, and the union of its rows as a layer of one polygon.

        The polygon is None if the union failed. Return None without a county layer.
        """
        layer = self.find_layer_of_concept("county")
        if layer is None:
            return None
        cached = self.get_cache("county_shape", of_given_layers=True)
        with get_lock(self, "county_shape"):
            if None not in cached:
                cached[None] = Polygons(
                    np.array([union_polygon_rows(layer.polygons, tolerance=self.norm.make_tolerance())], dtype=object)
                )
            return layer, cached[None]

    def compute_sea_shape(self) -> Any:
        """Return the union of the rows of the layer of the sea; None without such a layer."""
        sea = self.find_layer_of_concept("sea")
        if sea is None or sea.has_no_geometry:
            return None
        cached = self.get_cache("sea_shape", of_given_layers=True)
        with get_lock(self, "sea_shape"):
            if None not in cached:
                cached[None] = shapely.union_all(sea.plane_shapes[sea.has_shape])
            return cached[None]

    def compute_extent_of_land_and_sea(self) -> Any:
        """Return the union of the county's outline and of the sea; None without a layer of the sea or an outline."""
        county, sea = self.compute_county_shape(), self.compute_sea_shape()
        if sea is None or county is None or county[1].shapes[0] is None:
            return None
        cached = self.get_cache("land_and_sea", of_given_layers=True)
        with get_lock(self, "land_and_sea"):
            if None not in cached:
                cached[None] = shapely.union(county[1].shapes[0], sea)
            return cached[None]


@dataclass(frozen=True)
class RecheckFocus:
    """The rows and layers that a recheck after an edit checks.

    ``row_mask_by_role``: role → (n,) bool, the rows to check; all other rows are there because these rows meet them.
    ``roles``: the layers that rules on every layer check; None for all.
    """

    row_mask_by_role: dict[str, NDArray] = field(default_factory=dict)
    roles: frozenset[str] | None = None
