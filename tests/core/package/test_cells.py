# SPDX-License-Identifier: GPL-2.0-or-later
"""Workbook cells and maps of a package that show something else than their value.

Differences between plugin versions are tolerated where they are harmless.
"""

import io
import json
import zipfile
from pathlib import Path

import pytest

from plugin.core.model.side_inputs import SideInputs
from plugin.core.package.generator import compute_generator_digest
from plugin.core.package.maps.jpeg import DecodedJpeg
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.rules import _package
from plugin.paths import REPORT_TEMPLATES_FOLDER
from tests.core.package.package_copies import (
    MANIFEST_FILE_NAME,
    MANIFEST_PAGE_FILE_NAME,
    PACKAGE_RULES,
    REPORT_JSON_PATH,
    TABLES_PATH,
    act_as_other_plugin_version,
    assembled_plan,  # noqa: F401
    change_manifest,
    change_report,
    change_workbook,
    copied_package,  # noqa: F401
    exported_package,  # noqa: F401
    find_number_cell,
    geopackage_spec,  # noqa: F401
    inspect_findings,
    read_json,
    recompute_digests,
    remake_manifest_page,
    replace_in_page,
    set_about_text,
    set_cell_text,
    unchanged_findings,  # noqa: F401
    write_json,
)

# ruff: noqa: F811


def test_map_that_cannot_be_decoded_is_reported_in_the_reason_of_the_rule(
    copied_package, geopackage_spec, assembled_plan, monkeypatch
):
    from plugin.core.engine.evaluate import choose_rules
    from plugin.core.package.inspection import collect_facts as collect_module
    from plugin.core.results.run import run_check

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


def test_json_schemas_contain_every_key_of_a_manifest_and_report_written_by_version_0_1_0():
    place = Path(__file__).parents[2] / "upgrade" / "0.1.0"
    assert find_unknown_keys(read_json(place / "report.json"), "report") == []
    with zipfile.ZipFile(place / "package.zip") as archive:
        name = next(n for n in archive.namelist() if n.endswith("/manifest.json"))
        assert find_unknown_keys(json.load(io.BytesIO(archive.read(name))), "manifest") == []


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


@pytest.mark.parametrize("digest", ["0" * 64, ""])
def test_pages_of_another_plugin_build_with_the_same_figures_give_no_finding(
    copied_package, geopackage_spec, assembled_plan, unchanged_findings, digest
):
    act_as_other_plugin_build(digest)(copied_package)
    recompute_digests(copied_package)
    found = inspect_findings(copied_package, geopackage_spec, assembled_plan, PACKAGE_RULES)
    assert found.keys() <= unchanged_findings.keys()


def test_changed_verdict_on_a_page_made_by_another_plugin_build_is_reported_as_an_error(
    copied_package, geopackage_spec, assembled_plan
):
    act_as_other_plugin_build("0" * 64, replace_in_page(">不通过</div>", ">通过</div>"))(copied_package)
    recompute_digests(copied_package)
    (finding,) = inspect_findings(copied_package, geopackage_spec, assembled_plan, PACKAGE_RULES)["DOC015", "differs"]
    assert finding.severity == "ERROR" and "“通过”" in finding.message and "“不通过”" in finding.message


def test_changed_page_markup_with_the_same_texts_gives_no_finding(
    copied_package, geopackage_spec, assembled_plan, unchanged_findings
):
    replace_in_page("</style>", "p.of-old{margin:0}</style>")(copied_package)
    remake_manifest_page(copied_package)
    recompute_digests(copied_package)
    found = inspect_findings(copied_package, geopackage_spec, assembled_plan, PACKAGE_RULES)
    assert found.keys() == unchanged_findings.keys() - {("DOC011", "unread")}


def test_manifest_contains_the_digest_of_the_code_that_generates_pages(exported_package, monkeypatch):
    from plugin.core.package import generator

    assert read_json(exported_package / MANIFEST_FILE_NAME)["tool"]["generator"] == compute_generator_digest()
    monkeypatch.setattr(
        generator, "_list_generator_files", lambda: generator.__dict__["_PYTHON_FOLDERS"][0].glob("html.py")
    )
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
@pytest.mark.parametrize("name", TOLERATED_VERSION_CHANGES)
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


def test_slight_difference_from_the_layers_is_tolerated_for_an_area_in_a_table_but_not_for_a_count():
    from plugin.core.package.rules._tables import _is_slight
    from plugin.core.package.tables.compare import CellDifference

    area = CellDifference("cell", 4, 3, "红线", "面积", "100001", expected_figure=100000.0, difference=1.0, unit="ha")
    count = CellDifference(
        "cell", 4, 2, "红线", "图斑数", "100001", expected_figure=100000.0, difference=1.0, unit="count"
    )
    assert _is_slight(area) and not _is_slight(count)


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


def test_finding_on_a_changed_workbook_text_states_sheet_and_both_texts(
    copied_package, geopackage_spec, assembled_plan
):
    set_cell_text("状态", "达到")(copied_package)
    remake_manifest_page(copied_package)
    recompute_digests(copied_package)
    (finding,) = inspect_findings(copied_package, geopackage_spec, assembled_plan, ["DOC011"])["DOC011", "words"]
    assert TABLES_PATH in finding.message and "指标表" in finding.message and "为“达到”，应为“" in finding.message


def test_workbook_of_other_software_gets_no_finding_on_its_words(copied_package, geopackage_spec, assembled_plan):
    """Remove the workbook from the manifest, as in a package of other software."""
    change_manifest(lambda m: m.update(tables=[]))(copied_package)
    set_cell_text("状态", "达到")(copied_package)
    remake_manifest_page(copied_package)
    recompute_digests(copied_package)
    found = inspect_findings(copied_package, geopackage_spec, assembled_plan, ["DOC011"])
    assert not {case for _, case in found} & {"words", "unbuilt"}


def test_page_is_not_rebuilt_if_its_generator_digest_differs_although_the_plugin_version_is_equal(copied_package):
    from plugin.core.package.inspection.facts import PackageFacts

    data = read_json(copied_package / MANIFEST_FILE_NAME)
    version = data["tool"]["versions"]["sanxian"]
    facts = PackageFacts("x", load_package_spec("county"), manifest=data)
    assert _package.explain_not_rebuilt(facts, version) == "" and not _package.is_of_other_version(facts)
    data["tool"]["generator"] = "1" * 64
    assert _package.explain_not_rebuilt(facts, version) == "templates" and _package.is_of_other_version(facts)
    assert _package.explain_not_rebuilt(facts, "0.0.1") == "version"
