# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that files of version 0.1.0 (0.1.0/README.md) are read with all values.

Expected values are read from the files by csv, json, tomllib, zipfile and fiona, not by the plugin.
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

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.engine.waivers.file import read_waivers
from plugin.core.exchange.mapping import load_mapping
from plugin.core.model.findings import FINDING_COLUMNS
from plugin.core.model.report import Report
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.plan.loading.key_table import read_renumbered_keys
from plugin.core.render.html import render_report
from plugin.core.render.outputs import dump_json
from plugin.core.standard import SETTING_SECTIONS, flatten_table, load_standard
from plugin.core.standard.options import parse_roles
from plugin.core.standard.profile import DocumentInfo, find_profile_problems, load_profile
from plugin.paths import REPORT_TEMPLATES_FOLDER

FILES_OF_0_1_0 = Path(__file__).parent / "0.1.0"
WAIVER_FILE = FILES_OF_0_1_0 / "county.waivers.csv"
CONFIRMED_PROFILE_TOML = """
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


def read_csv_rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def unzip_file(name, folder):
    with zipfile.ZipFile(FILES_OF_0_1_0 / name) as archive:
        archive.extractall(folder)
    return folder


def list_lost_values(old, new, where=""):
    """Return values of the old data that are missing or different in the new.

    Added keys are ignored.
    """
    if isinstance(old, dict):
        if not isinstance(new, dict):
            return [where]
        return [p for key, value in old.items() for p in list_lost_values(value, new.get(key, ...), f"{where}/{key}")]
    if isinstance(old, list):
        if not isinstance(new, list | tuple) or len(old) != len(new):
            return [where]
        return [p for n, pair in enumerate(zip(old, new, strict=True)) for p in list_lost_values(*pair, f"{where}/{n}")]
    return [] if old == new else [f"{where}: {old!r} → {new!r}"]


@pytest.fixture(scope="module")
def sample_county_file(tmp_path_factory):
    """Return the GeoPackage of the sample county of version 0.1.0."""
    return unzip_file("sample.zip", tmp_path_factory.mktemp("示例")) / "county.gpkg"


# -- waivers ----------------------------------------------------------------------------------------------------------


def test_waiver_file_of_version_0_1_0_is_read_with_every_column():
    old_data, read = read_csv_rows(WAIVER_FILE), {w.id: w for w in read_waivers(WAIVER_FILE)}
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


def count_findings_by_waiver(report):
    return Counter(f.params["waiver"]["id"] for f in report.findings if f.state == "waived")


def test_each_waiver_of_version_0_1_0_still_matches_one_finding(sample_county_file):
    report = check_plan(
        sample_county_file, RunOptions(profile="hunyuan", rules=("all",), waivers=str(WAIVER_FILE))
    ).report
    old_data = {row["编号"]: row["规则"] for row in read_csv_rows(WAIVER_FILE)}
    waived = {f.params["waiver"]["id"]: f.code for f in report.findings if f.state == "waived"}
    assert waived == old_data and set(count_findings_by_waiver(report).values()) == {1}
    assert [f.message for f in report.findings if f.code == "RUN903"] == []


def test_waivers_of_version_0_1_0_match_renumbered_features_by_a_table_of_keys(sample_county_file, tmp_path):
    """Give a layer new feature numbers.

    Its waivers must apply with the table of old and new numbers, and not without it.
    """
    from osgeo import ogr

    table = FILES_OF_0_1_0 / "renumbered.csv"
    new = {row["旧标识码"]: row["新标识码"] for row in read_csv_rows(table)}
    assert read_renumbered_keys(table) == {("STBHHX", old): key for old, key in new.items()}
    moved = tmp_path / "county.gpkg"
    shutil.copyfile(sample_county_file, moved)
    database = ogr.Open(str(moved), 1)
    layer = database.GetLayerByName("STBHHX")
    for feature in list(layer):
        feature.SetField("BSM", new[feature.GetField("BSM")])
        layer.SetFeature(feature)
    del layer, database
    options = {"profile": "hunyuan", "rules": ("REL001", "REL003", "REL004"), "waivers": str(WAIVER_FILE)}
    wanted = {row["编号"] for row in read_csv_rows(WAIVER_FILE) if row["规则"] in options["rules"]}
    assert (
        set(count_findings_by_waiver(check_plan(moved, RunOptions(**options, renumbered=str(table))).report)) == wanted
    )
    assert set(count_findings_by_waiver(check_plan(moved, RunOptions(**options)).report)) < wanted


# -- reports and findings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["report.json", "waived.json"])
def test_json_report_of_version_0_1_0_is_read_without_losing_a_value_and_rendered_as_html(name):
    old_data = json.loads((FILES_OF_0_1_0 / name).read_text(encoding="utf-8"))
    report = Report.from_dict(old_data)
    assert list_lost_values(old_data, json.loads(dump_json(report.to_dict()))) == []
    schema = json.loads((REPORT_TEMPLATES_FOLDER / "report.schema.json").read_text(encoding="utf-8"))
    assert [e.message for e in Draft202012Validator(schema).iter_errors(json.loads(dump_json(report.to_dict())))] == []
    page = render_report(report)
    assert all(rule["title"] in page for rule in old_data["rules"] if rule["findings"])
    assert {"report.json": "不通过", "waived.json": "豁免"}[name] in page
    # The provenance keeps the version that wrote it.
    assert report.provenance["versions"]["sanxian"] == "0.1.0"


#: Rule → cases that it had in version 0.1.0 or in a development version.
FORMER_CASES = {
    "DOC005": "alike bare behind coarse covered edge gaps grey layers narrow near place properties remarks repeated "
    "replaced shared title turned",
    "DOC006": "size doubled",
    "DOC010": "form unlisted_parts untold drawn keys scale",
    "DOC011": "hidden look format settings properties drawn covered",
    "DOC013": "repeated keys",
    "DOC015": "active pictures map",
}


@pytest.mark.parametrize(
    ("code", "case"), [(code, case) for code, cases in FORMER_CASES.items() for case in cases.split()]
)
def test_report_and_waiver_with_a_finding_of_a_case_that_went_are_read(code, case, tmp_path):
    data = json.loads((FILES_OF_0_1_0 / "report.json").read_text(encoding="utf-8"))
    found = {"code": code, "case": case, "key": "2-规划文档/a.pdf", "message": "文字被遮盖", "params": {"count": 1}}
    data["findings"].append({**data["findings"][0], **found})
    report = Report.from_dict(data)
    assert report.findings[-1].case == case and report.findings[-1].message == found["message"]
    assert render_report(report)
    rows = read_csv_rows(WAIVER_FILE)
    rows[0] |= {"规则": code, "情形": case}
    path = tmp_path / "a.waivers.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert (read_waivers(path)[0].rule, read_waivers(path)[0].case) == (code, case)


def test_html_report_and_findings_layer_of_version_0_1_0_agree_with_its_json_report():
    old_data = json.loads((FILES_OF_0_1_0 / "report.json").read_text(encoding="utf-8"))
    page = (FILES_OF_0_1_0 / "report.html").read_text(encoding="utf-8")
    assert all(rule["title"] in page for rule in old_data["rules"])
    with fiona.open(FILES_OF_0_1_0 / "findings.gpkg") as layer:
        columns, codes = list(layer.schema["properties"]), Counter(row["properties"]["code"] for row in layer)
    assert codes == Counter(f["code"] for f in old_data["findings"]) and sum(codes.values()) == 80
    # A layer of findings in a project is recognised by its columns.
    assert set(columns) <= set(FINDING_COLUMNS)


# -- settings in files ------------------------------------------------------------------------------------------------


def test_county_profile_of_version_0_1_0_with_every_key_is_read():
    path = FILES_OF_0_1_0 / "profile.toml"
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
    base = tomllib.loads((FILES_OF_0_1_0 / "base.toml").read_text(encoding="utf-8"))
    assert profile.settings["quality.min_area_m2.DLTB"] == base["quality"]["min_area_m2"]["DLTB"]
    assert {key: profile.marks[key] for key in old_data["marks"]} == old_data["marks"]
    assert profile.severity == old_data["severity"]
    assert profile.phases["approval"] == old_data["phase"]["approval"]["severity"]
    assert profile.absent == set(old_data["absent"]["concepts"])
    assert profile.document_info == DocumentInfo()
    assert profile.confirmed == set(old_data["confirmed"]["items"])
    assert (
        list_lost_values({k: v for k, v in old_data["confirmed"].items() if k != "items"}, profile.confirmed_by) == []
    )
    assert "GEO005" in profile.rules or "quality" in profile.rules
    assert set(old_data["rules_off"]) == set(profile.rules_off)
    for rows, read in (
        (old_data["targets"], profile.targets),
        (old_data["stated"], profile.stated_figures),
        (old_data["heritage_register"], profile.register),
    ):
        for row, one in zip(rows, read, strict=False):
            for key, value in row.items():
                got = getattr(one, "other_sources" if key == "also_said" else key)
                if key == "also_said":
                    got, value = [(s.value, s.source) for s in got], [(s["value"], s["source"]) for s in value]
                assert got == value, (key, row)


def test_field_mapping_file_of_version_0_1_0_is_read():
    standard = load_standard()
    old_data = tomllib.loads((FILES_OF_0_1_0 / "mapping.toml").read_text(encoding="utf-8"))
    mapping = load_mapping(FILES_OF_0_1_0 / "mapping.toml", standard.templates["XZYDYH"], standard)
    assert (mapping.role, mapping.source_by_target, mapping.constant_by_target) == (
        old_data["role"],
        old_data["fields"],
        old_data["constants"],
    )
    for field, row in old_data["codes"].items():
        one = mapping.translation_by_target[field]
        assert (one.list_id, one.target_column, one.chosen_code_by_source) == (
            row["list"],
            row["column"],
            row["choices"],
        )


def test_layer_roles_file_of_version_0_1_0_is_read(tmp_path):
    assert parse_roles(str(FILES_OF_0_1_0 / "roles.txt")) == {
        role: f"{role}_2025" for role in ("YJJBNTBHTB", "STBHHX", "CZKFBJ", "DLTB")
    }
    data = unzip_file("projects.zip", tmp_path) / "layers.gpkg"
    report = check_plan(data, RunOptions(rules=("REL001",), roles=str(FILES_OF_0_1_0 / "roles.txt"))).report
    found = [(f.code, f.role, f.related_role) for f in report.findings if not f.code.startswith("RUN")]
    assert found == [("REL001", "YJJBNTBHTB", "STBHHX")]
    names = {one["role"]: one["name"] for one in report.provenance["layers"]}
    assert names["YJJBNTBHTB"] == "YJJBNTBHTB_2025"


# -- packages and yearly maintenance ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_submission_package_of_version_0_1_0_passes_the_inspection():
    """Allow a warning about another version, but no error and no unread file."""
    report = inspect_package(FILES_OF_0_1_0 / "package.zip", load_package_spec("county"), RunOptions()).report
    assert [(f.code, f.message) for f in report.findings if f.severity == "ERROR"] == []
    with zipfile.ZipFile(FILES_OF_0_1_0 / "package.zip") as archive:
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


def test_yearly_geodatabase_of_version_0_1_0_passes_and_a_changed_area_in_its_balance_is_found(tmp_path):
    (database,) = unzip_file("yearly.zip", tmp_path).glob("*.gdb")
    profile = tmp_path / "x.toml"
    profile.write_text(CONFIRMED_PROFILE_TOML, encoding="utf-8")
    report = check_plan(database, RunOptions(profile=str(profile))).report
    assert report.provenance["scope"] == "maintenance"
    outcomes = {r.code: r.outcome for r in report.rules}
    assert [outcomes[code] for code in ("DOC020", "DOC021", "DOC022", "DOC023")] == ["passed"] * 4
    assert report.verdict == "pass", [f.message for f in report.findings] + [r.reason for r in report.rules]
    # A changed area in the balance is found, so the balance is compared.
    (balance,) = tmp_path.glob("*面积平衡表.json")
    old_data = json.loads(balance.read_text(encoding="utf-8"))
    old_data["layers"][0]["before_m2"] += 100
    balance.write_text(json.dumps(old_data, ensure_ascii=False), encoding="utf-8")
    assert {f.code for f in check_plan(database, RunOptions(profile=str(profile))).report.findings} == {"DOC023"}
