# SPDX-License-Identifier: GPL-2.0-or-later
"""Workbook cells and maps of a package that show something else than their value.

Differences between plugin versions are tolerated where they are harmless.
"""

import json

import pytest

from plugin.core.model.side_inputs import SideInputs
from plugin.core.package.generator import compute_generator_digest
from plugin.core.package.maps.jpeg import DecodedJpeg
from plugin.paths import REPORT_TEMPLATES_FOLDER
from tests.core.package.package_copies import (
    MANIFEST_FILE_NAME,
    MANIFEST_PAGE_FILE_NAME,
    PACKAGE_RULES,
    REPORT_JSON_PATH,
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
