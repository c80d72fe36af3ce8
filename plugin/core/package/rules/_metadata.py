# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of a package's metadata with its layers and its manifest."""

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
from ..metadata import (
    DEGREES_UNIT,
    FORMAT_SEPARATOR,
    GEOMETRY_NAMES,
    METRES_UNIT,
    MetadataItems,
    find_production_date,
    format_extent,
    join_formats,
)
from ..tables.known_tables import parse_printed_number
from ._package import find_data_year, format_value_or_missing, is_made_by_plugin

if TYPE_CHECKING:
    from ...engine.context import RuleContext

#: Dates may be later than today by this much, because clocks and time zones differ.
_CLOCK_TOLERANCE = timedelta(days=1)
#: Tolerance in units of the last printed digit of an extent: programs round up, down or outwards, so it may differ by
#: one; a fiftieth more for the coordinate grid of a database, to which the shapes were moved.
_LAST_DIGIT_TOLERANCE = 1.02
_DATE_PATTERN = re.compile(r"(\d{4})[-/.年]?(\d{1,2})(?:[-/.月]?(\d{1,2}))?(?!\d)")


def check_metadata_values(
    path: str, metadata: MetadataItems, package: PackageFacts, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield findings on metadata items that contradict the package.

    Empty items and items that the specification omits are ignored.
    """
    make_finding = _FindingMaker(path, package, ctx)
    readable_layers = [layer for layer in package.layers if layer.feature_count >= 0]
    # Unreadable layers may exist; DOC008 reports them.
    unreadable_layers = [layer for layer in package.layers if layer.feature_count < 0]
    unreadable_names = {layer.name.upper() for layer in unreadable_layers}
    is_data_set_unreadable = any(layer.name == PurePosixPath(layer.file).stem for layer in unreadable_layers)
    described_keys: set[tuple[str, str]] = set()
    entry_counts: dict[tuple[str, str], int] = {}
    for items in metadata.layer_items:
        name = items.get("name", "")
        described_layers = [layer for layer in readable_layers if layer.name.upper() == name.upper()]
        described_layers = [
            layer for layer in described_layers if layer.data_format == items.get("format")
        ] or described_layers
        if not described_layers and (is_data_set_unreadable or name.upper() in unreadable_names):
            continue
        if not described_layers:
            yield Finding(
                "",
                key=f"{path}/{name}",
                case="layer_lost",
                params={"file": path, "name": format_value_or_missing(name, make_finding.texts)},
            )
            continue
        layer = next(
            (one for one in described_layers if (one.file, one.name) not in described_keys), described_layers[0]
        )
        if (place := (layer.file, layer.name)) in described_keys:
            entry_counts[place] = entry_counts.get(place, 1) + 1
            continue
        described_keys.add(place)
        yield from _check_layer(items, layer, make_finding)
    for (_, name), count in entry_counts.items():
        params = {"file": path, "name": name, "count": count}
        yield Finding("", key=f"{path}/{name}", case="layer_twice", params=params)
    yield from _report_undescribed_layers(path, readable_layers, described_keys, package)
    yield from _check_package(metadata.package_items, package, make_finding)


def _report_undescribed_layers(
    path: str, readable_layers: list[LayerFact], described_keys: set[tuple[str, str]], package: PackageFacts
) -> Iterator[Finding]:
    """Yield findings on layers without metadata.

    ``described_keys``: (file, name) of the layers that have metadata. If only some data sets have metadata, each data
    set without any makes one finding.
    """
    unread_layers = {(spare.file, spare.name) for spare in package.unread_layers}
    undescribed_layers = [
        x for x in readable_layers if x.feature_count and (x.file, x.name) not in described_keys | unread_layers
    ]
    for file in dict.fromkeys(layer.file for layer in undescribed_layers):
        layer_names = [layer.name for layer in undescribed_layers if layer.file == file]
        if described_keys and len(layer_names) > 1 and file not in {place for place, _ in described_keys}:
            params = {"file": path, "place": file, "count": len(layer_names)}
            yield Finding("", key=f"{path}/{file}", case="set_more", params=params)
            continue
        for name in layer_names:
            yield Finding("", key=f"{path}/{name}", case="layer_more", params={"file": path, "name": name})


class _FindingMaker:
    """Function that makes the finding on a metadata item with a wrong value."""

    def __init__(self, path: str, package: PackageFacts, ctx: RuleContext):
        self.path, self.package, self.ctx = path, package, ctx
        self.texts = Texts(ctx.lang)

    def __call__(self, owner: str, item: str, stated_value: str, expected: str) -> Finding:
        """Return the finding that a metadata item is wrong.

        ``owner``: name of the layer that the item describes, empty for the package.
        """
        name = self.package.package_spec.metadata.names_by_item[item]
        owner_name = owner or self.texts.get("words", "whole_package")
        params = {"file": self.path, "owner": owner_name, "item": name}
        params |= {
            "told": format_value_or_missing(stated_value, self.texts),
            "found": format_value_or_missing(expected, self.texts),
        }
        return Finding("", key=f"{self.path}/{owner}", field=name, case="value", params=params)


def _check_layer(items: dict[str, str], layer: LayerFact, make_finding: _FindingMaker) -> Iterator[Finding]:
    """Yield findings on wrong metadata items of one layer; ``items``: item → text."""
    code = make_finding.package.county_code
    template = make_finding.ctx.norm.standard.templates.get(layer.name)
    plane = crs_care.parse_crs(layer.crs)
    unit = "" if plane is None else DEGREES_UNIT if plane.is_geographic else METRES_UNIT
    expected = {
        "data_id": f"{code}{layer.name}" if code else "",
        "alias": template.name if template else "",
        "format": layer.data_format,
        "geometry": GEOMETRY_NAMES.get(layer.geometry_type, ""),
        "wkid": layer.crs.removeprefix("EPSG:") if layer.crs.startswith("EPSG:") else "",
        "unit": unit,
        "features": str(layer.feature_count),
    }
    for item, value in expected.items():
        stated_value = items.get(item, "")
        if value and item in items and stated_value != value and (stated_value or item not in ("data_id", "alias")):
            yield make_finding(layer.name, item, stated_value, value)
    yield from _check_resource_id_and_data_year(items, _find_manifest_row(layer, make_finding), layer, make_finding)
    if items.get("extent") and layer.extent and not _is_same_extent(items["extent"], layer.extent):
        yield make_finding(layer.name, "extent", items["extent"], format_extent(layer.extent, unit or METRES_UNIT))
    yield from _check_date(items, "product_date", layer.name, make_finding)
    yield from _check_secrecy(items, layer.name, make_finding)


def _find_manifest_row(layer: LayerFact, make_finding: _FindingMaker) -> dict[str, Any]:
    """Return the layer's row in a manifest of this plugin; empty if it is missing."""
    package = make_finding.package
    if not is_made_by_plugin(package) or package.manifest is None:
        return {}
    rows = [row for row in package.manifest["layers"] if str(row["layer"]).upper() == layer.name.upper()]
    return next((row for row in rows if row.get("format") == layer.data_format), rows[0] if rows else {})


def _check_resource_id_and_data_year(
    items: dict[str, str], row: dict[str, Any], layer: LayerFact, make_finding: _FindingMaker
) -> Iterator[Finding]:
    """Yield findings on a layer's resource id and year of data.

    They are compared with the manifest's entry for the layer; without one, the year is compared with the layer's
    rows.
    """
    if row:
        for item, key in (("resource_id", "role"), ("currency", "data_year")):
            if item in items and key in row and items[item] != str(row[key]):
                yield make_finding(layer.name, item, items[item], str(row[key]))
        return
    year, stated_year = find_data_year(make_finding.ctx.plan.layers.get(layer.name)), items.get("currency", "")
    if year and stated_year and year not in stated_year:
        yield make_finding(layer.name, "currency", stated_year, year)


def _check_package(items: dict[str, str], package: PackageFacts, make_finding: _FindingMaker) -> Iterator[Finding]:
    """Yield findings on wrong metadata items of the whole package; ``items``: item → text."""
    expected = {"data_id": package.folder_name, "name": package.folder_name}
    for item, value in expected.items():
        if items.get(item) and items[item] != value:
            yield make_finding("", item, items[item], value)
    layer_formats, stated_formats = (
        join_formats(layer.data_format for layer in package.layers if layer.data_format),
        items.get("format", ""),
    )
    # The order of formats does not matter.
    if (
        layer_formats
        and stated_formats
        and {part.strip() for part in stated_formats.split(FORMAT_SEPARATOR)}
        != set(layer_formats.split(FORMAT_SEPARATOR))
    ):
        yield make_finding("", "format", stated_formats, layer_formats)
    for item in ("product_date", "update_date"):
        yield from _check_date(items, item, "", make_finding)
    production_date, update_date = (_parse_day(items.get(item, "")) for item in ("product_date", "update_date"))
    if production_date and update_date and update_date < production_date:
        yield make_finding("", "update_date", items["update_date"], f"≥ {production_date}")
    yield from _check_secrecy(items, "", make_finding)


def _is_same_extent(stated_extent: str, extent: tuple[float, ...]) -> bool:
    """Return True if a printed extent equals the extent of the shapes, to the last printed digit."""
    numbers = [parse_printed_number(part) for part in stated_extent.replace(",", " ").split()]
    if len(numbers) != len(extent):
        return False
    return all(
        n is not None and abs(n.value - v) <= _LAST_DIGIT_TOLERANCE * 10.0**-n.decimals
        for n, v in zip(numbers, extent, strict=True)
    )


def _check_date(items: dict[str, str], item: str, owner: str, make_finding: _FindingMaker) -> Iterator[Finding]:
    """Yield a finding on a date item that is invalid, in the future, or a production date before the manifest's."""
    stated_date, package = items.get(item, ""), make_finding.package
    day = _parse_day(stated_date)
    if stated_date and (day is None or day > date.today() + _CLOCK_TOLERANCE):
        yield make_finding(owner, item, stated_date, make_finding.texts.get("words", "no_such_day"))
    elif day is not None and item == "product_date" and package.manifest and is_made_by_plugin(package):
        produced = find_production_date(package.manifest)
        known_day = _parse_day(produced)
        if known_day is not None and day < known_day:
            yield make_finding(owner, item, stated_date, produced)


def _parse_day(text: str) -> date | None:
    """Return the day of a date (2026-01-31, 2026/1/31, 20260131, 2026年1月31日, a month).

    A time may follow. None for other texts.
    """
    match = _DATE_PATTERN.match(text)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3] or 1))
    except ValueError:
        return None


def _check_secrecy(items: dict[str, str], owner: str, make_finding: _FindingMaker) -> Iterator[Finding]:
    """Yield a finding on a secrecy level that contradicts manifest or specification."""
    stated_level, package = items.get("secrecy", ""), make_finding.package
    levels = package.package_spec.secrecy_levels or (package.package_spec.secrecy,)
    agreed = package.manifest.get("secrecy") if package.manifest else None
    level_of = load_secrecy_levels().strip_term
    # An invalid level in the manifest is reported there, and is not used for comparison.
    if stated_level and agreed and level_of(agreed) in levels and stated_level != agreed:
        yield make_finding(owner, "secrecy", stated_level, agreed)
    elif stated_level and level_of(stated_level) not in levels:
        yield make_finding(
            owner, "secrecy", stated_level, make_finding.texts.get("words", "between_names").join(levels)
        )
