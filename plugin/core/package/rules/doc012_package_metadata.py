# SPDX-License-Identifier: GPL-2.0-or-later
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import PurePosixPath

from ...base.files.digests import MANIFEST_FILE_NAME
from ...engine.context import RuleContext
from ...geometry import crs as crs_care
from ...model.findings import Finding
from ...model.rule import Severity, rule
from ...standard.messages.texts import Texts
from ...standard.profile.document import PACKAGE_SPEC_SOURCE, PROFILE_SOURCE
from ...standard.profile.profile_data import load_secrecy_levels
from ..inspection.facts import LayerFact, PackageFacts
from ..metadata import (
    DEGREES_UNIT,
    FORMAT_SEPARATOR,
    GEOMETRY_NAMES,
    METRES_UNIT,
    MetadataItems,
    UnreadableXml,
    find_data_year,
    find_production_date,
    format_extent,
    get_local_name,
    read_metadata_by_spec,
    read_xml,
)
from ..tables.known_tables import parse_printed_number
from ._package import (
    NO_PACKAGE_EXAMPLE,
    format_value_or_missing,
    inspects_package,
    is_made_by_plugin,
    make_example,
    make_file_finding,
    make_layer_finding,
)

#: Dates may be later than today by this much, because clocks and time zones differ.
_CLOCK_TOLERANCE = timedelta(days=1)
#: Tolerance in units of the last printed digit of an extent: programs round up, down or outwards, so it may differ by
#: one; a fiftieth more for the coordinate grid of a database, to which the shapes were moved.
_LAST_DIGIT_TOLERANCE = 1.02
_DATE_PATTERN = re.compile(r"(\d{4})[-/.年]?(\d{1,2})(?:[-/.月]?(\d{1,2}))?(?!\d)")
METADATA_PATH = "5-元数据/140225浑源县国土空间总体规划元数据.xml"


@rule(
    "DOC012",
    "package-metadata",
    problem="Metadata is unreadable or disagrees with the package",
    severity=Severity.WARNING,
    basis=["package-form"],
    needs={},
    messages={
        "missing": "The package has no metadata (“{file}”). Make it with export_package, or add the file.",
        "damaged": "“{file}” is not well-formed XML (error in line {line}) and was not compared. Export it again.",
        "encoding": "“{file}” declares the encoding {declared}, but is in {found}. Save it in the declared encoding.",
        "entities": "“{file}” declares a document type (DTD, entities), as harmful files do; it was not read. Remove the declaration.",
        "schema": "“{file}” has the root element “{root}” instead of “{expected}” in the specification: it has another schema and was not "
        "compared. Compare it by hand.",
        "unknown": "“{file}” has elements that the specification does not have: {names}. They were not compared. Rename or delete them, or "
        "add them to the specification.",
        "lacking": "“{file}” lacks elements that the specification requires: {names}. Add them; if a value is unknown, add the element without a value.",
        "twice": "“{file}” has repeated elements in one place: {names}. The first was compared; delete the others.",
        "layer_twice": "“{file}” describes layer {name} more than once: {count}. Delete the other entries.",
        "layer_lost": "“{file}” describes layer {name}, which is not in the data. Delete the entry, or add the layer.",
        "layer_more": "“{file}” does not describe layer {name}. Add an entry, or make the package again.",
        "set_more": "“{file}” does not describe the layers of “{place}” ({count}). Add entries, or remove the data set if it is not needed.",
        "level": "The secrecy level in the manifest “{file}” is {told}; the specification allows {expected}. Make the package again with "
        "the right level.",
        "lowered": "The secrecy level in the manifest “{file}” is {told}, below {expected} of {source}, and no reason is stated. Restore the "
        "level, or make the package again with a reason (降密理由).",
        "value": "“{file}”, {owner}: item “{item}” contains “{told}”; it is {found}. Correct it, or make the package again.",
    },
    fails=[
        make_example("none", 1, documents={}),
        make_example("cut off", 1, documents={METADATA_PATH: "<元数据><成果包>".encode()}),
        make_example("a bomb", 1, documents={METADATA_PATH: '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><元数据>&c;</元数据>'.encode()}),
        make_example("another file", 1, documents={METADATA_PATH: '<!DOCTYPE a SYSTEM "file:///etc/passwd"><元数据/>'.encode()}),
        make_example("GBK that calls itself UTF-8", 1, documents={METADATA_PATH: '<?xml version="1.0" encoding="UTF-8"?><元数据/>'.encode("gbk")}),
        make_example("another schema", 1, documents={METADATA_PATH: b'<MD_Metadata xmlns="http://www.isotc211.org/2005/gmd"/>'}),
        make_example("a feature fewer", 1, metadata={"CZKFBJ": {"features": "17"}}),
        make_example("another zone", 1, metadata={"CZKFBJ": {"wkid": "4526"}}),
        make_example("public, though it is internal", 1, metadata={"": {"secrecy": "公开"}}, manifest=True),
        make_example("a level that there is not", 1, metadata={"": {"secrecy": "绝密级"}}),
        make_example("made in a month that there is not", 1, metadata={"": {"product_date": "2026-13-01"}}),
        make_example("a level that there is not in the manifest", 1, manifest=True, secrecy="绝密"),
        make_example("public without a reason", 1, manifest=True, secrecy="公开", metadata_secrecy="公开"),
        make_example("a layer that is not there", 1, layers={"LSWHBHX": None}, metadata={"LSWHBHX": {}}),
    ],
    passes=[
        make_example("as it is"),
        make_example("in GBK that says so", documents_codec="gbk"),
        make_example("public with a reason", manifest=True, secrecy="公开", metadata_secrecy="公开",
                     head={"document": {"lowered": [{"above": "内部", "secrecy": "公开", "reason": "批准公开"}]}}),
        NO_PACKAGE_EXAMPLE,
    ],
)  # fmt: skip
@inspects_package
def package_metadata(package: PackageFacts, *, ctx: RuleContext) -> Iterator[Finding]:
    """Metadata can be read, and agree with the package.

    What it checks
        The XML of the metadata is well-formed, in its declared encoding, and has the elements of the specification,
        and each layer once. Each layer has the right name, number of features, kind, format, CRS, unit and extent.
        Name, secrecy level and dates of the package are right. The level is not below that of the specification or the
        profile, unless the manifest states the reason.
    Why
        A delivery is filed and found by its metadata, usually without a look into the data.
    How to fix
        Make the package again with export_package, or correct the element in the message.
    Limits
        The official schema was not found: element names are settings of the specification (mark C). Metadata with
        another schema (ISO 19115 …) are reported as not compared. Score and grade are left to the receiving body. An
        extent may differ by one in its last printed digit.
    """
    expected = package.get_expected_path(package.package_spec.metadata.folder, package.package_spec.metadata.file)
    if expected not in package.document_contents:
        yield make_file_finding(expected, "missing")
    levels = package.package_spec.secrecy_levels or (package.package_spec.secrecy,)
    manifest_level = str(package.manifest.get("secrecy") or "") if package.manifest else ""
    if manifest_level and load_secrecy_levels().strip_term(manifest_level) not in levels:
        expected = Texts(ctx.lang).get("words", "between_names").join(levels)
        yield make_file_finding(MANIFEST_FILE_NAME, "level", told=manifest_level, expected=expected)
    elif package.manifest:
        yield from _report_lowered_level(manifest_level, package, ctx)
    for path in (one for one in package.document_contents if one.lower().endswith(".xml")):
        try:
            root = read_xml(package.document_contents[path])
        except UnreadableXml as error:
            yield make_file_finding(path, error.key, **error.params)
            continue
        metadata = read_metadata_by_spec(root, package.package_spec)
        if metadata is None:
            yield make_file_finding(
                path,
                "schema",
                root=get_local_name(root)[-80:],
                expected=package.package_spec.metadata.names_by_item["metadata"] or "metadata",
            )
            continue
        between = Texts(ctx.lang).get("words", "between_names")
        yield from (
            make_file_finding(path, case, names=between.join(names_of_case))
            for case, names_of_case in (
                ("unknown", metadata.unknown_elements),
                ("lacking", metadata.missing_elements),
                ("twice", metadata.repeated_elements),
            )
            if names_of_case
        )
        yield from _check_metadata_values(path, metadata, package, ctx)


def _report_lowered_level(level: str, package: PackageFacts, ctx: RuleContext) -> Iterator[Finding]:
    """Yield a warning if a level is below that of the specification or profile, and the manifest states no reason.

    An export refuses such a level.
    """
    levels = load_secrecy_levels()
    rows = (package.manifest or {}).get("document", {}).get("lowered", ())
    sources = {
        PROFILE_SOURCE: ctx.norm.profile.document_info.secrecy,
        PACKAGE_SPEC_SOURCE: package.package_spec.secrecy,
    }
    source = next((name for name, expected in sources.items() if levels.is_lower(level, expected)), None)
    has_reason = any(
        levels.strip_term(row.get("secrecy", "")) == levels.strip_term(level) and row.get("reason", "").strip()
        for row in rows
    )
    if source is not None and not has_reason:
        params = {"told": level, "expected": sources[source], "source": Texts(ctx.lang).get("document", source)}
        yield make_file_finding(MANIFEST_FILE_NAME, "lowered", Severity.WARNING, **params)


def _check_metadata_values(
    path: str, metadata: MetadataItems, package: PackageFacts, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield findings on metadata items that contradict the package.

    Empty items and items that the specification omits are ignored.
    """
    texts = Texts(ctx.lang)
    make_finding = partial(_make_item_finding, path, package, texts)
    readable_layers = [layer for layer in package.layers if layer.feature_count >= 0]
    # Unreadable layers may exist; DOC008 reports them.
    unreadable_layers = [layer for layer in package.layers if layer.feature_count < 0]
    unreadable_names = {layer.name.upper() for layer in unreadable_layers}
    is_data_set_unreadable = any(layer.name == PurePosixPath(layer.file).stem for layer in unreadable_layers)
    entry_counts: Counter[tuple[str, str]] = Counter()
    for items in metadata.layer_items:
        name = items.get("name", "")
        described_layers = [layer for layer in readable_layers if layer.name.upper() == name.upper()]
        described_layers = [
            layer for layer in described_layers if layer.data_format == items.get("format")
        ] or described_layers
        if described_layers:
            layer = next(
                (one for one in described_layers if (one.file, one.name) not in entry_counts), described_layers[0]
            )
            entry_counts[layer.file, layer.name] += 1
            if entry_counts[layer.file, layer.name] == 1:
                yield from _check_layer(items, layer, package, ctx, make_finding)
        elif not is_data_set_unreadable and name.upper() not in unreadable_names:
            yield Finding(
                "",
                key=f"{path}/{name}",
                case="layer_lost",
                params={"file": path, "name": format_value_or_missing(name, texts)},
            )
    yield from (
        make_layer_finding(path, name, "layer_twice", count=count)
        for (_, name), count in entry_counts.items()
        if count > 1
    )
    unread_layers = {(spare.file, spare.name) for spare in package.unread_layers}
    undescribed_layers = [
        x for x in readable_layers if x.feature_count and (x.file, x.name) not in entry_counts.keys() | unread_layers
    ]
    for file in dict.fromkeys(layer.file for layer in undescribed_layers):
        layer_names = [layer.name for layer in undescribed_layers if layer.file == file]
        if entry_counts and len(layer_names) > 1 and file not in {place for place, _ in entry_counts}:
            yield make_file_finding(path, "set_more", part=file, place=file, count=len(layer_names))
        else:
            yield from (make_layer_finding(path, name, "layer_more") for name in layer_names)
    yield from _check_package(metadata.package_items, package, ctx, make_finding)


def _make_item_finding(
    path: str, package: PackageFacts, texts: Texts, owner: str, item: str, stated_value: str, expected: str
) -> Finding:
    """Return the finding that a metadata item is wrong.

    ``owner``: name of the layer that the item describes, empty for the package.
    """
    name = package.package_spec.metadata.names_by_item[item]
    return Finding(
        "",
        key=f"{path}/{owner}",
        field=name,
        case="value",
        params={
            "file": path,
            "owner": owner or texts.get("words", "whole_package"),
            "item": name,
            "told": format_value_or_missing(stated_value, texts),
            "found": format_value_or_missing(expected, texts),
        },
    )


def _check_layer(
    items: dict[str, str],
    layer: LayerFact,
    package: PackageFacts,
    ctx: RuleContext,
    make_finding: Callable[[str, str, str, str], Finding],
) -> Iterator[Finding]:
    """Yield findings on wrong metadata items of one layer; ``items``: item → text."""
    template = ctx.norm.standard.templates.get(layer.name)
    plane = crs_care.parse_crs(layer.crs)
    unit = "" if plane is None else DEGREES_UNIT if plane.is_geographic else METRES_UNIT
    expected = {
        "data_id": f"{package.county_code}{layer.name}" if package.county_code else "",
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
    yield from (
        make_finding(layer.name, item, items[item], value)
        for item, value in _find_resource_id_and_data_year(items, layer, package, ctx)
    )
    if items.get("extent") and layer.extent:
        numbers = [parse_printed_number(part) for part in items["extent"].replace(",", " ").split()]
        # Equal to the last printed digit.
        is_same = len(numbers) == len(layer.extent) and all(
            n is not None and abs(n.value - v) <= _LAST_DIGIT_TOLERANCE * 10.0**-n.decimals
            for n, v in zip(numbers, layer.extent, strict=True)
        )
        if not is_same:
            yield make_finding(layer.name, "extent", items["extent"], format_extent(layer.extent, unit or METRES_UNIT))
    yield from _check_dates_and_secrecy(items, ("product_date",), layer.name, package, ctx, make_finding)


def _find_resource_id_and_data_year(
    items: dict[str, str], layer: LayerFact, package: PackageFacts, ctx: RuleContext
) -> list[tuple[str, str]]:
    """Return the right values of a layer's resource id and year of data, if the stated ones are wrong.

    They are compared with the entry for the layer in a manifest of this plugin; without one, the year is compared with
    the layer's rows.
    """
    layer_rows = package.manifest["layers"] if is_made_by_plugin(package) and package.manifest is not None else []
    rows = [row for row in layer_rows if str(row["layer"]).upper() == layer.name.upper()]
    row = next((row for row in rows if row.get("format") == layer.data_format), rows[0] if rows else {})
    if row:
        pairs = (("resource_id", "role"), ("currency", "data_year"))
        return [(i, str(row[key])) for i, key in pairs if i in items and key in row and items[i] != str(row[key])]
    year, stated_year = find_data_year(ctx.plan.layers.get(layer.name)), items.get("currency", "")
    return [("currency", year)] if year and stated_year and year not in stated_year else []


def _check_package(
    items: dict[str, str],
    package: PackageFacts,
    ctx: RuleContext,
    make_finding: Callable[[str, str, str, str], Finding],
) -> Iterator[Finding]:
    """Yield findings on wrong metadata items of the whole package; ``items``: item → text."""
    yield from (
        make_finding("", item, items[item], package.folder_name)
        for item in ("data_id", "name")
        if items.get(item) and items[item] != package.folder_name
    )
    layer_formats = dict.fromkeys(layer.data_format for layer in package.layers if layer.data_format)
    stated_formats = items.get("format", "")
    # The order of formats does not matter.
    stated_set = {part.strip() for part in stated_formats.split(FORMAT_SEPARATOR)}
    if layer_formats and stated_formats and stated_set != layer_formats.keys():
        yield make_finding("", "format", stated_formats, FORMAT_SEPARATOR.join(layer_formats))
    yield from _check_dates_and_secrecy(items, ("product_date", "update_date"), "", package, ctx, make_finding)
    production_date, update_date = (_parse_day(items.get(item, "")) for item in ("product_date", "update_date"))
    if production_date and update_date and update_date < production_date:
        yield make_finding("", "update_date", items["update_date"], f"≥ {production_date}")


def _check_dates_and_secrecy(
    items: dict[str, str],
    date_items: tuple[str, ...],
    owner: str,
    package: PackageFacts,
    ctx: RuleContext,
    make_finding: Callable[[str, str, str, str], Finding],
) -> Iterator[Finding]:
    """Yield findings on dates and secrecy level of a layer or, if ``owner`` is empty, of the package.

    A date is wrong if it is invalid, in the future, or a production date before the manifest's; a level if it
    contradicts manifest or specification.
    """
    manifest, texts = package.manifest or {}, Texts(ctx.lang)
    for item in date_items:
        stated_date = items.get(item, "")
        day = _parse_day(stated_date)
        if stated_date and (day is None or day > date.today() + _CLOCK_TOLERANCE):
            yield make_finding(owner, item, stated_date, texts.get("words", "no_such_day"))
        elif day is not None and item == "product_date" and is_made_by_plugin(package) and "made" in manifest:
            produced = find_production_date(manifest)
            known_day = _parse_day(produced)
            if known_day is not None and day < known_day:
                yield make_finding(owner, item, stated_date, produced)
    stated_level, agreed = items.get("secrecy", ""), manifest.get("secrecy")
    levels = package.package_spec.secrecy_levels or (package.package_spec.secrecy,)
    level_of = load_secrecy_levels().strip_term
    # An invalid level in the manifest is reported there, and is not used for comparison.
    if stated_level and agreed and level_of(agreed) in levels and stated_level != agreed:
        yield make_finding(owner, "secrecy", stated_level, agreed)
    elif stated_level and level_of(stated_level) not in levels:
        yield make_finding(owner, "secrecy", stated_level, texts.get("words", "between_names").join(levels))


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
