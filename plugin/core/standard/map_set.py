# SPDX-License-Identifier: GPL-2.0-or-later
"""Read maps.toml: the maps, their styles, and the layers that they show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ...paths import LAYOUTS
from ..errors import DataError, InputError
from ..files.data import check_keys, expect, read_toml

#: The map set that comes with the plugin.
MAPS = LAYOUTS / "maps.toml"
#: Whole county, or 中心城区.
SCOPES = ("county", "centre")
#: Characters that file names cannot have on a supported system.
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|\s]+')


@dataclass(frozen=True)
class LayerSpec:
    """One layer of a map.

    It has the concepts or roles that provide it (the first available one), its name in the legend, and its style.
    """

    of: tuple[str, ...]
    name: str
    style: str = ""
    need: bool = False
    any: bool = False
    underlay: bool = False


@dataclass(frozen=True)
class MapSpec:
    """One map.

    ``title``: on the county's sheet and in its file name; ``short``: on a township's sheet.
    """

    id: str
    number: int
    title: str
    title_en: str
    scope: str
    layers: tuple[LayerSpec, ...]
    short: str = ""

    @property
    def by_township(self) -> bool:
        """Return True if each township has a sheet of this map."""
        return self.scope == "county" and bool(self.short)


@dataclass(frozen=True)
class LayerStyle:
    """Style of a layer on a map, where it differs from the layer's symbols.

    None and empty values change nothing. ``fixed``: symbols keep their size on the map of a whole county.
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
    """A page size: width and height in mm, landscape.

    ``factor``: enlargement for A3; ``symbols``: factor for symbols of a whole county's map, which has a small scale;
    ``labels``: factor for names on any map.
    """

    id: str
    width: float
    height: float
    factor: float
    symbols: float
    labels: float


@dataclass(frozen=True)
class MapCatalogue:
    """A map set; ``mark``: reliability of its order and numbers."""

    maps: dict[str, MapSpec]
    styles: dict[str, LayerStyle]
    sheets: dict[str, PageSize]
    plan: str
    note: str
    file_name: str
    scales: tuple[float, ...]
    raster_above: int
    fill: float
    mark: str

    def file_stem(self, one: MapSpec, code: str, name: str, *, township: bool = False) -> str:
        """Return the file name without suffix: 行政区代码 + 行政区名称 + 序号 + 图件名称.

        Characters that file names cannot have are removed.
        """
        title = one.short if township else one.title
        return _NOT_IN_NAMES.sub("", self.file_name.format(code=code, name=name, number=one.number, title=title))

    def round_scale(self, least: float) -> float:
        """Return the smallest round scale denominator that is at least ``least``."""
        power = 1.0
        while power * 10 <= least:
            power *= 10
        choices = (round(s * p, 6) for p in (power, 10 * power) for s in self.scales)
        return next(scale for scale in choices if scale >= least * (1 - 1e-9))

    def all_scales(self) -> list[float]:
        """Return the round denominators from 1:100 to 1:10 000 000."""
        return [round(s * 10.0**power, 6) for power in range(2, 7) for s in self.scales]


_KEYS = (
    "mark plan note file_name scales raster_above fill sheets looks map".split(),
    "of name".split(),
    "id number title title_en scope layers".split(),
)


def load_map_set(path: str | Path = "") -> MapCatalogue:
    """Return a map set by path, by default the plugin's own.

    Raise DataError with file and key.
    """
    file = Path(path) if path else MAPS
    table = read_toml(file)
    # Copies made for earlier versions list the levels of secrecy, which are now in resources/document.toml.
    check_keys(table, required=_KEYS[0], allowed=("secrecy",), file=file)
    styles = {key: _layer_style(row, file, f"looks.{key}") for key, row in table["looks"].items()}
    maps: dict[str, MapSpec] = {}
    for position, row in enumerate(expect(table["map"], list, file=file, key="map"), start=1):
        one = _map(row, styles, file, f"map[{position}]")
        for key, value, taken in (
            ("id", one.id, maps),
            ("number", one.number, [m.number for m in maps.values()]),
            ("title", one.title, [m.title for m in maps.values()]),
        ):
            if value in taken:
                raise DataError("data_duplicate", file=str(file), key=f"map.{key}", value=value)
        maps[one.id] = one
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
        maps=maps,
        styles=styles,
        sheets=sheets,
        plan=table["plan"],
        note=table["note"],
        file_name=table["file_name"],
        scales=tuple(sorted(float(s) for s in table["scales"])),
        raster_above=int(table["raster_above"]),
        fill=float(table["fill"]),
        mark=table["mark"],
    )


def chosen_maps(catalogue: MapCatalogue, ids: list[str]) -> list[MapSpec]:
    """Return the maps of these ids or numbers in the set's order; all by default.

    Raise InputError with the known maps.
    """
    known = {**{m.id: m for m in catalogue.maps.values()}, **{str(m.number): m for m in catalogue.maps.values()}}
    for one in ids:
        if one not in known:
            raise InputError("map_unknown", value=one, known=", ".join(catalogue.maps))
    wanted = {known[one].id for one in ids} or set(catalogue.maps)
    return sorted((m for m in catalogue.maps.values() if m.id in wanted), key=lambda m: m.number)


def _layer_style(row: dict[str, Any], file: Path, where: str) -> LayerStyle:
    check_keys(
        row,
        required=(),
        allowed=("opacity", "labels", "around", "fixed", "fill", "line", "classes", "spaces"),
        file=file,
        where=where,
    )
    classes = []
    for position, one in enumerate(row.get("classes", ()), start=1):
        check_keys(one, required=("name", "fill", "codes"), allowed=(), file=file, where=f"{where}.classes[{position}]")
        classes.append((one["name"], one["fill"], tuple(one["codes"])))
    return LayerStyle(**{**row, "classes": tuple(classes)})


def _map(row: dict[str, Any], styles: dict[str, LayerStyle], file: Path, where: str) -> MapSpec:
    check_keys(row, required=_KEYS[2], allowed=("short",), file=file, where=where)
    expect(row["number"], int, file=file, key=f"{where}.number")
    if row["scope"] not in SCOPES:
        known = ", ".join(SCOPES)
        raise DataError("data_value_unknown", file=str(file), key=f"{where}.scope", value=row["scope"], known=known)
    layers = []
    for position, one in enumerate(row["layers"], start=1):
        place = f"{where}.layers[{position}]"
        check_keys(one, required=_KEYS[1], allowed=("look", "need", "any", "underlay"), file=file, where=place)
        style = one.get("look", "")
        if style and style not in styles:
            known = ", ".join(styles)
            raise DataError("data_value_unknown", file=str(file), key=f"{place}.look", value=style, known=known)
        of = (one["of"],) if isinstance(one["of"], str) else tuple(one["of"])
        spec = {key: value for key, value in one.items() if key != "look"}
        layers.append(LayerSpec(**{**spec, "of": of, "style": style}))
    return MapSpec(**{**row, "layers": tuple(layers)})


def _check_file_name(text: str, file: Path) -> None:
    try:
        text.format(code="", name="", number=1, title="")
    except (KeyError, IndexError, ValueError) as error:
        raise DataError("data_file_broken", file=str(file), detail=f"file_name: {error}") from error


Concepts = Mapping[str, Iterable[str]]


class ConceptLayer(NamedTuple):
    """A layer of a concept: its role, its name, and whether it has features to draw."""

    role: str
    name: str
    filled: bool


@dataclass(frozen=True)
class MissingInput:
    """The reason why a map is not made: a text key under [maps] with its parameters."""

    key: str
    params: dict[str, str] = field(default_factory=dict, hash=False)


def find_roles(of: Iterable[str], concepts: Concepts) -> list[str]:
    """Return the roles that provide concepts or roles, in order, each once."""
    return list(dict.fromkeys(role for what in of for role in concepts.get(what, (what,))))


def first_filled(found: Iterable[ConceptLayer]) -> ConceptLayer | None:
    """Return the first layer with features, else the first layer."""
    there = list(found)
    return next((one for one in there if one.filled), there[0] if there else None)


def find_missing_input(
    one: MapSpec, answer: Callable[[tuple[str, ...]], ConceptLayer | None], concepts: Concepts
) -> MissingInput | None:
    """Return the reason why this map cannot be made; None if it can.

    ``answer``: returns the layer for concepts or roles, as `first_filled`.
    """

    def drawn(spec: LayerSpec) -> bool:
        found = answer(spec.of)
        return found is not None and found.filled

    needed = [spec for spec in one.layers if spec.need and not drawn(spec)]
    choice = [spec for spec in one.layers if spec.any]
    if not needed and choice and not any(drawn(spec) for spec in choice):
        needed = choice
    if not needed:
        return None
    found = answer(needed[0].of)
    if found:
        return MissingInput("layer_empty", {"layer": found.name, "name": needed[0].name})
    own = [spec for spec in one.layers if not spec.underlay]
    if one.scope == "centre" and not any(drawn(spec) for spec in own):
        return MissingInput("no_centre")
    names = "、".join(dict.fromkeys(s.name for s in needed))
    roles = "、".join(dict.fromkeys(" / ".join(find_roles(s.of, concepts)) for s in needed))
    return MissingInput("layer_missing", {"name": names, "roles": roles})
