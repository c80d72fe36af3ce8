# SPDX-License-Identifier: GPL-2.0-or-later
"""The metadata of a package as XML: one element for the package, one for each layer; what they are called is the form's."""

from __future__ import annotations

import xml.etree.ElementTree as ET  # nosec B405: only written here
from typing import Any

from .profile import PackageProfile

#: What a layer of a kind is called.
_GEOMETRIES = {"polygon": "面", "line": "线", "point": "点"}


def metadata_xml(manifest: dict[str, Any], form: PackageProfile) -> bytes:
    """UTF-8 XML. Score and grade are left for the body that checks the delivery: nobody grades a plan by itself."""
    names = form.metadata.names
    root = ET.Element(names["metadata"] or "metadata")
    package = ET.SubElement(root, names["package"] or "package")
    forced = manifest["check"]["forced"]
    _fill(
        package,
        names,
        data_id=manifest["root"],
        name=manifest["name"],
        format=form.name,
        integrity="" if forced else "完整",
        score="",
        grade="",
        product_date=manifest["made"][:10],
        update_date=manifest["made"][:10],
        secrecy=manifest["secrecy"],
    )
    for layer in manifest["layers"]:
        row = ET.SubElement(root, names["dataset"] or "dataset")
        _fill(
            row,
            names,
            data_id=f"{manifest['area']['code']}{layer['layer']}",
            resource_id=layer["role"],
            name=layer["layer"],
            alias=layer["title"],
            format=layer["format"],
            geometry=_GEOMETRIES[layer["geometry"]],
            wkid=layer["crs"].removeprefix("EPSG:"),
            unit=layer["unit"],
            currency=layer["data_year"],
            features=str(layer["features"]),
            extent=" ".join(f"{v:.9g}" for v in layer["extent"] or ()),
            product_date=manifest["made"][:10],
            secrecy=manifest["secrecy"],
        )
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _fill(element: ET.Element, names: dict[str, str], **items: str) -> None:
    for key, text in items.items():
        if names[key]:
            ET.SubElement(element, names[key]).text = text
