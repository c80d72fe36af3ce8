# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of version 0.1.0 (0.1.0/README.md): later versions read them with all values.

Expected values are read from the files themselves by csv, json, tomllib, zipfile and fiona, never by the plugin.
"""

import csv
import json
import shutil
import tomllib
import zipfile
from collections import Counter
from pathlib import Path

import fiona
import pytest
from jsonschema import Draft202012Validator

from plugin.core.check import Options, check_plan
from plugin.core.loading.renumbering import read_renumbered
from plugin.core.mapping import load_mapping
from plugin.core.model.findings import COLUMNS
from plugin.core.model.report import Report
from plugin.core.options import parse_roles
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.profile import DocumentInfo, find_profile_problems, load_profile
from plugin.core.render.html import render_report
from plugin.core.render.outputs import to_json
from plugin.core.standard import SETTING_SECTIONS, flatten_table, load_standard
from plugin.core.waivers.file import read_waivers
from plugin.paths import REPORTS

OLD = Path(__file__).parent / "0.1.0"
WAIVERS = OLD / "county.waivers.csv"
CONFIRMED = """
id = "x"
name = "浑源县"
area_code = "140225"
base = "hunyuan"
[confirmed]
by = "县自然资源局"
document = "测试〔2026〕1号"
date = "2026-01-01"
items = ["all"]
"""


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def unzipped(name, folder):
    with zipfile.ZipFile(OLD / name) as archive:
        archive.extractall(folder)
    return folder


def lacking(old, new, where=""):
    """Return values of the old data that are missing or different in the new; added keys are ignored."""
    if isinstance(old, dict):
        if not isinstance(new, dict):
            return [where]
        return [p for key, value in old.items() for p in lacking(value, new.get(key, ...), f"{where}/{key}")]
    if isinstance(old, list):
        if not isinstance(new, list | tuple) or len(old) != len(new):
            return [where]
        return [p for n, pair in enumerate(zip(old, new, strict=True)) for p in lacking(*pair, f"{where}/{n}")]
    return [] if old == new else [f"{where}: {old!r} → {new!r}"]


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """Return the sample county of 0.1.0 with its shapes."""
    return unzipped("sample.zip", tmp_path_factory.mktemp("示例")) / "county.gpkg"


# -- waivers ----------------------------------------------------------------------------------------------------------


def test_every_column_of_the_waivers_is_read():
    old_data, read = rows_of(WAIVERS), {w.id: w for w in read_waivers(WAIVERS)}
    assert list(read) == [row["编号"] for row in old_data]
    for row in old_data:
        waiver = read[row["编号"]]
        assert (waiver.rule, waiver.message, waiver.reason, waiver.document, waiver.author, waiver.attachment) == tuple(
            row[name] for name in ("规则", "问题", "理由", "文号", "登记人", "附件")
        )
        assert waiver.date.isoformat() == row["登记日期"]
        assert (waiver.until.isoformat() if waiver.until else "") == row["有效期至"]
        assert (waiver.field, waiver.case) == (row["字段"], row["情形"])
        for value, name in (
            (waiver.lon, "经度"),
            (waiver.lat, "纬度"),
            (waiver.area_m2, "面积m2"),
        ):
            assert value == (float(row[name]) if row[name] else None), name
        for value, name in ((waiver.place_m, "位置允许差m"), (waiver.change_m2, "面积允许差m2")):
            assert value == float(row[name] or 0), name
        assert waiver.figures == (json.loads(row["数值"]) if row["数值"] else {})
        assert waiver.key in row["图层和标识码"] and waiver.role in row["图层和标识码"]
        assert all(key in row["另一图层和标识码"] for key in (waiver.related_role, *waiver.related_keys))
    # All kinds of matching are included: pairs, parts with a place, gaps without keys, rows, fields, layers.
    assert any(w.related_keys for w in read.values()) and any(not w.key for w in read.values())
    assert any(w.lon is None for w in read.values()) and any(w.until for w in read.values())
    assert {"TOP001", "TOP002", "REL001", "ATT002", "GEO002", "SCH002", "LAW001"} <= {w.rule for w in read.values()}


def matched(report):
    return Counter(f.params["waiver"]["id"] for f in report.findings if f.state == "waived")


def test_every_waiver_finds_its_conflict(sample):
    report = check_plan(sample, Options(profile="hunyuan", rules=("all",), waivers=str(WAIVERS))).report
    old_data = {row["编号"]: row["规则"] for row in rows_of(WAIVERS)}
    waived = {f.params["waiver"]["id"]: f.code for f in report.findings if f.state == "waived"}
    assert waived == old_data and set(matched(report).values()) == {1}
    assert [f.message for f in report.findings if f.code == "RUN903"] == []


def test_waivers_follow_a_table_of_old_and_new_keys(sample, tmp_path):
    """Waivers of a layer with new keys apply with the table of keys, and not without."""
    from osgeo import ogr

    table = OLD / "renumbered.csv"
    new = {row["旧标识码"]: row["新标识码"] for row in rows_of(table)}
    assert read_renumbered(table) == {("STBHHX", old): key for old, key in new.items()}
    moved = tmp_path / "county.gpkg"
    shutil.copyfile(sample, moved)
    database = ogr.Open(str(moved), 1)
    layer = database.GetLayerByName("STBHHX")
    for feature in list(layer):
        feature.SetField("BSM", new[feature.GetField("BSM")])
        layer.SetFeature(feature)
    del layer, database
    options = {"profile": "hunyuan", "rules": ("REL001", "REL003", "REL004"), "waivers": str(WAIVERS)}
    wanted = {row["编号"] for row in rows_of(WAIVERS) if row["规则"] in options["rules"]}
    assert set(matched(check_plan(moved, Options(**options, renumbered=str(table))).report)) == wanted
    assert set(matched(check_plan(moved, Options(**options)).report)) < wanted


# -- reports and findings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["report.json", "waived.json"])
def test_report_is_read_completely_and_rendered(name):
    old_data = json.loads((OLD / name).read_text(encoding="utf-8"))
    report = Report.from_dict(old_data)
    assert lacking(old_data, json.loads(to_json(report))) == []
    schema = json.loads((REPORTS / "report.schema.json").read_text(encoding="utf-8"))
    assert [e.message for e in Draft202012Validator(schema).iter_errors(json.loads(to_json(report)))] == []
    page = render_report(report)
    assert all(rule["title"] in page for rule in old_data["rules"] if rule["findings"])
    assert {"report.json": "不通过", "waived.json": "豁免"}[name] in page
    # The provenance keeps the version that wrote it.
    assert report.provenance["versions"]["sanxian"] == "0.1.0"


def test_report_pages_and_findings_of_the_sample_agree():
    old_data = json.loads((OLD / "report.json").read_text(encoding="utf-8"))
    page = (OLD / "report.html").read_text(encoding="utf-8")
    assert all(rule["title"] in page for rule in old_data["rules"])
    with fiona.open(OLD / "findings.gpkg") as layer:
        columns, codes = list(layer.schema["properties"]), Counter(row["properties"]["code"] for row in layer)
    assert codes == Counter(f["code"] for f in old_data["findings"]) and sum(codes.values()) == 80
    # A layer of findings in a project is recognised by its columns.
    assert set(columns) <= set(COLUMNS)


# -- settings in files ------------------------------------------------------------------------------------------------


def test_profile_with_every_key_is_read():
    path = OLD / "profile.toml"
    assert [str(problem) for problem in find_profile_problems(path)] == []
    old_data, profile = tomllib.loads(path.read_text(encoding="utf-8")), load_profile(path)
    assert (profile.id, profile.name, profile.area_code, profile.standard) == (
        old_data["id"], old_data["name"], old_data["area_code"], old_data["standard"],
    )  # fmt: skip
    sections = {
        key: old_data.pop(key) for key in list(old_data) if isinstance(old_data[key], dict) and key in SETTING_SECTIONS
    }
    own = {k: v for section, table in sections.items() for k, v in flatten_table(table, f"{section}.").items()}
    assert {key: profile.settings[key] for key in own} == own and len(own) > 50
    base = tomllib.loads((OLD / "base.toml").read_text(encoding="utf-8"))
    assert profile.settings["quality.min_area_m2.DLTB"] == base["quality"]["min_area_m2"]["DLTB"]
    assert {key: profile.marks[key] for key in old_data["marks"]} == old_data["marks"]
    assert profile.severity == old_data["severity"]
    assert profile.phases["approval"] == old_data["phase"]["approval"]["severity"]
    assert profile.absent == set(old_data["absent"]["concepts"])
    assert profile.document_info == DocumentInfo()
    assert profile.confirmed == set(old_data["confirmed"]["items"])
    assert lacking({k: v for k, v in old_data["confirmed"].items() if k != "items"}, profile.confirmed_by) == []
    assert "GEO005" in profile.rules or "quality" in profile.rules
    assert set(old_data["rules_off"]) == set(profile.rules_off)
    for rows, read in (
        (old_data["targets"], profile.targets),
        (old_data["stated"], profile.stated),
        (old_data["heritage_register"], profile.register),
    ):
        for row, one in zip(rows, read, strict=False):
            for key, value in row.items():
                got = getattr(one, "other_sources" if key == "also_said" else key)
                if key == "also_said":
                    got, value = [(s.value, s.source) for s in got], [(s["value"], s["source"]) for s in value]
                assert got == value, (key, row)


def test_mapping_of_fields_is_read():
    standard = load_standard()
    old_data = tomllib.loads((OLD / "mapping.toml").read_text(encoding="utf-8"))
    mapping = load_mapping(OLD / "mapping.toml", standard.templates["XZYDYH"], standard)
    assert (mapping.role, mapping.fields, mapping.constants) == (
        old_data["role"],
        old_data["fields"],
        old_data["constants"],
    )
    for field, row in old_data["codes"].items():
        one = mapping.codes[field]
        assert (one.list, one.column, one.choices) == (row["list"], row["column"], row["choices"])


def test_file_of_roles_is_read(tmp_path):
    assert parse_roles(str(OLD / "roles.txt")) == {
        role: f"{role}_2025" for role in ("YJJBNTBHTB", "STBHHX", "CZKFBJ", "DLTB")
    }
    data = unzipped("projects.zip", tmp_path) / "layers.gpkg"
    report = check_plan(data, Options(rules=("REL001",), roles=str(OLD / "roles.txt"))).report
    found = [(f.code, f.role, f.related_role) for f in report.findings if not f.code.startswith("RUN")]
    assert found == [("REL001", "YJJBNTBHTB", "STBHHX")]
    names = {one["role"]: one["name"] for one in report.provenance["layers"]}
    assert names["YJJBNTBHTB"] == "YJJBNTBHTB_2025"


# -- packages and yearly maintenance ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_package_passes_the_inspection():
    """A report of another version may give a warning, but no error and no unread file."""
    report = inspect_package(OLD / "package.zip", load_package_spec("county"), Options()).report
    assert [(f.code, f.message) for f in report.findings if f.severity == "ERROR"] == []
    with zipfile.ZipFile(OLD / "package.zip") as archive:
        (manifest,) = (n for n in archive.namelist() if n.endswith("manifest.json"))
        old_data = json.loads(archive.read(manifest))
    assert old_data["tool"]["versions"]["sanxian"] == "0.1.0"
    read = {one["role"]: one["features"] for one in report.provenance["layers"]}
    assert {one["role"]: one["features"] for one in old_data["layers"]}.items() <= read.items()
    by_code = {r.code: r for r in report.rules}
    # These compare the manifest, the digests, the report and the tables of the package with its layers.
    for code in ("DOC006", "DOC010", "DOC011", "DOC012", "DOC013"):
        assert by_code[code].outcome in ("passed", "failed"), (code, by_code[code].reason)
        assert not by_code[code].incomplete
    assert report.verdict == "conditional"


def test_yearly_geodatabase_passes_with_its_balance(tmp_path):
    (database,) = unzipped("yearly.zip", tmp_path).glob("*.gdb")
    profile = tmp_path / "x.toml"
    profile.write_text(CONFIRMED, encoding="utf-8")
    report = check_plan(database, Options(profile=str(profile))).report
    assert report.provenance["scope"] == "maintenance"
    outcomes = {r.code: r.outcome for r in report.rules}
    assert [outcomes[code] for code in ("DOC020", "DOC021", "DOC022", "DOC023")] == ["passed"] * 4
    assert report.verdict == "pass", [f.message for f in report.findings] + [r.reason for r in report.rules]
    # A changed area in the balance is found, so the balance is compared.
    (balance,) = tmp_path.glob("*面积平衡表.json")
    old_data = json.loads(balance.read_text(encoding="utf-8"))
    old_data["layers"][0]["before_m2"] += 100
    balance.write_text(json.dumps(old_data, ensure_ascii=False), encoding="utf-8")
    assert {f.code for f in check_plan(database, Options(profile=str(profile))).report.findings} == {"DOC023"}
