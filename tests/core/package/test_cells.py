# SPDX-License-Identifier: GPL-2.0-or-later
"""Workbook, report and pages of a package against its layers; differences between versions are tolerated."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.model.report import Report
from plugin.core.model.side_inputs import SideInputs
from plugin.core.package.inspection.collect_facts import collect_package_facts
from plugin.core.package.inspection.generated_documents import compare_manifest_page, compare_report_page, read_page
from plugin.core.package.inspection.inspect import compare_report_of_package
from plugin.core.package.jpeg import DecodedJpeg
from plugin.core.package.manifest import compute_generator_digest, render_manifest_page
from plugin.core.render.finding_lists import LegendEntry, ReportPictures
from plugin.core.render.html import render_report
from plugin.core.render.verdict import describe_package_waivers, list_caveats
from plugin.core.render.words import ReportTexts
from plugin.paths import REPORT_TEMPLATES_FOLDER
from tests.core.package.package_copies import (
    COUNTY_OPTIONS,
    MANIFEST_FILE_NAME,
    MANIFEST_PAGE_FILE_NAME,
    METADATA_PATH,
    PACKAGE_RULES,
    REPORT_JSON_PATH,
    REPORT_PAGE_PATH,
    act_as_other_plugin_version,
    change_json,
    change_manifest,
    change_report,
    change_workbook,
    find_number_cell,
    inspect_findings,
    read_json,
    recompute_digests,
    remake_manifest_page,
    replace_in_page,
    set_about_text,
    set_cell_text,
    write_json,
)
from tests.core.package.test_table_figures import make_complete_layers
from tests.core.report_fixtures import make_report
from tests.core.small_plan import convert_to_source_layers
from tests.parametrize import first_daily


def test_map_that_cannot_be_decoded_is_reported_in_the_reason_of_the_rule(
    copied_package, geopackage_spec, assembled_plan, monkeypatch
):
    from plugin.core.checks.run_check import run_check
    from plugin.core.engine.evaluate import choose_rules
    from plugin.core.package.inspection import collect_facts as collect_module

    monkeypatch.setattr(collect_module, "decode_jpeg", lambda path: DecodedJpeg())
    side = SideInputs(package=collect_module.collect_package_facts(copied_package, geopackage_spec))
    (rule,) = run_check(assembled_plan, choose_rules(["DOC005"]), side_inputs=side, lang="zh").rules
    assert "没有解码" in rule.reason


def find_unknown_keys(data, name):
    """Return the keys of JSON data that the schema with this name lacks, with their path."""
    root_schema = json.loads((REPORT_TEMPLATES_FOLDER / f"{name}.schema.json").read_text("utf-8"))

    def iterate_unknown_keys(data, schema, path):
        if "$ref" in schema:
            schema = root_schema["$defs"][schema["$ref"].rpartition("/")[2]]
        if isinstance(data, list):
            for item in data:
                yield from iterate_unknown_keys(item, schema.get("items", {}), f"{path}[]")
        properties, additional = schema.get("properties"), schema.get("additionalProperties")
        for key, value in data.items() if isinstance(data, dict) else ():
            if properties is not None and key in properties:
                yield from iterate_unknown_keys(value, properties[key], f"{path}.{key}")
            elif isinstance(additional, dict):
                yield from iterate_unknown_keys(value, additional, f"{path}.{key}")
            elif properties is not None and key not in schema.get("required", ()):
                yield f"{path}.{key}"

    return list(iterate_unknown_keys(data, root_schema, ""))


def test_json_schemas_contain_every_key_of_an_exported_manifest_and_report(exported_package):
    assert find_unknown_keys(read_json(exported_package / MANIFEST_FILE_NAME), "manifest") == []
    assert find_unknown_keys(read_json(exported_package / REPORT_JSON_PATH), "report") == []


def act_as_other_plugin_build(digest="0" * 64, *changes):
    """Return a function that changes a package as another plugin build would make it.

    The version number is the same, the page templates differ.
    """

    def changed(package):
        data = read_json(package / MANIFEST_FILE_NAME)
        if digest:
            data["tool"]["generator"] = digest
        else:
            del data["tool"]["generator"]
        write_json(package / MANIFEST_FILE_NAME, data)
        replace_in_page("</style>", "p.of-old{margin:0}</style>")(package)
        for change in changes:
            change(package)
        remake_manifest_page(package)
        replace_in_page("</style>", "p.of-old{margin:0}</style>", MANIFEST_PAGE_FILE_NAME)(package)

    return changed


def test_changed_verdict_on_a_page_made_by_another_plugin_build_is_reported_as_an_error(
    copied_package, geopackage_spec, assembled_plan
):
    act_as_other_plugin_build("0" * 64, replace_in_page(">不通过</div>", ">通过</div>"))(copied_package)
    recompute_digests(copied_package)
    (finding,) = inspect_findings(copied_package, geopackage_spec, assembled_plan, PACKAGE_RULES)["DOC015", "differs"]
    assert finding.severity == "ERROR" and "“通过”" in finding.message and "“不通过”" in finding.message


def test_manifest_contains_the_digest_of_the_code_that_generates_pages(exported_package, monkeypatch):
    from plugin.core.package import manifest

    assert read_json(exported_package / MANIFEST_FILE_NAME)["tool"]["generator"] == compute_generator_digest()
    monkeypatch.setattr(manifest, "_SINGLE_MODULES", ())
    assert compute_generator_digest.__wrapped__() != compute_generator_digest()


def scale_report_indicator(name, share):
    """Return a function that scales an indicator in the JSON report of a package."""

    def change(data):
        one = next(i for i in data["indicators"] if i["id"] == name)
        one["value"] *= 1 + share

    return change_report(change)


def scale_table_cell(share):
    """Return a function that scales the first figure in the workbook of a package."""

    def change(book):
        find_number_cell(book).value *= 1 + share

    return change_workbook(change)


def add_feature_count(data):
    data["provenance"]["layers"][0]["features"] += 1


#: Title → (change, rule and case, severity for another version, for this version).
TOLERATED_VERSION_CHANGES = {
    "a figure within the tolerance between versions": (scale_report_indicator("red_line_area", 1.5e-5), ("DOC013", "figure"), "WARNING", "ERROR"),
    "a figure beyond the tolerance": (scale_report_indicator("red_line_area", 3e-5), ("DOC013", "figure"), "ERROR", "ERROR"),
    "a table figure beyond the tolerance": (scale_table_cell(1e-2), ("DOC011", "cell"), "ERROR", "ERROR"),
    "a number of features": (change_report(add_feature_count), ("DOC013", "features"), "ERROR", "ERROR"),
    "a status word": (set_cell_text("状态", "达到"), ("DOC011", "words"), "ERROR", "ERROR"),
    "the sheet on the data": (set_about_text("县配置", "浑源县（已确认）"), ("DOC011", "words"), "ERROR", "ERROR"),
}  # fmt: skip


@pytest.mark.parametrize("elsewhere", [True, False])
@pytest.mark.parametrize("name", first_daily(TOLERATED_VERSION_CHANGES, 2))
def test_changed_package_of_another_plugin_version_gets_a_lower_severity_than_of_the_same_version(
    copied_package, geopackage_spec, assembled_plan, name, elsewhere
):
    change, (code, case), other, own = TOLERATED_VERSION_CHANGES[name]
    if elsewhere:
        act_as_other_plugin_version(change)(copied_package)
    else:
        change(copied_package)
        remake_manifest_page(copied_package)
    recompute_digests(copied_package)
    found = inspect_findings(copied_package, geopackage_spec, assembled_plan, [*PACKAGE_RULES, "DOC011"])
    assert {f.severity for f in found[code, case]} == {other if elsewhere else own}
    if case == "figure" and elsewhere and other == "WARNING":
        assert "未能重建核对" in found[code, case][0].message
    unbuilt = found.get(("DOC011", "unbuilt"), [])
    assert [f.severity for f in unbuilt] == (["WARNING"] if elsewhere else [])


def test_workbook_texts_written_with_another_profile_give_a_note_that_they_are_not_compared(
    copied_package, geopackage_spec, assembled_plan
):
    """Name another profile in the report; indicator states must still be compared."""
    change_report(lambda r: r["provenance"]["profile"].update(id="某县"))(copied_package)
    remake_manifest_page(copied_package)
    recompute_digests(copied_package)
    found = inspect_findings(copied_package, geopackage_spec, assembled_plan, ["DOC011"])
    assert {key[1]: [f.severity for f in some] for key, some in found.items()} == {
        "unread": ["WARNING"],
        "unbuilt": ["INFO"],
    }


def test_workbook_of_other_software_gets_no_finding_on_its_words(copied_package, geopackage_spec, assembled_plan):
    """Remove the workbook from the manifest, as in a package of other software."""
    change_manifest(lambda m: m.update(tables=[]))(copied_package)
    set_cell_text("状态", "达到")(copied_package)
    remake_manifest_page(copied_package)
    recompute_digests(copied_package)
    found = inspect_findings(copied_package, geopackage_spec, assembled_plan, ["DOC011"])
    assert not {case for _, case in found} & {"words", "unbuilt"}


def make_page(margin):
    cells = f"<td>扩展倍数 N1</td><td>≤ 1.25</td><td>1.3165</td><td>{margin}</td>"
    return f'<table><tr data-indicator="expansion_ratio_n1">{cells}</tr></table>'


@pytest.fixture
def find_differences(monkeypatch):
    """Return a function that compares the margin on a page with the margin that the data give."""

    def find(printed, expected):
        monkeypatch.setattr("plugin.core.render.html.render_report", lambda report, norm: make_page(expected))
        differences = compare_report_page(read_page(make_page(printed)), make_report(), None)
        return [one for one in differences if one.part_key == "figures"]

    return find


@pytest.mark.parametrize(
    ("printed", "expected", "count"),
    [
        ("−0.0665", "超出 0.0665", 0),
        ("+0.0699", "余 0.0699", 0),
        ("−0.37", "缺 0.37 km²", 0),
        ("-0.37", "0.37 km² short", 0),
        ("+0.0665", "超出 0.0665", 1),
        ("余 0.37", "缺 0.37", 1),
        ("0.1", "余 0.2", 1),
    ],
)
def test_margin_differs_only_by_its_figure_or_by_a_sign_against_its_word(find_differences, printed, expected, count):
    assert len(find_differences(printed, expected)) == count


def test_page_of_another_plugin_version_with_the_same_figures_gives_no_finding(
    copied_package, geopackage_spec, assembled_plan, unchanged_findings
):
    act_as_other_plugin_version()(copied_package)
    recompute_digests(copied_package)
    found = inspect_findings(copied_package, geopackage_spec, assembled_plan, PACKAGE_RULES)
    assert found.keys() <= unchanged_findings.keys()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_page_of_a_report_with_or_without_pictures_agrees_with_its_data(exported_package, lang):
    report = Report.from_dict({**read_json(exported_package / REPORT_JSON_PATH), "lang": lang})
    norm = COUNTY_OPTIONS.resolve_norm()
    png = "data:image/png;base64,iVBORw0KGgo="
    for pictures in (None, ReportPictures(), ReportPictures(png, [png, "", png], [LegendEntry("耕地 & <山>", png)])):
        assert compare_report_page(read_page(render_report(report, norm, pictures)), report, norm) == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_page_of_a_manifest_agrees_with_its_data(exported_package, lang):
    manifest = read_json(exported_package / MANIFEST_FILE_NAME)
    rows = [row for row in manifest["files"] if row["path"] != MANIFEST_PAGE_FILE_NAME]
    assert compare_manifest_page(read_page(render_manifest_page({**manifest, "files": rows}, lang)), manifest) == []


def test_page_of_a_package_states_the_format_of_a_document_that_has_another_than_the_required_one(exported_package):
    manifest = read_json(exported_package / MANIFEST_FILE_NAME)
    path = next(row["path"] for row in manifest["files"] if row["path"].endswith("质量检查报告.html"))
    files = [{"path": path, "bytes": 1, "sha256": "0"}]
    for kept, words in ((files, "没有 pdf 格式，有 html 格式"), ([], "没有")):
        page = render_manifest_page({**manifest, "slots": [
            {"kind": "document", "id": "quality", "title": "报告", "need": "C", "pattern": f"{Path(path).stem}.pdf", "files": []}
        ], "files": kept}, "zh")  # fmt: skip
        assert f"<td>{words}</td>" in page


def test_rule_that_the_report_lists_as_passed_and_the_layers_violate_is_named(copied_package, geopackage_spec):
    def pass_all_rules(data):
        for rule in data["rules"]:
            rule |= {"outcome": "passed", "findings": 0}

    change_json(REPORT_JSON_PATH, pass_all_rules)(copied_package)
    found = compare_reports(copied_package, geopackage_spec)
    assert "GEO003" in found["outcomes"]


@pytest.mark.parametrize("change", [lambda b: b.replace(b"\n", b"\r\n"), lambda b: b"\xef\xbb\xbf" + b])
def test_changed_line_endings_of_text_files_are_accepted(
    copied_package, geopackage_spec, assembled_plan, unchanged_findings, change
):
    for path in (REPORT_PAGE_PATH, MANIFEST_PAGE_FILE_NAME):
        (copied_package / path).write_bytes(change((copied_package / path).read_bytes()))
        if path != MANIFEST_PAGE_FILE_NAME:
            remake_manifest_page(copied_package)
    recompute_digests(copied_package)
    assert (
        inspect_findings(copied_package, geopackage_spec, assembled_plan, PACKAGE_RULES).keys()
        <= unchanged_findings.keys()
    )


def test_unconfirmed_settings_removed_from_the_report_are_found(copied_package, geopackage_spec):

    def confirm_all_settings(data):
        for rule in data["rules"]:
            rule["unconfirmed"] = []
        data["summary"] = Report.from_dict(data).summary

    change_report(confirm_all_settings)(copied_package)
    change_manifest(lambda m: m["check"].update(unconfirmed=[]))(copied_package)
    recompute_digests(copied_package)
    facts = collect_package_facts(copied_package, geopackage_spec)
    done = check_plan(convert_to_source_layers(make_complete_layers()), COUNTY_OPTIONS)
    before = len(done.report.findings)
    compare_report_of_package(done, facts)
    assert [(f.code, f.case) for f in done.report.findings[before:]] == [("DOC013", "outcomes")]


def lower_secrecy_to_public(manifest):
    manifest["secrecy"] = "公开"


def lower_secrecy_to_public_with_reason(manifest):
    lower_secrecy_to_public(manifest)
    row = {"above": "内部", "above_source": "form", "secrecy": "公开", "source": "run", "reason": "已批准公开"}
    manifest["document"]["lowered"] = [row]


@pytest.mark.parametrize(
    ("change", "is_named"), [(lower_secrecy_to_public, True), (lower_secrecy_to_public_with_reason, False)]
)
def test_level_of_secrecy_lowered_without_a_reason_is_reported(
    copied_package, geopackage_spec, assembled_plan, change, is_named
):
    change_manifest(change)(copied_package)
    replace_in_page("内部", "公开", METADATA_PATH)(copied_package)
    found = inspect_findings(copied_package, geopackage_spec, assembled_plan, ["DOC012"])
    assert (("DOC012", "lowered") in found) == is_named


def compare_reports(folder, spec, options=COUNTY_OPTIONS):
    """Return the cases and messages that a check of the exported layers adds for the report of a package."""
    done = check_plan(convert_to_source_layers(make_complete_layers()), options)
    before = len(done.report.findings)
    compare_report_of_package(done, collect_package_facts(folder, spec))
    return {f.case: f.message for f in done.report.findings[before:]}


def test_package_report_has_no_difference_from_a_repeated_check_in_another_language(copied_package, geopackage_spec):
    assert compare_reports(copied_package, geopackage_spec, replace(COUNTY_OPTIONS, lang="en")) == {}


def test_waivers_in_a_package_report_are_stated_as_a_caveat_and_leave_the_findings_of_inspection_open(
    copied_package, geopackage_spec
):
    waiver = {
        "reason": "批准保留",
        "document": "晋自然资发〔2026〕1号",
        "author": "张三",
        "date": "2026-01-01",
        "until": None,
    }

    def waive(data):
        for finding in data["findings"][:2]:
            finding["state"], finding["params"] = "waived", {**finding["params"], "waiver": waiver}
        # A waived finding that the layers do not have, and one whose waiver is not a table.
        data["findings"].append({**data["findings"][0], "case": "x", "fingerprint": "0", "key": "x"})
        data["findings"][2] |= {"state": "waived", "params": {"waiver": "x"}}

    change_json(REPORT_JSON_PATH, waive)(copied_package)
    done = check_plan(convert_to_source_layers(make_complete_layers()), COUNTY_OPTIONS)
    summary = done.report.summary
    compare_report_of_package(done, collect_package_facts(copied_package, geopackage_spec))
    covered = [f for f in done.report.findings if "package_waiver" in f.params]
    assert len(covered) == 3 and {f.state for f in covered} == {"open"}
    assert sorted(f.params["package_waiver"]["reason"] for f in covered) == ["", "批准保留", "批准保留"]
    assert done.report.provenance["package_waivers"]["waived"] == 4
    assert done.report.summary["errors"] == summary["errors"] and done.report.summary["waived"] == summary["waived"]
    rules = Counter(f.code for f in covered)
    stated = describe_package_waivers(done.report, ReportTexts())
    assert stated.startswith("成果包自带的检查报告登记豁免 4 处，对应本次检查的 3 处问题：")
    assert all(f"{code} {count} 处" in stated for code, count in rules.items())
    assert stated in list_caveats(done.report, None, ReportTexts())


def test_changed_tolerance_and_parameter_of_the_report_are_reported(copied_package, geopackage_spec):
    def change_values(data):
        data["tolerance"]["min_area_m2"] = 5000
        row = next(row for row in data["rules"] if row["parameters"] and "." not in row["parameters"][0]["name"])
        row["parameters"][0]["value"] = "另值"

    change_json(REPORT_JSON_PATH, change_values)(copied_package)
    found = compare_reports(copied_package, geopackage_spec)
    assert found.keys() == {"values"} and "tolerance.min_area_m2" in found["values"]
    assert found["values"].count("、") == 1


def test_inspection_uses_the_profile_of_the_manifest_unless_the_options_name_another(
    copied_package, geopackage_spec, monkeypatch
):
    from plugin.core.package.inspection import inspect as module

    change_manifest(lambda m: m["profile"].update(id="hunyuan", name="浑源县"))(copied_package)
    facts = collect_package_facts(copied_package, geopackage_spec)
    assert (
        module._set_profile_of_manifest(COUNTY_OPTIONS, facts, geopackage_spec).resolve_norm().profile.id == "hunyuan"
    )
    assert module._set_profile_of_manifest(RunOptions(profile="example"), facts, geopackage_spec).profile == "example"
    change_manifest(lambda m: m["profile"].update(id="../某县"))(copied_package)
    assert (
        module._set_profile_of_manifest(
            COUNTY_OPTIONS, collect_package_facts(copied_package, geopackage_spec), geopackage_spec
        ).profile
        == ""
    )
