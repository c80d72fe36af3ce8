# SPDX-License-Identifier: GPL-2.0-or-later
"""Metadata and manifest of a package: read, or refused with the state."""

import json
from datetime import date

import pytest

from plugin.core.base.files.digests import (
    MANIFEST_CHANGED,
    MANIFEST_DAMAGED,
    MANIFEST_FILE_NAME,
    MANIFEST_MISSING,
    MANIFEST_OF_LATER_VERSION,
    MANIFEST_OK,
    MANIFEST_SCHEMA,
    read_manifest,
    write_manifest_digest,
)
from plugin.core.package.metadata import UnreadableXml, make_metadata_xml, read_metadata_by_spec, read_xml
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.rules.doc012_package_metadata import _parse_day

COUNTY_SPEC = load_package_spec("county")
LAYER_ROW = {
    "layer": "CZKFBJ", "role": "CZKFBJ", "title": "城镇开发边界 <&>", "format": "FileGDB", "geometry": "polygon", "crs": "EPSG:4490",
    "unit": "度", "data_year": "2020", "features": 7, "extent": (113.1, 39.2, 113.25, 39.5),
}  # fmt: skip
PACKAGE_MANIFEST = {
    "root": "140225浑源县国土空间总体规划", "name": "包", "made": "2026-11-20T08:00:00+08:00", "secrecy": "内部",
    "check": {"forced": False}, "area": {"code": "140225"}, "layers": [LAYER_ROW, {**LAYER_ROW, "layer": "B", "extent": None}],
}  # fmt: skip


def test_written_metadata_xml_reads_back_equal():
    metadata = read_metadata_by_spec(read_xml(make_metadata_xml(PACKAGE_MANIFEST, COUNTY_SPEC)), COUNTY_SPEC)
    assert (metadata.unknown_elements, metadata.missing_elements, metadata.repeated_elements) == ((), (), ())
    assert metadata.package_items["name"] == "包" and metadata.package_items["product_date"] == "2026-11-20"
    first, second = metadata.layer_items
    assert first["alias"] == "城镇开发边界 <&>" and first["features"] == "7" and first["wkid"] == "4490"
    assert first["extent"] == "113.100000 39.200000 113.250000 39.500000" and second["extent"] == ""
    named = read_xml(make_metadata_xml({**PACKAGE_MANIFEST, "name": "永\x0b安\ufffe县"}, COUNTY_SPEC))
    assert read_metadata_by_spec(named, COUNTY_SPEC).package_items["name"] == "永安县"


def test_format_in_the_package_metadata_lists_the_formats_of_the_data_sets():
    """Use the formats of the layers, not the file name in the package spec."""
    layers = [
        {**LAYER_ROW, "layer": name, "format": format_name}
        for name, format_name in (("A", "FileGDB"), ("B", "FileGDB"), ("C", "VCT 3.0"))
    ]
    metadata = read_metadata_by_spec(
        read_xml(make_metadata_xml({**PACKAGE_MANIFEST, "layers": layers}, COUNTY_SPEC)), COUNTY_SPEC
    )
    assert metadata.package_items["format"] == "FileGDB、VCT 3.0"
    assert (
        read_metadata_by_spec(
            read_xml(make_metadata_xml({**PACKAGE_MANIFEST, "layers": []}, COUNTY_SPEC)), COUNTY_SPEC
        ).package_items["format"]
        == ""
    )


def test_metadata_item_without_an_element_name_is_omitted():
    from dataclasses import replace

    names = {**COUNTY_SPEC.metadata.names_by_item, "extent": "", "score": ""}
    spec = replace(COUNTY_SPEC, metadata=replace(COUNTY_SPEC.metadata, names_by_item=names))
    item_values = read_metadata_by_spec(read_xml(make_metadata_xml(PACKAGE_MANIFEST, spec)), spec)
    assert (
        "extent" not in item_values.layer_items[0]
        and "score" not in item_values.package_items
        and item_values.missing_elements == ()
    )


@pytest.mark.parametrize(
    "data",
    [
        '<?xml version="1.0" encoding="GBK"?><元数据>浑源</元数据>'.encode("gbk"),
        '<?xml version="1.0" encoding="gb2312"?><元数据>浑源</元数据>'.encode("gb18030"),
        "<?xml version='1.0' encoding='UTF-8'?><元数据>浑源</元数据>".encode("utf-8-sig"),
        '<?xml version="1.0" encoding="UTF-16"?><元数据>浑源</元数据>'.encode("utf-16"),
        "<元数据>浑源</元数据>".encode(),
    ],
)
def test_metadata_xml_in_encodings_of_chinese_programs_is_read(data):
    root = read_xml(data)
    assert (root.tag, root.text) == ("元数据", "浑源")


ENTITY_BOMB = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    ("data", "case"),
    [
        (f'<!DOCTYPE a [<!ENTITY l0 "哈">{ENTITY_BOMB}]><a>&l11;</a>'.encode(), "entities"),
        (b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>', "entities"),
        (b'<!DOCTYPE a SYSTEM "http://example.invalid/a.dtd"><a/>', "entities"),
        (b'<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><a/>', "entities"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode("utf-16"), "entities"),
        (b"<a>&unknown;</a>", "damaged"),
        (b"", "damaged"),
        (b"<a>", "damaged"),
        (b"<a/><b/>", "damaged"),
        (b"<a>" * 100_000, "damaged"),
        (b'<?xml version="1.0" encoding="KOI-9"?><a/>', "encoding"),
        ('<?xml version="1.0" encoding="UTF-8"?><元数据/>'.encode("gbk"), "encoding"),
        ('<?xml version="1.0" encoding="GBK"?><元>数据</元>'.encode() + b"\xff", "encoding"),
        (b"PK\x03\x04\x00\x01", "damaged"),
    ],
)  # fmt: skip
def test_unsafe_or_damaged_metadata_xml_is_refused(data, case):
    with pytest.raises(UnreadableXml) as caught:
        read_xml(data)
    assert caught.value.key == case


def test_xml_of_another_schema_is_not_read_as_metadata():
    assert (
        read_metadata_by_spec(read_xml(b'<gmd:MD_Metadata xmlns:gmd="http://www.isotc211.org/2005/gmd"/>'), COUNTY_SPEC)
        is None
    )


def test_unknown_missing_and_repeated_metadata_elements_are_listed():
    data = make_metadata_xml(PACKAGE_MANIFEST, COUNTY_SPEC).decode()
    changed = data.replace("<密级>内部</密级>", "<密级>内部</密级><密级>公开</密级>", 1).replace(
        "<要素数>7</要素数>", "<个数>7</个数>", 1
    )
    metadata = read_metadata_by_spec(read_xml(changed.encode()), COUNTY_SPEC)
    assert (metadata.unknown_elements, metadata.missing_elements, metadata.repeated_elements) == (
        ("数据集/个数",),
        ("数据集/要素数",),
        ("成果包/密级",),
    )
    nothing = read_metadata_by_spec(read_xml("<元数据/>".encode()), COUNTY_SPEC)
    assert nothing.missing_elements == ("成果包",) and nothing.layer_items == ()


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-01-31", date(2026, 1, 31)), ("2026/1/31", date(2026, 1, 31)), ("20260131", date(2026, 1, 31)),
        ("2026年1月31日", date(2026, 1, 31)), ("2026-01-31T08:00:00+08:00", date(2026, 1, 31)), ("2026-01", date(2026, 1, 1)),
        ("2026-02-30", None), ("2026-13-01", None), ("昨天", None), ("2026", None), ("", None),
    ],
)  # fmt: skip
def test_metadata_dates_in_common_formats_are_parsed(text, day):
    assert _parse_day(text) == day


COMPLETE_MANIFEST = {
    "schema": MANIFEST_SCHEMA,
    "check": {"verdict": "pass"},
    "files": [{"path": "a.txt", "sha256": "0" * 64}],
    "layers": [{"layer": "CZKFBJ", "file": "a.gdb", "features": 3}],
    "maps": [{"file": "a.jpg", "origin": "made"}],
}


def write_manifest(folder, content):
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / MANIFEST_FILE_NAME).write_text(text, encoding="utf-8")


def test_read_manifest_returns_the_state_changed_if_the_manifest_differs_from_its_digest(tmp_path):
    write_manifest(tmp_path, COMPLETE_MANIFEST)
    write_manifest_digest(tmp_path)
    assert read_manifest(tmp_path) == (COMPLETE_MANIFEST, MANIFEST_OK)
    write_manifest(tmp_path, {**COMPLETE_MANIFEST, "more": 1})
    assert read_manifest(tmp_path) == ({**COMPLETE_MANIFEST, "more": 1}, MANIFEST_CHANGED)


def test_read_manifest_returns_none_for_a_missing_manifest(tmp_path):
    assert read_manifest(tmp_path) == (None, MANIFEST_MISSING)
    (tmp_path / MANIFEST_FILE_NAME).mkdir()
    assert read_manifest(tmp_path) == (None, MANIFEST_MISSING)


def test_read_manifest_does_not_count_a_manifest_without_the_key_maps_as_damaged(tmp_path):
    write_manifest(tmp_path, {key: value for key, value in COMPLETE_MANIFEST.items() if key != "maps"})
    assert read_manifest(tmp_path)[1] == MANIFEST_CHANGED


def test_read_manifest_returns_none_and_a_separate_state_for_a_manifest_of_a_later_version(tmp_path):
    name, _, version = MANIFEST_SCHEMA.partition("/")
    write_manifest(tmp_path, {"schema": f"{name}/{int(version) + 1}"})
    assert read_manifest(tmp_path) == (None, MANIFEST_OF_LATER_VERSION)


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[" * 100_000, "7", "null", "[]", {}, {"schema": MANIFEST_SCHEMA}, {"schema": "another/1"}, {"schema": ["x"]},
        {**COMPLETE_MANIFEST, "check": {}}, {**COMPLETE_MANIFEST, "check": None}, {**COMPLETE_MANIFEST, "files": None}, {**COMPLETE_MANIFEST, "files": ["a.txt"]},
        {**COMPLETE_MANIFEST, "files": [{"path": "a.txt"}]}, {**COMPLETE_MANIFEST, "files": [{"path": 7, "sha256": "0"}]},
        {**COMPLETE_MANIFEST, "layers": {}}, {**COMPLETE_MANIFEST, "layers": [{"layer": "CZKFBJ", "file": "a.gdb", "features": "3"}]},
        {**COMPLETE_MANIFEST, "maps": 7}, {**COMPLETE_MANIFEST, "maps": [None]}, {**COMPLETE_MANIFEST, "maps": [{"file": "a.jpg"}]},
        {**COMPLETE_MANIFEST, "area": {"code": 140225}}, {**COMPLETE_MANIFEST, "tool": {"versions": None}}, {**COMPLETE_MANIFEST, "made": 7},
        {**COMPLETE_MANIFEST, "standard": "x"}, {**COMPLETE_MANIFEST, "standard": {"id": ["x"]}}, {**COMPLETE_MANIFEST, "document": {"lowered": None}},
        {**COMPLETE_MANIFEST, "document": {"lowered": ["x"]}}, {**COMPLETE_MANIFEST, "slots": [{"id": "a", "files": [["x"]]}]},
        *({**COMPLETE_MANIFEST, "layers": [{"layer": "CZKFBJ", "file": "a.gdb", "features": 3, **item}]}
          for item in ({"extent": "x"}, {"extent": ["a"]}, {"read_back": None}, {"fields": "12"})),
    ],
)  # fmt: skip
def test_read_manifest_returns_none_for_a_damaged_manifest(tmp_path, content):
    write_manifest(tmp_path, content)
    assert read_manifest(tmp_path) == (None, MANIFEST_DAMAGED)


def test_read_manifest_returns_none_for_an_undecodable_manifest(tmp_path):
    (tmp_path / MANIFEST_FILE_NAME).write_bytes(b"\xff\xfe\xff")
    assert read_manifest(tmp_path) == (None, MANIFEST_DAMAGED)
