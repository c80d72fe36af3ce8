# SPDX-License-Identifier: GPL-2.0-or-later
"""The metadata of a package as XML: one element for the package, one for each layer; what they are called is the form's."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET  # nosec B405 # this module only writes
from collections.abc import Iterable
from datetime import date
from typing import Any

from ..form.model import FRAMES, LAYER_ITEMS, PACKAGE_ITEMS, PackageProfile

#: What a layer of a kind is called, and what its coordinates are in.
GEOMETRIES = {"polygon": "面", "line": "线", "point": "点"}
DEGREES, METRES = "度", "米"
#: What a package says of itself that was not made by force.
WHOLE = "完整"
#: Between several formats.
BETWEEN = "、"
#: 2026-11-20, 2026/11, 2026.11.20, 2026年11月, 2026年11月20日.
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*(?:月|[-/.月]\s*(\d{1,2})\s*日?)?")
#: Decimals of an extent, by unit: a decimetre.
_DECIMALS = {DEGREES: 6, METRES: 1}


def formats(names: Iterable[str]) -> str:
    """The formats of a package: those of its data sets, each once."""
    return BETWEEN.join(dict.fromkeys(names))


def find_production_date(manifest: dict[str, Any]) -> str:
    """Return the date of the document information (成果信息) as YYYY-MM-DD or YYYY-MM.

    Without a date, with an unreadable one and with a future one, return the day of the export.
    """
    made = str(manifest["made"][:10])
    found = _DATE.fullmatch(manifest.get("document", {}).get("date", "").strip())
    if found is None:
        return made
    parts = [int(part) for part in found.groups() if part]
    try:
        date(*parts, *(1,) * (3 - len(parts)))
    except ValueError:
        return made
    printed = "-".join(f"{part:02d}" for part in parts)
    return printed if printed <= made else made


def package_items(manifest: dict[str, Any]) -> dict[str, str]:
    """Score and grade are left for the body that checks the delivery: nobody grades a plan by itself."""
    made = manifest["made"][:10]
    values = {
        "data_id": manifest["root"],
        "name": manifest["name"],
        "format": formats(layer["format"] for layer in manifest["layers"]),
        "integrity": "" if manifest["check"]["forced"] else WHOLE,
        "product_date": find_production_date(manifest),
        "update_date": made,
        "secrecy": manifest["secrecy"],
    }
    return {key: values.get(key, "") for key in PACKAGE_ITEMS}


def layer_items(manifest: dict[str, Any], layer: dict[str, Any]) -> dict[str, str]:
    values = {
        "data_id": f"{manifest['area']['code']}{layer['layer']}",
        "resource_id": layer["role"],
        "name": layer["layer"],
        "alias": layer["title"],
        "format": layer["format"],
        "geometry": GEOMETRIES[layer["geometry"]],
        "wkid": layer["crs"].removeprefix("EPSG:"),
        "unit": layer["unit"],
        "currency": layer["data_year"],
        "features": str(layer["features"]),
        "extent": layer_extent(layer["extent"], layer["unit"]),
        "product_date": find_production_date(manifest),
        "secrecy": manifest["secrecy"],
    }
    return {key: values[key] for key in LAYER_ITEMS}


def layer_extent(extent: tuple[float, ...] | None, unit: str) -> str:
    """West, south, east, north."""
    return " ".join(f"{v:.{_DECIMALS[unit]}f}" for v in extent or ())


def metadata_xml(manifest: dict[str, Any], form: PackageProfile) -> bytes:
    """UTF-8 XML."""
    names = form.metadata.names
    frames = {key: names[key] or key for key in FRAMES}
    root = ET.Element(frames["metadata"])
    _fill(ET.SubElement(root, frames["package"]), names, package_items(manifest))
    for layer in manifest["layers"]:
        _fill(ET.SubElement(root, frames["dataset"]), names, layer_items(manifest, layer))
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _fill(element: ET.Element, names: dict[str, str], items: dict[str, str]) -> None:
    for key, text in items.items():
        if names[key]:
            ET.SubElement(element, names[key]).text = text
