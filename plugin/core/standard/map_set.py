# SPDX-License-Identifier: GPL-2.0-or-later
"""Read maps.toml: the maps, their styles, and the layers that they show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ...paths import LAYOUTS_FOLDER
from ..base.errors import DataError, InputError
from ..base.files.data import check_keys, check_known, check_type, read_toml

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

    of: tuple[str, ...]
    name: str
    style: str = ""
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
    scope: str
    layers: tuple[LayerSpec, ...]
    short: str = ""

    @property
    def is_by_township(self) -> bool:
        """Return True if each township has a sheet of this map."""
        return self.scope == "county" and bool(self.short)


@dataclass(frozen=True)
class LayerStyle:
    """How a map draws a layer, where it differs from the layer's own symbols.

    None and empty values change nothing. ``opacity``: 0 to 1. ``labels``: size in points on A3, 0 for none. ``around``:
    labels are placed around their feature. ``fixed``: symbols keep their size on the map of a whole county. ``fill``,
    ``line``: colours. ``classes``: (name, fill, land-use codes) of the only classes to draw. ``spaces``: drawn with the
    symbols of the three zones.
    """

    opacity: float | None = None
    labels: float | None = None
    around: bool = False
    fixed: bool = False
    fill: str = ""
    line: str = ""
    classes: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    spaces: bool = False


@dataclass(frozen=True)
class PageSize:
    """A page size in landscape: width and height in mm.

    ``factor``: enlargement of A3; ``symbols``: factor for symbols on the map of a whole county, which has a small
    scale; ``labels``: factor for names on any map.
    """

    id: str
    width: float
    height: float
    factor: float
    symbols: float
    labels: float


@dataclass(frozen=True)
class MapCatalogue:
    """A set of maps with styles and page sizes.

    ``plan``: title of the plan; ``note``: remark printed on each map; ``file_name``: pattern of file names; ``scales``:
    digits of round scale denominators; ``raster_above``: a layer with more features is drawn as a picture in a PDF;
    ``fill``: largest share of the map frame that the county fills; ``mark``: A, B or C, how well the order and numbers
    of the maps are sourced.
    """

    map_by_id: dict[str, MapSpec]
    style_by_id: dict[str, LayerStyle]
    page_size_by_id: dict[str, PageSize]
    plan: str
    note: str
    file_name: str
    scales: tuple[float, ...]
    raster_above: int
    fill: float
    mark: str

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
        choices = (round(scale_digit * factor, 6) for factor in (power, 10 * power) for scale_digit in self.scales)
        return next(scale for scale in choices if scale >= least * (1 - 1e-9))

    def list_scales(self) -> list[float]:
        """Return the round denominators from 1:100 to 1:10 000 000."""
        return [round(s * 10.0**power, 6) for power in range(2, 7) for s in self.scales]


_REQUIRED_KEYS = (
    "mark plan note file_name scales raster_above fill sheets looks map".split(),
    "of name".split(),
    "id number title title_en scope layers".split(),
)


def load_map_set(path: str | Path = "") -> MapCatalogue:
    """Return a map set by path, by default the plugin's own.

    Raise DataError with file and key.
    """
    file = Path(path) if path else DEFAULT_MAP_SET
    table = read_toml(file)
    # Copies made for earlier versions list the levels of secrecy, which are now in resources/document.toml.
    check_keys(table, required=_REQUIRED_KEYS[0], allowed=("secrecy",), file=file)
    styles = {key: _read_layer_style(row, file, f"looks.{key}") for key, row in table["looks"].items()}
    maps: dict[str, MapSpec] = {}
    for position, row in enumerate(check_type(table["map"], list, file=file, key="map"), start=1):
        map_spec = _read_map(row, styles, file, f"map[{position}]")
        for key, value, used_values in (
            ("id", map_spec.id, maps),
            ("number", map_spec.number, [m.number for m in maps.values()]),
            ("title", map_spec.title, [m.title for m in maps.values()]),
        ):
            if value in used_values:
                raise DataError("data_duplicate", file=str(file), key=f"map.{key}", value=value)
        maps[map_spec.id] = map_spec
    sheets = {}
    for key, row in table["sheets"].items():
        check_keys(
            row,
            required=("width", "height", "factor", "symbols", "labels"),
            allowed=(),
            file=file,
            where=f"sheets.{key}",
        )
        sheets[key] = PageSize(key, **row)
    _check_file_name(table["file_name"], file)
    return MapCatalogue(
        map_by_id=maps,
        style_by_id=styles,
        page_size_by_id=sheets,
        plan=table["plan"],
        note=table["note"],
        file_name=table["file_name"],
        scales=tuple(sorted(float(scale) for scale in table["scales"])),
        raster_above=int(table["raster_above"]),
        fill=float(table["fill"]),
        mark=table["mark"],
    )


def select_maps(catalogue: MapCatalogue, ids: list[str]) -> list[MapSpec]:
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


def _read_layer_style(row: dict[str, Any], file: Path, section: str) -> LayerStyle:
    """Return the style in a table ``[looks.<id>]``; raise DataError for an unknown key."""
    check_keys(
        row,
        required=(),
        allowed=("opacity", "labels", "around", "fixed", "fill", "line", "classes", "spaces"),
        file=file,
        where=section,
    )
    classes = []
    for position, class_row in enumerate(row.get("classes", ()), start=1):
        check_keys(
            class_row, required=("name", "fill", "codes"), allowed=(), file=file, where=f"{section}.classes[{position}]"
        )
        classes.append((class_row["name"], class_row["fill"], tuple(class_row["codes"])))
    return LayerStyle(**{**row, "classes": tuple(classes)})


def _read_map(row: dict[str, Any], styles: dict[str, LayerStyle], file: Path, section: str) -> MapSpec:
    """Return the map in a row of ``[[map]]``; raise DataError if invalid or if it names an unknown style."""
    check_keys(row, required=_REQUIRED_KEYS[2], allowed=("short",), file=file, where=section)
    check_type(row["number"], int, file=file, key=f"{section}.number")
    check_known(row["scope"], MAP_SCOPES, file, f"{section}.scope")
    layers = []
    for position, layer_row in enumerate(row["layers"], start=1):
        field = f"{section}.layers[{position}]"
        check_keys(
            layer_row, required=_REQUIRED_KEYS[1], allowed=("look", "need", "any", "underlay"), file=file, where=field
        )
        style = layer_row.get("look", "")
        if style:
            check_known(style, styles, file, f"{field}.look")
        concepts = (layer_row["of"],) if isinstance(layer_row["of"], str) else tuple(layer_row["of"])
        spec = {key: value for key, value in layer_row.items() if key != "look"}
        layers.append(LayerSpec(**{**spec, "of": concepts, "style": style}))
    return MapSpec(**{**row, "layers": tuple(layers)})


def _check_file_name(text: str, file: Path) -> None:
    """Raise DataError for a pattern of file names with an unknown placeholder."""
    try:
        text.format(code="", name="", number=1, title="")
    except (KeyError, IndexError, ValueError) as error:
        raise DataError("data_file_broken", file=str(file), detail=f"file_name: {error}") from error


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


def choose_layer_with_features(candidates: Iterable[ConceptLayer]) -> ConceptLayer | None:
    """Return the first layer with features, else the first layer."""
    layers = list(candidates)
    return next((layer for layer in layers if layer.has_features), layers[0] if layers else None)


def find_missing_input(
    map_spec: MapSpec, find_layer: Callable[[tuple[str, ...]], ConceptLayer | None], concepts: RolesByConcept
) -> MissingMapReason | None:
    """Return the reason why a map cannot be made, or None if it can.

    ``find_layer``: function that returns the layer to show for concepts or layer codes (`choose_layer_with_features`).
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
