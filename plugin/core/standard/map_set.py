# SPDX-License-Identifier: GPL-2.0-or-later
"""Read maps.toml: the maps, their styles, and the layers that they show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from ...paths import LAYOUTS_FOLDER
from ..base.errors import InputError
from ..base.files.data import (
    NOT_IN_FILE,
    ONE_OR_SEVERAL,
    SourceMark,
    between,
    check_known,
    check_unique,
    make_unknown_value_error,
    one_of,
    read_toml_record,
)

#: The map set that comes with the plugin.
DEFAULT_MAP_SET = LAYOUTS_FOLDER / "maps.toml"
#: Whole county, or 中心城区.
MAP_SCOPES = ("county", "centre")
#: Characters that file names cannot have on a supported system.
_FORBIDDEN_CHARACTER_PATTERN = re.compile(r'[\\/:*?"<>|\s]+')


@dataclass(frozen=True)
class LayerSpec:
    """One layer of a map.

    ``of``: concepts or layer codes, of which the first available one is shown; ``name``: its name in the legend;
    ``style``: id of a style; ``need``: the map is not made without it; ``any``: the map needs at least one layer of
    this kind; ``underlay``: drawn as background.
    """

    of: Annotated[tuple[str, ...], ONE_OR_SEVERAL]
    name: str
    style: str = field(default="", metadata={"key": "look"})
    need: bool = False
    any: bool = False
    underlay: bool = False


@dataclass(frozen=True)
class MapSpec:
    """One map of the set.

    ``number``: its number in file names; ``title``: on the county's sheet and in its file name; ``scope``: ``county``
    or ``centre``; ``short``: title on a township's sheet, empty if townships have no sheet of it.
    """

    id: str
    number: int
    title: str
    title_en: str
    scope: Annotated[str, one_of(*MAP_SCOPES)]
    layers: tuple[LayerSpec, ...]
    short: str = ""

    @property
    def is_by_township(self) -> bool:
        """Return True if each township has a sheet of this map."""
        return self.scope == "county" and bool(self.short)


@dataclass(frozen=True)
class MergedClass:
    """A class of land use that a map draws, with the ``codes`` that it merges."""

    name: str
    fill: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class LayerStyle:
    """How a map draws a layer, where it differs from the layer's own symbols.

    None and empty values change nothing. ``opacity``: 0 to 1. ``labels``: size in points on A3, 0 for none. ``around``:
    labels are placed around their feature. ``fixed``: symbols keep their size on the map of a whole county. ``fill``,
    ``line``: colours. ``classes``: the only classes to draw. ``spaces``: drawn with the symbols of the three zones.
    """

    opacity: float | None = None
    labels: float | None = None
    around: bool = False
    fixed: bool = False
    fill: str = ""
    line: str = ""
    classes: tuple[MergedClass, ...] = ()
    spaces: bool = False


@dataclass(frozen=True)
class PageSize:
    """A page size in landscape: width and height in mm.

    ``factor``: enlargement of A3; ``symbols``: factor for symbols on the map of a whole county, which has a small
    scale; ``labels``: factor for names on any map.
    """

    id: str = field(metadata=NOT_IN_FILE)
    width: float
    height: float
    factor: float
    symbols: float
    labels: float


@dataclass(frozen=True)
class MapSet:
    """A set of maps with styles and page sizes.

    ``plan``: title of the plan; ``note``: remark printed on each map; ``file_name``: pattern of file names; ``scales``:
    digits of round scale denominators; ``raster_above``: a layer with more features is drawn as a picture in a PDF;
    ``fill``: largest share of the map frame that the county fills; ``mark``: A, B or C, how well the order and numbers
    of the maps are sourced. ``secrecy``: ignored; copies made for earlier versions list the levels of secrecy.
    """

    maps: tuple[MapSpec, ...] = field(metadata={"key": "map"})
    style_by_id: dict[str, LayerStyle] = field(metadata={"key": "looks"})
    page_size_by_id: dict[str, PageSize] = field(metadata={"key": "sheets"})
    plan: str
    note: str
    file_name: str
    scales: tuple[Annotated[float, between(1, 9.99)], ...]
    raster_above: int
    fill: float
    mark: SourceMark
    secrecy: Any = None

    def check_record(self, file: Path, where: str) -> None:
        """Raise DataError for repeated maps, unknown styles, no scale 1, and a wrong pattern of file names."""
        for key in ("id", "number", "title"):
            check_unique([getattr(one, key) for one in self.maps], file, f"map.{key}")
        for position, one in enumerate(self.maps, start=1):
            for number, layer in enumerate(one.layers, start=1):
                check_known(layer.style, ("", *self.style_by_id), file, f"map[{position}].layers[{number}].look")
        if 1.0 not in self.scales:
            raise make_unknown_value_error(file, "scales", list(self.scales), ["1.0, …"])
        try:
            names = {self.file_name.format(code="", name="", number=n, title=f"{n}") for n in (1, 2)}
        except (KeyError, IndexError, ValueError):
            names = set()
        if len(names) < 2:
            raise make_unknown_value_error(file, "file_name", self.file_name, ["{number}", "{title}"])

    @cached_property
    def map_by_id(self) -> dict[str, MapSpec]:
        """Return the maps by id, in the order of the set."""
        return {one.id: one for one in self.maps}

    def make_file_stem(self, map_spec: MapSpec, code: str, name: str, *, township: bool = False) -> str:
        """Return a map's file name without suffix: 行政区代码 + 行政区名称 + 序号 + 图件名称.

        Characters that file names cannot have are removed.
        """
        title = map_spec.short if township else map_spec.title
        return _FORBIDDEN_CHARACTER_PATTERN.sub(
            "", self.file_name.format(code=code, name=name, number=map_spec.number, title=title)
        )

    def find_round_scale(self, least: float) -> float:
        """Return the smallest round scale denominator that is at least ``least``."""
        power = 1.0
        while power * 10 <= least:
            power *= 10
        choices = (
            round(scale_digit * factor, 6) for factor in (power, 10 * power) for scale_digit in sorted(self.scales)
        )
        return next(scale for scale in choices if scale >= least * (1 - 1e-9))

    def list_scales(self) -> list[float]:
        """Return the round denominators from 1:100 to below 1:10 000 000."""
        return [round(s * 10.0**power, 6) for power in range(2, 7) for s in sorted(self.scales)]


def load_map_set(path: str | Path = "") -> MapSet:
    """Return a map set by path, by default the plugin's own.

    Raise DataError with file and key.
    """
    file = Path(path) if path else DEFAULT_MAP_SET
    return read_toml_record(MapSet, file)


def select_maps(catalogue: MapSet, ids: list[str]) -> list[MapSpec]:
    """Return the maps with these ids or numbers, in the set's order; by default all.

    Raise InputError with the known maps for an unknown one.
    """
    map_by_name = {
        **{m.id: m for m in catalogue.map_by_id.values()},
        **{str(m.number): m for m in catalogue.map_by_id.values()},
    }
    for map_name in ids:
        if map_name not in map_by_name:
            raise InputError("map_unknown", value=map_name, known=", ".join(catalogue.map_by_id))
    wanted_ids = {map_by_name[map_name].id for map_name in ids} or set(catalogue.map_by_id)
    return sorted((m for m in catalogue.map_by_id.values() if m.id in wanted_ids), key=lambda m: m.number)


RolesByConcept = Mapping[str, Iterable[str]]


class ConceptLayer(NamedTuple):
    """A layer of a plan or project that was found for a concept.

    ``has_features``: it has features to draw.
    """

    role: str
    name: str
    has_features: bool


@dataclass(frozen=True)
class MissingMapReason:
    """The reason why a map is not made: a text key under [maps] with its parameters."""

    key: str
    params: dict[str, str] = field(default_factory=dict, hash=False)


def expand_concepts_to_roles(of: Iterable[str], concepts: RolesByConcept) -> list[str]:
    """Return the layer codes of concepts or layer codes, in order, each once."""
    return list(dict.fromkeys(role for concept in of for role in concepts.get(concept, (concept,))))


def find_missing_input(
    map_spec: MapSpec, find_layer: Callable[[tuple[str, ...]], ConceptLayer | None], concepts: RolesByConcept
) -> MissingMapReason | None:
    """Return the reason why a map cannot be made, or None if it can.

    ``find_layer``: function that returns the layer to show for concepts or layer codes: the
    first with features, else the first.
    """

    def has_features(spec: LayerSpec) -> bool:
        concept_layer = find_layer(spec.of)
        return concept_layer is not None and concept_layer.has_features

    needed_layers = [spec for spec in map_spec.layers if spec.need and not has_features(spec)]
    choice = [spec for spec in map_spec.layers if spec.any]
    if not needed_layers and choice and not any(has_features(spec) for spec in choice):
        needed_layers = choice
    if not needed_layers:
        return None
    concept_layer = find_layer(needed_layers[0].of)
    if concept_layer:
        return MissingMapReason("layer_empty", {"layer": concept_layer.name, "name": needed_layers[0].name})
    own_layers = [spec for spec in map_spec.layers if not spec.underlay]
    if map_spec.scope == "centre" and not any(has_features(spec) for spec in own_layers):
        return MissingMapReason("no_centre")
    layer_names = "、".join(dict.fromkeys(s.name for s in needed_layers))
    roles = "、".join(dict.fromkeys(" / ".join(expand_concepts_to_roles(s.of, concepts)) for s in needed_layers))
    return MissingMapReason("layer_missing", {"name": layer_names, "roles": roles})
