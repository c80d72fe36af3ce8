# SPDX-License-Identifier: GPL-2.0-or-later
"""The metadata of a package: written from the manifest, then read again and compared."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET  # nosec B405 # entities are refused first
import xml.parsers.expat as expat
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..base.errors import KeyedError, OutputError
from ..base.files.document_text import make_document_text
from ..plan.layer import Layer
from .package_spec.spec import LAYER_METADATA_ITEMS, METADATA_CONTAINER_ELEMENTS, PACKAGE_METADATA_ITEMS, PackageSpec

#: Chinese terms for geometry types and units of coordinates.
GEOMETRY_NAMES = {"polygon": "面", "line": "线", "point": "点"}
DEGREES_UNIT, METRES_UNIT = "度", "米"
#: Integrity of a package that was not forced.
COMPLETE_TEXT = "完整"
#: Separator between formats.
FORMAT_SEPARATOR = "、"
#: 2026-11-20, 2026/11, 2026.11.20, 2026年11月, 2026年11月20日.
_DATE_PATTERN = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*(?:月|[-/.月]\s*(\d{1,2})\s*日?)?")
#: Decimals of an extent by unit, for a resolution of a decimetre.
_EXTENT_DECIMALS = {DEGREES_UNIT: 6, METRES_UNIT: 1}
#: The encoding in an XML declaration. The parser does not support the Chinese encodings.
_DECLARED_ENCODING_PATTERN = re.compile(rb"<\?xml[^>]*?\sencoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"'][^>]*\?>")
_CHINESE_ENCODINGS = ("gbk", "gb2312", "gb18030")


def find_production_date(manifest: dict[str, Any]) -> str:
    """Return the date of the document information (成果信息) as YYYY-MM-DD or YYYY-MM.

    Without a date, with an unreadable date or with a future date, return the day of the export.
    """
    export_day = str(manifest["made"][:10])
    match = _DATE_PATTERN.fullmatch(manifest.get("document", {}).get("date", "").strip())
    if match is None:
        return export_day
    parts = [int(part) for part in match.groups() if part]
    try:
        date(*parts, *(1,) * (3 - len(parts)))
    except ValueError:
        return export_day
    printed_date = "-".join(f"{part:02d}" for part in parts)
    return printed_date if printed_date <= export_day else export_day


def find_data_year(layer: Layer | None) -> str:
    """Return the year of the data that all rows of a layer have; empty if the rows have none or several."""
    years = set(layer.text("data_year")) - {""} if layer is not None and layer.has_field("data_year") else set()
    return next(iter(years)) if len(years) == 1 else ""


def make_package_items(manifest: dict[str, Any]) -> dict[str, str]:
    """Return item → text of the metadata of the whole package (`PACKAGE_METADATA_ITEMS`).

    Score and grade remain empty for the receiving body.
    """
    return {
        "data_id": manifest["root"],
        "name": manifest["name"],
        "format": FORMAT_SEPARATOR.join(dict.fromkeys(layer["format"] for layer in manifest["layers"])),
        "integrity": "" if manifest["check"]["forced"] else COMPLETE_TEXT,
        "score": "",
        "grade": "",
        "product_date": find_production_date(manifest),
        "update_date": manifest["made"][:10],
        "secrecy": manifest["secrecy"],
    }


def make_layer_items(manifest: dict[str, Any], layer: dict[str, Any]) -> dict[str, str]:
    """Return item → text of the metadata of a layer (`LAYER_METADATA_ITEMS`); ``layer``: its row in the manifest."""
    return {
        "data_id": f"{manifest['area']['code']}{layer['layer']}",
        "resource_id": layer["role"],
        "name": layer["layer"],
        "alias": layer["title"],
        "format": layer["format"],
        "geometry": GEOMETRY_NAMES[layer["geometry"]],
        "wkid": layer["crs"].removeprefix("EPSG:"),
        "unit": layer["unit"],
        "currency": layer["data_year"],
        "features": str(layer["features"]),
        "extent": format_extent(layer["extent"], layer["unit"]),
        "product_date": find_production_date(manifest),
        "secrecy": manifest["secrecy"],
    }


def format_extent(extent: tuple[float, ...] | None, unit: str) -> str:
    """Return an extent as text: west, south, east, north.

    It has 6 decimals in degrees and 1 in metres; empty without an extent.
    """
    return " ".join(f"{v:.{_EXTENT_DECIMALS[unit]}f}" for v in extent or ())


def make_metadata_xml(manifest: dict[str, Any], package_spec: PackageSpec) -> bytes:
    """Return the metadata of a package and its layers as XML in UTF-8."""
    return convert_element_to_xml(make_metadata_element(manifest, package_spec))


def make_metadata_element(manifest: dict[str, Any], package_spec: PackageSpec) -> ET.Element:
    """Return the metadata of a package and its layers as an XML element."""
    name_by_item = package_spec.metadata.names_by_item
    frames = {key: name_by_item[key] or key for key in METADATA_CONTAINER_ELEMENTS}
    root = ET.Element(frames["metadata"])
    layers = [("dataset", make_layer_items(manifest, layer)) for layer in manifest["layers"]]
    for frame, items in [("package", make_package_items(manifest)), *layers]:
        element = ET.SubElement(root, frames[frame])
        for key, text in items.items():
            # The specification omits items without an element name.
            if name_by_item[key]:
                ET.SubElement(element, name_by_item[key]).text = text
    ET.indent(root)
    return root


def convert_element_to_xml(element: ET.Element, encoding: str = "utf-8") -> bytes:
    """Return an XML element as bytes with an XML declaration."""
    for node in element.iter():
        node.text = make_document_text(node.text or "")
    return ET.tostring(element, encoding=encoding, xml_declaration=True)


class UnreadableXml(KeyedError):
    """Error of a file that cannot be read as XML.

    ``key`` is ``damaged`` (with the parameter ``line``), ``entities``, or ``encoding`` (with the parameters
    ``declared`` and ``found``).
    """


@dataclass(frozen=True)
class MetadataItems:
    """Metadata items of a package and of each of its layers: item → text.

    ``unknown_elements``: elements that the specification does not have; ``missing_elements``: elements that it has and
    the file lacks; ``repeated_elements``: elements that occur twice in one parent.
    """

    package_items: dict[str, str]
    layer_items: tuple[dict[str, str], ...]
    unknown_elements: tuple[str, ...] = ()
    missing_elements: tuple[str, ...] = ()
    repeated_elements: tuple[str, ...] = ()


def read_xml(data: bytes) -> ET.Element:
    """Return the root element of an XML document.

    Raises
    ------
    UnreadableXml
        If the text is not well-formed, declares a document type (entities can fill the memory and open other files),
        or is not in its declared encoding.
    """
    data, is_converted = _convert_to_utf8(data)
    encoding = "utf-8" if is_converted else None

    def refuse_entities(*_: Any) -> int:
        """Raise UnreadableXml for a declared entity (called by the parser)."""
        raise UnreadableXml("entities")

    checking_parser = expat.ParserCreate(encoding, namespace_separator=" ")
    checking_parser.StartDoctypeDeclHandler = checking_parser.EntityDeclHandler = refuse_entities
    checking_parser.ExternalEntityRefHandler = refuse_entities
    try:
        checking_parser.Parse(data, True)
        return ET.fromstring(data, ET.XMLParser(encoding=encoding))  # nosec B314 # entities are refused above
    except expat.ExpatError as error:
        raise UnreadableXml("damaged", line=error.lineno) from error
    except (LookupError, ValueError) as error:
        # An unknown encoding or a multi-byte one that the parser does not support; it reports it in other words.
        raise UnreadableXml("encoding", declared=_find_declared_encoding(data), found=_detect_encoding(data)) from error


def get_local_name(element: ET.Element) -> str:
    """Return the name of an XML element without its namespace."""
    return element.tag.rpartition("}")[2]


def _find_declared_encoding(data: bytes) -> str:
    """Return the encoding that the XML declaration names."""
    match = _DECLARED_ENCODING_PATTERN.match(data.removeprefix(b"\xef\xbb\xbf").lstrip())
    return match.group(1).decode("ascii").upper() if match else ""


def _convert_to_utf8(data: bytes) -> tuple[bytes, bool]:
    """Return XML data in UTF-8, and True if they were converted from a Chinese encoding."""
    declared_encoding = _find_declared_encoding(data).lower()
    has_mark = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        if declared_encoding in _CHINESE_ENCODINGS:
            return data.decode("gb18030").encode("utf-8"), True
        if not has_mark and declared_encoding in ("", "utf-8", "utf8"):
            data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableXml(
            "encoding", declared=declared_encoding.upper() or "UTF-8", found=_detect_encoding(data)
        ) from error
    return data, False


def _detect_encoding(data: bytes) -> str:
    """Return the name of an encoding in which data can be decoded; “?” if no known one can."""
    for codec, name in (("utf-8", "UTF-8"), ("gb18030", "GBK")):
        with suppress(UnicodeDecodeError):
            data.decode(codec)
            return name
    return "?"


def read_metadata_by_spec(root: ET.Element, package_spec: PackageSpec) -> MetadataItems | None:
    """Return the metadata in an XML document, whose element names the specification defines.

    None if the root element has another name.
    """
    name_by_item = package_spec.metadata.names_by_item
    frames = {key: name_by_item[key] or key for key in METADATA_CONTAINER_ELEMENTS}
    if get_local_name(root) != frames["metadata"]:
        return None
    unknown_elements = [
        name for name in map(get_local_name, root) if name not in (frames["package"], frames["dataset"])
    ]
    missing_elements, repeated_elements = [], []
    items_of_frame: dict[str, list[dict[str, str]]] = {"package": [], "dataset": []}
    for frame, items in (("package", PACKAGE_METADATA_ITEMS), ("dataset", LAYER_METADATA_ITEMS)):
        item_of_name = {name_by_item[item]: item for item in items if name_by_item[item]}
        for node in (child for child in root if get_local_name(child) == frames[frame]):
            items_read: dict[str, str] = {}
            for child in node:
                name = get_local_name(child)
                if name not in item_of_name:
                    unknown_elements.append(f"{frames[frame]}/{name}")
                elif item_of_name[name] in items_read:
                    repeated_elements.append(f"{frames[frame]}/{name}")
                else:
                    items_read[item_of_name[name]] = (child.text or "").strip()
            missing_elements += [
                f"{frames[frame]}/{name}" for name, item in item_of_name.items() if item not in items_read
            ]
            items_of_frame[frame].append(items_read)
    packages = items_of_frame["package"]
    if not packages:
        missing_elements.append(frames["package"])
    if len(packages) > 1:
        repeated_elements.append(frames["package"])
    return MetadataItems(
        packages[0] if packages else {},
        tuple(items_of_frame["dataset"]),
        *(tuple(dict.fromkeys(one)) for one in (unknown_elements, missing_elements, repeated_elements)),
    )


def read_back_metadata(data: bytes, manifest: dict[str, Any], package_spec: PackageSpec, file: str) -> dict[str, Any]:
    """Read the written metadata again and compare them; return the result for the manifest.

    Raises
    ------
    OutputError
        If an item differs from the written one.
    """
    name_by_item = package_spec.metadata.names_by_item
    metadata = read_metadata_by_spec(read_xml(data), package_spec)
    # White space around a value is not part of it.
    expected_items = [
        {item: make_document_text(text).strip() for item, text in items.items() if name_by_item[item]}
        for items in (make_package_items(manifest), *(make_layer_items(manifest, row) for row in manifest["layers"]))
    ]
    read_items = [] if metadata is None else [metadata.package_items, *metadata.layer_items]
    if (
        metadata is None
        or metadata.unknown_elements
        or metadata.missing_elements
        or metadata.repeated_elements
        or read_items != expected_items
    ):
        raise OutputError("package_table_not_the_same", file=file.rpartition("/")[2], place=name_by_item["metadata"])
    return {"file": file, "layers": len(metadata.layer_items), "items": sum(map(len, expected_items)), "same": True}
