# SPDX-License-Identifier: GPL-2.0-or-later
"""The JSON report of a check: it follows its schema and reads back equal."""

import dataclasses
import json
import math
from dataclasses import replace
from types import SimpleNamespace

import fiona
import geopandas as gpd
import jsonschema
import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given, strategies as st
from jsonschema import Draft202012Validator

from plugin.core.__main__ import main
from plugin.core.base.errors import InputError
from plugin.core.base.files.writing import OutputPaths
from plugin.core.checks.run_check import run_check
from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.model.report import REPORT_SCHEMA, Outcome, Report
from plugin.core.model.rule import load_all_rules
from plugin.core.model.verdict import Verdict
from plugin.core.render.html import render_report
from plugin.core.render.outputs import dump_json, write_outputs
from plugin.paths import REPORT_TEMPLATES_FOLDER, RESOURCES_FOLDER
from tests.core.report_fixtures import make_report
from tests.parametrize import first_daily
from tests.sample import check_sample_county

REPORT_VALIDATOR = Draft202012Validator(
    json.loads((REPORT_TEMPLATES_FOLDER / "report.schema.json").read_text(encoding="utf-8"))
)


def list_schema_errors(text: str) -> list[str]:
    return [
        f"{'.'.join(map(str, e.absolute_path))}: {e.message}" for e in REPORT_VALIDATOR.iter_errors(json.loads(text))
    ]


def test_json_schema_names_its_version():
    Draft202012Validator.check_schema(REPORT_VALIDATOR.schema)
    assert REPORT_VALIDATOR.schema["properties"]["schema"]["const"] == REPORT_SCHEMA
    assert REPORT_VALIDATOR.schema["$id"] == f"urn:{REPORT_SCHEMA.replace('/', ':')}"


@pytest.mark.parametrize("report", [make_report(), make_report("en"), Report()], ids=["made", "english", "empty"])
def test_json_report_made_by_hand_follows_the_schema(report):
    if not report.rules:
        report.tolerance, report.provenance = make_report().tolerance, make_report().provenance
    assert list_schema_errors(dump_json(report.to_dict())) == []


def test_json_report_with_a_note_that_awaits_its_approval_follows_the_schema():
    report = make_report()
    report.findings = [replace(report.findings[0], needs_approval=True), *report.findings[1:]]
    text = dump_json(report.to_dict())
    assert json.loads(text)["findings"][0]["needs_approval"] is True and list_schema_errors(text) == []


def test_json_report_of_the_sample_follows_the_schema_and_reads_back_equal():
    report = check_sample_county().report
    text = dump_json(report.to_dict())
    assert list_schema_errors(text) == []
    again = Report.from_dict(json.loads(text))
    assert dump_json(again.to_dict()) == text
    assert again.summary == report.summary
    for one, other in zip(again.findings, report.findings, strict=True):
        assert one.geometry == other.geometry or other.geom_kind == "none"


def test_json_report_file_reads_back_equal(tmp_path):
    target = tmp_path / "报 告" / "结果.json"
    plan = SimpleNamespace(input_files=(), layers={})
    write_outputs(make_report(), plan, OutputPaths(json=str(target)))
    assert Report.from_dict(json.loads(target.read_text(encoding="utf-8"))).to_dict() == make_report().to_dict()
    assert [p.name for p in target.parent.iterdir()] == ["结果.json"]
    assert "永久基本农田" in target.read_text(encoding="utf-8")  # readable, without escapes
    assert b"\r" not in target.read_bytes()


def test_numbers_that_json_cannot_store_become_null():
    report = make_report()
    report.findings[0].area_m2 = float("nan")
    report.findings[1].params = {"share": float("inf"), "list": [np.float64("nan"), np.int64(3)]}
    text = dump_json(report.to_dict())
    assert "NaN" not in text and "Infinity" not in text
    data = json.loads(text)
    assert data["findings"][0]["area_m2"] is None
    assert data["findings"][1]["params"] == {"share": None, "list": [None, 3]}
    assert list_schema_errors(text) == []


#: Texts with characters that JSON escapes.
UNUSUAL_TEXTS = st.text(alphabet='甲a"\\\n\0, u', max_size=6)
PARAMETERS = st.dictionaries(
    UNUSUAL_TEXTS, st.recursive(st.one_of(UNUSUAL_TEXTS, st.floats(), st.none()), lambda one: st.lists(one, max_size=3))
)


@given(st.lists(st.tuples(UNUSUAL_TEXTS, PARAMETERS), max_size=4))
def test_findings_have_the_json_of_their_dicts(values):
    report = Report()
    report.findings = [replace(make_report().findings[0], message=text, params=params) for text, params in values]
    lines = [
        line.removesuffix(",")
        for line in dump_json(report.to_dict()).split('"findings": [\n')[-1].split("\n]")[0].split("\n")
    ]
    expected = [json.dumps(replace_non_finite(finding.to_dict()), ensure_ascii=False) for finding in report.findings]
    assert not values or lines == expected
    assert [finding.row()["params"] for finding in report.findings] == [
        json.dumps(replace_non_finite(finding.params), ensure_ascii=False) for finding in report.findings
    ]


def replace_non_finite(value):
    """Return plain data with None in place of infinite numbers and NaN."""
    if isinstance(value, dict):
        return {key: replace_non_finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [replace_non_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
LOCAL_PATHS = ["/home/zhang/机密/a.gpkg", r"C:\Users\zhang san\机密\a.gpkg"]


def check_with_crashing_rule(error):
    def raise_error_with_path(*layers, ctx):
        raise error

    rules = load_all_rules()
    plan = make_example_plan({"farmland": [SQUARE], "red_line": [SQUARE]})
    plan.source = LOCAL_PATHS[0]
    return plan, run_check(
        plan, [dataclasses.replace(rules["REL001"], function=raise_error_with_path), rules["GEO001"]]
    )


@pytest.mark.parametrize("path", LOCAL_PATHS)
@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        pytest.param(lambda p: FileNotFoundError(2, "No such file", p), Outcome.CRASHED, id="crash"),
        pytest.param(lambda p: InputError("source_missing", source=p), Outcome.SKIPPED, id="skip"),
    ],
)
def test_json_and_html_reports_contain_no_folder_of_the_machine(path, error, outcome):
    plan, report = check_with_crashing_rule(error(path))
    assert report.rules[0].outcome is outcome and report.verdict is Verdict.INCOMPLETE
    for text in (dump_json(report.to_dict()), render_report(report, plan.norm)):
        assert "a.gpkg" in text
        assert "zhang" not in text and "机密" not in text


@pytest.mark.slow
@pytest.mark.parametrize("row_count", first_daily([100, 450]))
def test_json_and_layer_have_all_of_many_findings_and_the_page_has_200_rows_below_500_kb(row_count, tmp_path):
    pair_count = row_count * (row_count - 1) // 2
    shapes = [shapely.box(n * 0.05, 0, n * 0.05 + 300, 300 + n * 0.03) for n in range(row_count)]
    shapes = [shapely.affinity.translate(shape, 38_470_000.0, 4_390_000.0) for shape in shapes]
    names = {"BSM": [f"1402250000099{n:05d}" for n in range(row_count)]}
    gpd.GeoDataFrame(names, geometry=shapes, crs="EPSG:4526").to_file(tmp_path / "many.gpkg", layer="DLTB")
    paths = {name: tmp_path / f"report.{name}" for name in ("json", "html", "gpkg")}
    outputs = [f"--{name}={path}" for name, path in zip(("json", "html", "findings"), paths.values(), strict=True)]
    main(["check", str(tmp_path / "many.gpkg"), "--rules=TOP001", *outputs])
    report = json.loads(paths["json"].read_text(encoding="utf-8"))
    assert len(report["findings"]) == report["rules"][0]["findings"] == pair_count
    assert len({finding["fingerprint"] for finding in report["findings"]}) == pair_count
    schema = json.loads((RESOURCES_FOLDER / "reports" / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate({**report, "findings": report["findings"][::100]})
    with fiona.open(paths["gpkg"]) as layer:
        assert len(layer) == pair_count
    page = paths["html"].read_text(encoding="utf-8")
    assert len(page) < 500_000 and page.count("data-row=") == 200
