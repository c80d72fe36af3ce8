# SPDX-License-Identifier: GPL-2.0-or-later
"""Report and pages of a package against its layers, and the conditions under which they are compared."""

from collections import Counter
from dataclasses import replace

import pytest

from plugin.core.check import RunOptions, check_plan
from plugin.core.files.digests import (
    MANIFEST_FILE_NAME,
    MANIFEST_PAGE_FILE_NAME,
)
from plugin.core.model.report import Report
from plugin.core.package.inspection.collect_facts import collect_package_facts
from plugin.core.package.inspection.inspect import compare_report_of_package
from plugin.core.package.inspection.pages import compare_manifest_page, compare_report_page, read_page
from plugin.core.package.page import render_manifest_page
from plugin.core.render.html import render_report
from plugin.core.render.pictures import LegendEntry, ReportPictures
from plugin.core.render.verdict import describe_package_waivers, list_caveats
from plugin.core.render.words import ReportTexts
from tests.core.package.package_copies import (
    COUNTY_OPTIONS,
    METADATA_PATH,
    PACKAGE_RULES,
    REPORT_JSON_PATH,
    REPORT_PAGE_PATH,
    act_as_other_plugin_version,
    assembled_plan,  # noqa: F401
    change_json,
    change_manifest,
    change_report,
    copied_package,  # noqa: F401
    exported_package,  # noqa: F401
    geopackage_spec,  # noqa: F401
    inspect_findings,
    read_json,
    recompute_digests,
    remake_manifest_page,
    replace_in_page,
    unchanged_findings,  # noqa: F401
)
from tests.core.package.test_table_figures import make_complete_layers
from tests.core.small_plan import convert_to_source_layers

# ruff: noqa: F811


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
        # A waived finding that the layers do not have.
        data["findings"].append({**data["findings"][0], "case": "x", "fingerprint": "0", "key": "x"})

    change_json(REPORT_JSON_PATH, waive)(copied_package)
    done = check_plan(convert_to_source_layers(make_complete_layers()), COUNTY_OPTIONS)
    summary = done.report.summary
    compare_report_of_package(done, collect_package_facts(copied_package, geopackage_spec))
    covered = [f for f in done.report.findings if "package_waiver" in f.params]
    assert len(covered) == 2 and {f.state for f in covered} == {"open"}
    assert [f.params["package_waiver"]["reason"] for f in covered] == ["批准保留", "批准保留"]
    assert done.report.provenance["package_waivers"]["waived"] == 3
    assert done.report.summary["errors"] == summary["errors"] and done.report.summary["waived"] == summary["waived"]
    rules = Counter(f.code for f in covered)
    stated = describe_package_waivers(done.report, ReportTexts())
    assert stated.startswith("成果包自带的检查报告登记豁免 3 处，对应本次检查的 2 处问题：")
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
