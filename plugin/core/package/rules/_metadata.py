# SPDX-License-Identifier: GPL-2.0-or-later
"""What metadata say against what the package is, item by item."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from ...geometry import crs as crs_care
from ...messages.texts import Texts
from ...model.findings import Finding
from ...profile.document import load_secrecy_levels
from ..inspection.facts import LayerFact, PackageFacts
from ..metadata import BETWEEN, DEGREES, GEOMETRIES, METRES, WHOLE, Metadata, formats, layer_extent
from ..tables.known_tables import parse_printed_number
from ._package import is_made_by_plugin, show_value, year_of

if TYPE_CHECKING:
    from ...engine.context import Context

#: Dates that lie ahead by less are those of a clock of another place.
_AHEAD = timedelta(days=1)
#: Of the last digit that an extent prints: programs round it up, down or outwards, so it may be one more; a fiftieth for the
#: grid of a database, on which the shapes themselves have moved.
_LAST_DIGIT = 1.02
_DAY = re.compile(r"(\d{4})[-/.年]?(\d{1,2})(?:[-/.月]?(\d{1,2}))?(?!\d)")


def check_metadata_values(path: str, told: Metadata, package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    """Findings on items that are there and not empty; what a form leaves out is not asked for."""
    say = _Say(path, package, ctx)
    there = [layer for layer in package.layers if layer.features >= 0]
    # What cannot be read may well be there: DOC008 tells of it.
    unread = [layer for layer in package.layers if layer.features < 0]
    unknown = {layer.name.upper() for layer in unread}
    whole = any(layer.name == PurePosixPath(layer.file).stem for layer in unread)
    described = set()
    for items in told.layers:
        name = items.get("name", "")
        fits = [layer for layer in there if layer.name.upper() == name.upper()]
        fits = [layer for layer in fits if layer.format == items.get("format")] or fits
        if not fits and (whole or name.upper() in unknown):
            continue
        if not fits:
            yield Finding(
                "", key=f"{path}/{name}", case="layer_lost", params={"file": path, "name": show_value(name, say.texts)}
            )
            continue
        described.add((fits[0].file, fits[0].name))
        yield from _layer(items, fits[0], say)
    yield from _not_described(path, there, described, package)
    yield from _package(told.package, package, say)


def _not_described(
    path: str, there: list[LayerFact], described: set[tuple[str, str]], package: PackageFacts
) -> Iterator[Finding]:
    """Layers that metadata do not have; a data set of which they have none, while they have others, is told as one."""
    spares = {(spare.file, spare.name) for spare in package.unread_layers}
    more = [x for x in there if x.features and (x.file, x.name) not in described | spares]
    for file in dict.fromkeys(layer.file for layer in more):
        names = [layer.name for layer in more if layer.file == file]
        if described and len(names) > 1 and file not in {place for place, _ in described}:
            params = {"file": path, "place": file, "count": len(names)}
            yield Finding("", key=f"{path}/{file}", case="set_more", params=params)
            continue
        for name in names:
            yield Finding("", key=f"{path}/{name}", case="layer_more", params={"file": path, "name": name})


class _Say:
    """Makes the finding on an item whose value is another one."""

    def __init__(self, path: str, package: PackageFacts, ctx: Context):
        self.path, self.package, self.ctx = path, package, ctx
        self.texts = Texts(ctx.lang)

    def __call__(self, owner: str, item: str, told: str, found: str) -> Finding:
        name = self.package.package_spec.metadata.names[item]
        whose = owner or self.texts.get("words", "whole_package")
        params = {"file": self.path, "owner": whose, "item": name}
        params |= {"told": show_value(told, self.texts), "found": show_value(found, self.texts)}
        return Finding("", key=f"{self.path}/{owner}", field=name, case="value", params=params)


def _layer(items: dict[str, str], layer: LayerFact, say: _Say) -> Iterator[Finding]:
    code = say.package.code
    template = say.ctx.norm.standard.templates.get(layer.name)
    plane = crs_care.parse_crs(layer.crs)
    unit = "" if plane is None else DEGREES if plane.is_geographic else METRES
    wanted = {
        "data_id": f"{code}{layer.name}" if code else "",
        "alias": template.name if template else "",
        "format": layer.format,
        "geometry": GEOMETRIES.get(layer.geometry, ""),
        "wkid": layer.crs.removeprefix("EPSG:") if layer.crs.startswith("EPSG:") else "",
        "unit": unit,
        "features": str(layer.features),
    }
    for item, value in wanted.items():
        told = items.get(item, "")
        if value and item in items and told != value and (told or item not in ("data_id", "alias")):
            yield say(layer.name, item, told, value)
    yield from _filled_in(items, _of_manifest(layer, say), layer, say)
    if items.get("extent") and layer.extent and not _same_extent(items["extent"], layer.extent):
        yield say(layer.name, "extent", items["extent"], layer_extent(layer.extent, unit or METRES))
    yield from _date(items, "product_date", layer.name, say)
    yield from _secrecy(items, layer.name, say)


def _of_manifest(layer: LayerFact, say: _Say) -> dict[str, Any]:
    """The manifest's row of a layer in a package of ours; empty where there is none."""
    package = say.package
    if not is_made_by_plugin(package) or package.manifest is None:
        return {}
    rows = [row for row in package.manifest["layers"] if str(row["layer"]).upper() == layer.name.upper()]
    return next((row for row in rows if row.get("format") == layer.format), rows[0] if rows else {})


def _filled_in(items: dict[str, str], row: dict[str, Any], layer: LayerFact, say: _Say) -> Iterator[Finding]:
    """Items of a layer that the manifest gives: its resource and the year of its data; of another software's, the year in its rows."""
    if row:
        for item, key in (("resource_id", "role"), ("currency", "data_year")):
            if item in items and key in row and items[item] != str(row[key]):
                yield say(layer.name, item, items[item], str(row[key]))
        return
    year, told = year_of(say.ctx.plan.layers.get(layer.name)), items.get("currency", "")
    if year and told and year not in told:
        yield say(layer.name, "currency", told, year)


def _left_to_others(items: dict[str, str], package: PackageFacts, say: _Say) -> Iterator[Finding]:
    """Compare the items that the receiving body fills in, and the item on completeness."""
    manifest = package.manifest
    if manifest is None or not is_made_by_plugin(package):
        return
    whole = "" if manifest["check"].get("forced") else WHOLE
    for item, value in (("integrity", whole), ("score", ""), ("grade", "")):
        if item in items and items[item] != value:
            yield say("", item, items[item], value)


def _package(items: dict[str, str], package: PackageFacts, say: _Say) -> Iterator[Finding]:
    wanted = {"data_id": package.root, "name": package.root}
    for item, value in wanted.items():
        if items.get(item) and items[item] != value:
            yield say("", item, items[item], value)
    there, told = formats(layer.format for layer in package.layers if layer.format), items.get("format", "")
    # In any order.
    if there and told and {part.strip() for part in told.split(BETWEEN)} != set(there.split(BETWEEN)):
        yield say("", "format", told, there)
    yield from _left_to_others(items, package, say)
    for item in ("product_date", "update_date"):
        yield from _date(items, item, "", say)
    made, renewed = (_day(items.get(item, "")) for item in ("product_date", "update_date"))
    if made and renewed and renewed < made:
        yield say("", "update_date", items["update_date"], f"≥ {made}")
    yield from _secrecy(items, "", say)


def _same_extent(told: str, extent: tuple[float, ...]) -> bool:
    numbers = [parse_printed_number(part) for part in told.replace(",", " ").split()]
    if len(numbers) != len(extent):
        return False
    return all(
        n is not None and abs(n.value - v) <= _LAST_DIGIT * 10.0**-n.decimals
        for n, v in zip(numbers, extent, strict=True)
    )


def _date(items: dict[str, str], item: str, owner: str, say: _Say) -> Iterator[Finding]:
    told = items.get(item, "")
    day = _day(told)
    if told and (day is None or day > date.today() + _AHEAD):
        yield say(owner, item, told, say.texts.get("words", "no_such_day"))


def _day(text: str) -> date | None:
    """2026-01-31, 2026/1/31, 20260131, 2026年1月31日, or a month of a year, with or without a time behind it."""
    told = _DAY.match(text)
    if told is None:
        return None
    try:
        return date(int(told[1]), int(told[2]), int(told[3] or 1))
    except ValueError:
        return None


def _secrecy(items: dict[str, str], owner: str, say: _Say) -> Iterator[Finding]:
    told, package = items.get("secrecy", ""), say.package
    levels = package.package_spec.secrecy_levels or (package.package_spec.secrecy,)
    agreed = package.manifest.get("secrecy") if package.manifest else None
    level_of = load_secrecy_levels().level_of
    # A level that there is not is told of the manifest, and vouches for none.
    if told and agreed and level_of(agreed) in levels and told != agreed:
        yield say(owner, "secrecy", told, agreed)
    elif told and level_of(told) not in levels:
        yield say(owner, "secrecy", told, say.texts.get("words", "between_names").join(levels))
