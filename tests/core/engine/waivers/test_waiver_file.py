# SPDX-License-Identifier: GPL-2.0-or-later
"""The file of waivers (accepted findings): read after manual edits, written safely."""

import csv
import hashlib
import json
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings, strategies as st
from pyproj import CRS

from plugin.core.base.errors import DataError, InputError, OutputError
from plugin.core.base.files import make_path_next_to_data
from plugin.core.base.files.document_text import make_readable_text
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.checks.live.session import EditBatch, FeatureState, IncrementalSession
from plugin.core.engine.waivers import WAIVER_SUFFIX, file as waiver_file
from plugin.core.engine.waivers.application import is_same_conflict, mark_accepted_findings
from plugin.core.engine.waivers.file import change_waivers, load_waivers, read_waivers
from plugin.core.engine.waivers.waiver import (
    Waiver,
    WaiverEntry,
    WaiverLimits,
    Waivers,
    find_refusal_reason,
    make_waivers,
)
from plugin.core.geometry.crs import CGCS2000_DEGREES, reproject_coordinates
from plugin.core.model.findings import Finding
from plugin.core.model.report import Outcome, Report
from plugin.core.model.rule import Severity
from plugin.core.model.verdict import Verdict
from plugin.core.plan.io import read_source
from plugin.core.render.outputs import dump_json
from plugin.core.standard import load_standard
from plugin.core.standard.profile import Norm, load_profile
from plugin.paths import REPORT_TEMPLATES_FOLDER
from tests.core.small_plan import (
    add_survey_vertices,
    check_data,
    explain_error,
    get_outcome_of_rule,
    make_county_box,
    make_small_plan_layers,
    make_table,
    write_gpkg,
)

FIRST_WAIVER = Waiver(
    "W20261120-00000001", "REL001", "防洪堤，\n已批复", "晋自然资函〔2026〕12号", "王工", date(2026, 11, 20), date(2027, 6, 30),
    "批复/扫描件.pdf", "永久基本农田“1”与红线重叠。", "", "YJJBNTBHTB", "140225211000000001", "STBHHX",
    ("140225000000000002", 'odd;"key\\'), "", 113.6925417, 39.6444444, 5.0, 12640.35, 126.4,
)  # fmt: skip
SECOND_WAIVER = Waiver(
    "W20261120-00000002", "LAW002", "取整", "〔2026〕13号", "李工", date(2026, 11, 20), case="close",
    figures={"value": 63.2496, "indicator": "farmland_area"},
)  # fmt: skip


@pytest.fixture
def waiver_path(tmp_path):
    return tmp_path / "county.waivers.csv"


def test_written_waivers_are_read_back_equal(waiver_path):
    change_waivers(waiver_path, added_waivers=[FIRST_WAIVER, SECOND_WAIVER])
    assert read_waivers(waiver_path) == (FIRST_WAIVER, SECOND_WAIVER)
    assert waiver_path.read_bytes().startswith(b"\xef\xbb\xbf"), "a spreadsheet knows UTF-8 by its mark"


@given(texts=st.lists(st.text(st.sampled_from(",;\\\"' =\t\n\x0b\x85\0\ufffe\ud8000甲A"), max_size=6), min_size=1))
@settings(max_examples=6)
@example(texts=["\\", "甲\\;", "\0", "甲\ud800"])
def test_any_reason_and_keys_are_read_back_as_written(texts, tmp_path):
    keys = [" ".join(text.split()) for text in texts]
    added = [
        replace(SECOND_WAIVER, id=str(n), reason=f"甲{text}乙", key=key, related_keys=(key, "b"))
        for n, (text, key) in enumerate(zip(texts, keys, strict=True))
    ]
    (tmp_path / "a.csv").unlink(missing_ok=True)
    read = change_waivers(tmp_path / "a.csv", added_waivers=added)
    assert [(one.reason, one.key, one.related_keys) for one in read] == [
        (f"甲{make_readable_text(text)}乙", read_key, (read_key, "b"))
        for text, read_key in zip(texts, (make_readable_text(key).strip() for key in keys), strict=True)
    ]


def test_formulas_in_a_waiver_are_written_as_text_and_read_back(waiver_path):
    formula = "=cmd|' /C calc'!A0"
    waiver = replace(FIRST_WAIVER, reason=formula, document="@SUM(A1)", author="-2+3|x", field="+1")
    assert change_waivers(waiver_path, added_waivers=[waiver]) == (waiver,)
    with waiver_path.open(encoding="utf-8-sig", newline="") as handle:
        cells = [cell for row in csv.reader(handle) for cell in row]
    assert f"\t{formula}" in cells and not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_feature_keys_in_a_waiver_file_survive_a_spreadsheet_as_text(waiver_path):
    """Save 18 digits as text; a spreadsheet would change a number to 1.40225E+17."""
    change_waivers(waiver_path, added_waivers=[FIRST_WAIVER, SECOND_WAIVER])
    with waiver_path.open(encoding="utf-8-sig", newline="") as handle:
        for row in csv.reader(handle):
            for cell in row:
                assert not (cell.isdigit() and len(cell) > 11), cell
                assert not cell.startswith(("=", "+", "-", "@")), cell


def test_default_waiver_file_is_next_to_a_data_file_and_inside_a_data_folder(tmp_path):
    assert make_path_next_to_data(tmp_path / "county.gpkg", WAIVER_SUFFIX).name == "county.waivers.csv"
    (tmp_path / "县.gdb").mkdir()
    assert make_path_next_to_data(tmp_path / "县.gdb", WAIVER_SUFFIX) == tmp_path / "县.waivers.csv"
    (tmp_path / "成果").mkdir()
    assert make_path_next_to_data(tmp_path / "成果", WAIVER_SUFFIX) == tmp_path / "成果" / "成果.waivers.csv"


def test_adding_a_waiver_keeps_rows_and_columns_added_by_other_users(waiver_path):
    change_waivers(waiver_path, added_waivers=[FIRST_WAIVER])
    head, rest = waiver_path.read_bytes().decode("utf-8-sig").split("\r\n", 1)
    waiver_path.write_text(f"备注,{head}\r\n请李处复核,{rest}", encoding="utf-8-sig", newline="")
    change_waivers(waiver_path, added_waivers=[SECOND_WAIVER])
    assert read_waivers(waiver_path) == (FIRST_WAIVER, SECOND_WAIVER)
    assert "请李处复核" in waiver_path.read_text(encoding="utf-8-sig")
    change_waivers(waiver_path, removed_ids=[SECOND_WAIVER.id])
    assert read_waivers(waiver_path) == (FIRST_WAIVER,)
    assert waiver_path.read_text(encoding="utf-8-sig").startswith("备注,")


def test_waiver_file_saved_by_a_spreadsheet_on_chinese_windows_is_read(waiver_path):
    """Read GBK, dates with slashes, empty rows and columns in another order."""
    change_waivers(waiver_path, added_waivers=[FIRST_WAIVER, SECOND_WAIVER])
    text = (
        waiver_path.read_text(encoding="utf-8-sig")
        .replace("2026-11-20", "2026/11/20")
        .replace("2027-06-30", "2027年6月30日")
    )
    waiver_path.write_bytes((text + ",,,\r\n").encode("gb18030"))
    assert read_waivers(waiver_path) == (FIRST_WAIVER, SECOND_WAIVER)
    rows = list(csv.reader(text.splitlines(keepends=True)))
    with waiver_path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle, delimiter="\t", lineterminator="\n").writerows([row[::-1] for row in rows])
    assert read_waivers(waiver_path) == (FIRST_WAIVER, SECOND_WAIVER)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("王工", "", 2, ("登记人", "空")),
        ("2027-06-30", "2027-13-30", 2, ("有效期至", "2027-13-30")),
        ("2027-06-30", "soon", 2, ("有效期至", "soon")),
        ("2027-06-30", "202711", 2, ("有效期至", "202711")),
        ("12640.35", "12640,35 m2", 2, ("面积",)),
        ("113.6925417", "nan", 2, ("经度",)),
        # The reason of the first row has two lines, therefore the second row begins in line 4.
        ("W20261120-00000002", "W20261120-00000001", 4, ("编号", "第 2 行")),
        ("李工", "", 4, ("登记人",)),
        ('{""', '""', 4, ("数值",)),
        ("防洪堤", "\0\0", 2, ()),
        ("王工", b"\xff\xfe\xfa", 3, ("CSV UTF-8",)),
        ("登记人", "谁", 1, ("登记人", "表头")),
        ("\ufeff编号", "\ufeff编号,编号", 1, ("编号",)),
        ('已批复"', "已批复", 2, ()),
        # A tolerance above its limit or below zero.
        (",5.00,", ",500,", 2, ("位置允许差m", "50")),
        (",126.40", ",12640", 2, ("面积允许差m2", "1264.035")),
        (",5.00,", ",-1,", 2, ("位置允许差m",)),
        (",126.40", ",-1", 2, ("面积允许差m2",)),
        # Figures that are not numbers.
        *(("63.2496", value, 4, ()) for value in ("null", "[63.2]", "NaN", "-Infinity", "1e999", "{}")),
    ],
)
def test_damaged_waiver_file_is_refused_and_unchanged(waiver_path, old, new, line, words):
    change_waivers(waiver_path, added_waivers=[FIRST_WAIVER, SECOND_WAIVER])
    data = waiver_path.read_bytes()
    assert old.encode() in data
    data = data.replace(old.encode(), new if isinstance(new, bytes) else new.encode(), 1)
    waiver_path.write_bytes(data)
    for attempt in (
        lambda: read_waivers(waiver_path),
        lambda: change_waivers(waiver_path, added_waivers=[replace(FIRST_WAIVER, id="W3")]),
    ):
        with pytest.raises(DataError) as error:
            attempt()
        text = explain_error(error.value)
        assert f"第 {line} 行" in text and "county.waivers.csv" in text, text
        assert all(word in text for word in words), text
        assert waiver_path.read_bytes() == data


def test_waiver_tolerance_within_wider_limits_of_the_county_is_accepted(waiver_path):
    """Widen the limits in the profile; a large conflict may then move farther."""
    wide = WaiverLimits(place_m=50.0, area_share=0.1, area_m2=10.0, figure_share=0.01)
    finding = Finding("DLTB", code="TOP001", key="1", area_m2=4e8, severity=Severity.ERROR, place=(113.0, 39.0))
    (made,) = make_waivers([finding], WaiverEntry("理由", "文号", "王工", date(2026, 11, 20)), wide)
    change_waivers(waiver_path, added_waivers=[made])
    assert read_waivers(waiver_path, wide) == (replace(made, place_m=2000.0),)


def test_reading_a_missing_waiver_file_or_adding_to_a_workbook_raises_an_error(waiver_path):
    with pytest.raises(DataError) as error:
        read_waivers(waiver_path)
    assert "county.waivers.csv" in explain_error(error.value)
    waiver_path.write_bytes(b"PK\x03\x04 workbook")
    with pytest.raises(DataError) as error:
        change_waivers(waiver_path, added_waivers=[FIRST_WAIVER])
    assert "工作簿" in explain_error(error.value)


def test_waivers_added_by_another_user_meanwhile_are_kept(waiver_path, monkeypatch):
    change_waivers(waiver_path, added_waivers=[FIRST_WAIVER])
    real, calls = waiver_file._format_csv, []

    def write_row_of_another_user(head, rows):
        # Another user writes between our reading and writing.
        if not calls:
            calls.append(1)
            monkeypatch.setattr(waiver_file, "_format_csv", real)
            change_waivers(waiver_path, added_waivers=[SECOND_WAIVER])
        return real(head, rows)

    monkeypatch.setattr(waiver_file, "_format_csv", write_row_of_another_user)
    third = replace(FIRST_WAIVER, id="W3")
    assert change_waivers(waiver_path, added_waivers=[third]) == (FIRST_WAIVER, SECOND_WAIVER, third)
    assert calls


def test_adding_a_waiver_to_a_file_that_keeps_changing_raises_an_error_and_loses_no_row(waiver_path, monkeypatch):
    change_waivers(waiver_path, added_waivers=[FIRST_WAIVER])
    real, count = waiver_file._format_csv, []

    def write_another_row_again(head, rows):
        count.append(1)
        waiver_path.write_bytes(waiver_path.read_bytes() + b"\r\n")
        return real(head, rows)

    monkeypatch.setattr(waiver_file, "_format_csv", write_another_row_again)
    with pytest.raises(OutputError):
        change_waivers(waiver_path, added_waivers=[SECOND_WAIVER])
    monkeypatch.undo()
    assert read_waivers(waiver_path) == (FIRST_WAIVER,) and len(count) > 1
    assert [p.name for p in waiver_path.parent.iterdir()] == [waiver_path.name], "nothing is left beside it"


def make_finding(**more):
    values = {"role": "CZKFBJ", "key": "1", "code": "REL002", "severity": Severity.ERROR, "message": "压占。"}
    return Finding(**{**values, **more})


WAIVER_ENTRY = WaiverEntry("理由", "文号", "王工", date(2026, 11, 20))


def test_tolerances_for_place_and_area_are_stored_with_the_waiver():
    small, large = make_waivers(
        [make_finding(area_m2=40.0, place=(113.0, 39.0)), make_finding(area_m2=4e6, place=(113.0, 39.0))],
        WAIVER_ENTRY,
        WaiverLimits(),
    )
    assert (small.place_m, small.change_m2) == (5.0, 1.0)
    # 2 × 2 km: one percent of the area and of the width.
    assert (large.place_m, large.change_m2) == (20.0, 40_000.0)
    assert small.id != large.id


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (make_finding(params={"fid": 3}), "fid"),
        (make_finding(params={"related_fid": 3}), "fid"),
        (make_finding(severity=Severity.INFO), "info"),
        (make_finding(code="RUN900"), "run"),
        (make_finding(code="DOC007"), "forced"),
    ],
)
def test_finding_that_cannot_be_waived_is_refused_with_a_reason(one, why):
    assert find_refusal_reason(one) == why
    with pytest.raises(InputError) as error:
        make_waivers([one], WAIVER_ENTRY, WaiverLimits())
    assert "豁免" in explain_error(error.value) or "结论" in explain_error(error.value)


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("压占 12\u202f640.35 m²（宽 1.5 m）。请退到边线。", "压占 12 640.35 m²（宽 1.5 m）。"),
        ("Shares 12.5 m² (width 0.3 m). Draw it back.", "Shares 12.5 m² (width 0.3 m)."),
        ("没有句号", "没有句号"),
    ],
)
def test_waiver_stores_the_problem_without_its_remedy(message, kept):
    (made,) = make_waivers([make_finding(message=message)], WAIVER_ENTRY, WaiverLimits())
    assert made.message == kept and made.message.encode("gbk", errors="ignore")


@pytest.mark.parametrize("lacking", ["reason", "document", "author"])
def test_waiver_without_reason_document_or_author_is_refused(lacking):
    with pytest.raises(InputError):
        make_waivers([make_finding()], replace(WAIVER_ENTRY, **{lacking: "  "}), WaiverLimits())


def test_waiver_that_ends_before_its_start_is_refused():
    with pytest.raises(InputError) as error:
        make_waivers([make_finding()], replace(WAIVER_ENTRY, until=date(2026, 11, 19)), WaiverLimits())
    assert "2026-11-19" in explain_error(error.value)


def test_changed_attachment_of_a_waiver_is_reported(tmp_path):
    scan = tmp_path / "扫描.pdf"
    scan.write_bytes(b"one")
    words = replace(WAIVER_ENTRY, attachment=str(scan), digest=hashlib.sha256(b"one").hexdigest())
    waiver_path = tmp_path / "县.waivers.csv"
    norm = Norm(load_standard("county_db"), load_profile("hunyuan"))
    change_waivers(waiver_path, added_waivers=make_waivers([make_finding()], words, WaiverLimits(), tmp_path))
    keys = [key for key, _ in load_waivers(str(waiver_path), norm)[1]]
    assert keys == ["notice_waivers"]
    assert read_waivers(waiver_path)[0].digest == words.digest
    scan.write_bytes(b"another")
    assert [key for key, _ in load_waivers(str(waiver_path), norm)[1]] == [*keys, "notice_waiver_attachment_changed"]
    scan.unlink()
    assert [key for key, _ in load_waivers(str(waiver_path), norm)[1]] == [*keys, "notice_waiver_attachment"]


def test_attachment_below_the_data_folder_is_stored_as_a_relative_path(tmp_path):
    words = replace(WAIVER_ENTRY, attachment=str(tmp_path / "批复" / "扫描.pdf"))
    (made,) = make_waivers([make_finding()], words, WaiverLimits(), tmp_path)
    assert made.attachment == "批复/扫描.pdf"
    words = replace(WAIVER_ENTRY, attachment="/elsewhere/扫描.pdf")
    (made,) = make_waivers([make_finding()], words, WaiverLimits(), tmp_path)
    assert made.attachment == "/elsewhere/扫描.pdf"
    assert made.get_report_values()["attachment"] == "扫描.pdf", "no path of this machine in a report"


def test_finding_on_a_forced_package_stays_open_even_if_the_waiver_file_has_a_row_for_it():
    findings = [make_finding(code=code, role="", key="清单") for code in ("DOC006", "DOC007")]
    (row,) = make_waivers(findings[:1], WAIVER_ENTRY, WaiverLimits())
    waivers = Waivers(entries=(row, replace(row, id="W2", rule="DOC007")))
    plan = SimpleNamespace(area_code="")
    assert mark_accepted_findings(findings, plan, waivers, date(2026, 11, 21)) == findings[:1]
    assert [one.state for one in findings] == ["waived", "open"]


WAIVED_RULES = ("REL001", "REL002", "TOP001", "TOP002", "REL004")
ENTRY = WaiverEntry("县城防洪堤已批复", "晋自然资函〔2026〕12号", "王工", date(2026, 11, 20))


def make_layers_with_survey_vertices():
    return {role: add_survey_vertices({role: frame})[role] for role, frame in make_small_plan_layers().items()}


def list_findings(report, code, state=""):
    """Return the findings of a rule in a report, all or in one state."""
    return [f for f in report.findings if f.code == code and (not state or f.state == state)]


def waive_findings(path, *codes, words=ENTRY, limits=None):
    """Waive the findings of some rules in the waiver file next to the data; return the waived findings."""
    checked = check_data(path, WAIVED_RULES)
    chosen = [f for f in checked.report.findings if f.code in codes] if codes else []
    entries = make_waivers(chosen, words, limits or checked.waivers.limits, path.parent)
    change_waivers(checked.waivers.path, added_waivers=entries)
    return chosen


@pytest.fixture
def county_layers(tmp_path):
    tables = make_layers_with_survey_vertices()
    # Several findings between the same two layers, with keys.
    tables["STBHHX"] = tables["STBHHX"].assign(BSM=["140225000000000101", "140225000000000102"])
    return tables


@pytest.fixture
def county_file(tmp_path, county_layers):
    return write_gpkg(tmp_path / "county.gpkg", county_layers)


def write_copy(tmp_path, tables, name="again"):
    """Write the county to a new file with a copy of its waivers next to it."""
    path = write_gpkg(tmp_path / name / "county.gpkg", tables)
    make_path_next_to_data(path, WAIVER_SUFFIX).write_bytes((tmp_path / "county.waivers.csv").read_bytes())
    return path


def test_waived_findings_are_waived_in_the_next_check_and_its_report_still_lists_them(county_file):
    before = check_data(county_file, WAIVED_RULES).report
    chosen = waive_findings(county_file, "REL001", "TOP002")
    assert len(chosen) >= 2
    report = check_data(county_file, WAIVED_RULES).report
    assert {f.code for f in report.findings if f.state == "waived"} == {"REL001", "TOP002"}
    assert len(report.findings) == len(before.findings)
    assert get_outcome_of_rule(report, "REL001").outcome is Outcome.WAIVED
    waiver = list_findings(report, "REL001")[0].params["waiver"]
    assert (waiver["reason"], waiver["document"], waiver["author"]) == (
        ENTRY.reason,
        ENTRY.document,
        ENTRY.author,
    )
    assert report.summary["waived"] == len(chosen)
    assert "county.waivers.csv" in "".join(report.provenance["notices"])


def test_report_with_all_findings_waived_is_conditional(county_file):
    checked = check_data(county_file, ("REL001",))
    assert checked.report.verdict is Verdict.FAILED
    waive_findings(county_file, "REL001")
    assert check_data(county_file, ("REL001",)).report.verdict is Verdict.CONDITIONAL
    assert check_data(county_file, ("REL001",), waivers="none").report.verdict is Verdict.FAILED


@pytest.mark.parametrize("code", [4525, 4490, 4527], ids=["zone 37", "degrees", "zone 39"])
def test_waivers_still_apply_after_reprojection_of_the_county(tmp_path, county_file, county_layers, code):
    chosen = waive_findings(county_file, *WAIVED_RULES)
    tables = {role: frame.to_crs(code) for role, frame in county_layers.items()}
    report = check_data(write_copy(tmp_path, tables), WAIVED_RULES).report
    assert {f.fingerprint for f in report.findings if f.state == "open" and f.code in WAIVED_RULES} == set()
    assert sum(f.state == "waived" for f in report.findings) == len(chosen)
    assert not list_findings(report, "RUN903")


@pytest.mark.parametrize(
    ("grown", "applies"), [(0.5, True), (-0.5, True), (3.0, False), (-3.0, False)], ids=["+0.5", "-0.5", "+3", "-3"]
)
def test_waiver_applies_after_a_small_and_not_after_a_large_change_of_the_conflict(
    tmp_path, county_layers, grown, applies
):
    """Move one side of a 100 × 100 m overlap: by 0.5 % or by 3 % of its area."""
    county_layers["YJJBNTBHTB"] = make_table([make_county_box(1220, 100)]).assign(BSM="140225000000000001")
    (kept,) = waive_findings(write_gpkg(tmp_path / "county.gpkg", county_layers), "REL001")
    county_layers["YJJBNTBHTB"] = make_table([make_county_box(1220, 100, 100 + grown)]).assign(BSM="140225000000000001")
    report = check_data(write_copy(tmp_path, county_layers), WAIVED_RULES).report
    (now,) = list_findings(report, "REL001")
    assert (now.state == "waived") is applies
    assert bool(list_findings(report, "RUN903")) is not applies
    if not applies:
        (finding,) = list_findings(report, "RUN903")
        assert finding.case == "changed" and finding.params["now_m2"] == pytest.approx(now.area_m2, abs=0.01)
        assert kept.area_m2 == pytest.approx(finding.params["before_m2"], abs=0.01)
        assert report.verdict is Verdict.FAILED


def test_waiver_does_not_apply_to_a_conflict_moved_elsewhere_with_the_same_area(tmp_path, county_layers):
    county_layers["YJJBNTBHTB"] = make_table([make_county_box(1220, 100)]).assign(BSM="140225000000000001")
    waive_findings(write_gpkg(tmp_path / "county.gpkg", county_layers), "REL001")
    county_layers["YJJBNTBHTB"] = make_table([make_county_box(1220, 160)]).assign(BSM="140225000000000001")
    report = check_data(write_copy(tmp_path, county_layers), WAIVED_RULES).report
    assert list_findings(report, "REL001")[0].state == "open"
    (finding,) = list_findings(report, "RUN903")
    assert finding.params["moved_m"] == pytest.approx(60.0, rel=0.005)


@pytest.mark.slow
def test_waivers_of_findings_without_keys_are_matched_by_place(tmp_path, county_layers):
    """Check gaps, which have no key: one is waived, one fixed, one new."""
    holes = [make_county_box(100, 100, 10, 10), make_county_box(130, 100, 10, 10), make_county_box(160, 100, 10, 10)]
    whole = [make_county_box(0, 0, 1000, 1000), make_county_box(1000, 0, 1000, 1000)]

    def make_zones_with_gaps(*open_places):
        shapes = [shapely.difference(whole[0], shapely.union_all(list(open_places))), whole[1]]
        return county_layers["YDYHGHFQ"].set_geometry(shapes, crs=4526)

    county_layers["YDYHGHFQ"] = make_zones_with_gaps(holes[0], holes[1])
    checked = check_data(write_gpkg(tmp_path / "county.gpkg", county_layers), ("TOP002",))
    gaps = sorted(checked.report.findings, key=lambda f: f.geometry.bounds[0])
    assert len(gaps) == 2 and gaps[0].key == gaps[1].key
    change_waivers(checked.waivers.path, added_waivers=make_waivers(gaps[1:], ENTRY, checked.waivers.limits))
    # The first is fixed; a new one of the same size appears 30 m away.
    county_layers["YDYHGHFQ"] = make_zones_with_gaps(holes[1], holes[2])
    report = check_data(write_copy(tmp_path, county_layers), ("TOP002",)).report
    states = {round(f.geometry.bounds[0] - 38_540_000): f.state for f in list_findings(report, "TOP002")}
    assert states == {130: "waived", 160: "open"}
    # The waived one is fixed too: the new one does not inherit its waiver.
    county_layers["YDYHGHFQ"] = make_zones_with_gaps(holes[2])
    report = check_data(write_copy(tmp_path, county_layers, "third"), ("TOP002",)).report
    assert [f.state for f in list_findings(report, "TOP002")] == ["open"]


@pytest.mark.slow
def test_waiver_without_a_key_applies_if_its_place_and_that_of_the_finding_round_differently(tmp_path, county_layers):
    """Put the centre of a gap on a rounding limit of 0.0001°.

    The fingerprint of the finding may then differ in degrees.
    """
    names = set()
    for lon in (114.46895, 114.46895 + 1e-9, 114.46895 - 1e-9):
        x, y = reproject_coordinates(np.array([[lon, 39.64445]]), CGCS2000_DEGREES, CRS.from_epsg(4526))[0]
        hole = shapely.box(x - 5, y - 5, x + 5, y + 5)
        names.add(round(lon, 4))
        shapes = [shapely.difference(make_county_box(0, 0, 1000, 1000), hole), make_county_box(1000, 0, 1000, 1000)]
        county_layers["YDYHGHFQ"] = county_layers["YDYHGHFQ"].set_geometry(shapely.segmentize(shapes, 20.0), crs=4526)
        source = write_gpkg(tmp_path / f"{lon!r}" / "county.gpkg", county_layers)
        (gap,) = waive_findings(source, "TOP002")
        assert abs(gap.place[0] - lon) < 1e-8
        for code in (4490, 4525):
            moved = {r: f.to_crs(code) for r, f in county_layers.items()}
            path = write_gpkg(tmp_path / f"{lon!r}" / str(code) / "county.gpkg", moved)
            make_path_next_to_data(path, WAIVER_SUFFIX).write_bytes(
                make_path_next_to_data(source, WAIVER_SUFFIX).read_bytes()
            )
            (now,) = list_findings(check_data(path, ("TOP002",)).report, "TOP002")
            assert now.state == "waived"
    assert len(names) == 2, "the places lie on both sides of the edge"


def test_waiver_does_not_apply_after_its_end_date(tmp_path, county_file):
    yesterday = date.today() - timedelta(days=1)
    waive_findings(county_file, "REL001", words=WaiverEntry("理由", "文号", "王工", date(2020, 1, 1), yesterday))
    report = check_data(county_file, WAIVED_RULES).report
    assert {f.state for f in list_findings(report, "REL001")} == {"open"}
    late = list_findings(report, "RUN902")
    assert len(late) == len(list_findings(report, "REL001")) and str(late[0].severity) == "WARNING"
    assert yesterday.isoformat() in late[0].message and "文号" in late[0].message
    assert report.verdict is Verdict.FAILED
    # The last day is included.
    make_path_next_to_data(county_file, WAIVER_SUFFIX).unlink()
    waive_findings(county_file, "REL001", words=WaiverEntry("理由", "文号", "王工", date(2020, 1, 1), date.today()))
    assert not list_findings(check_data(county_file, WAIVED_RULES).report, "RUN902")


def test_waivers_of_fixed_conflicts_and_of_unchecked_rules_are_reported_as_different_cases(
    tmp_path, county_file, county_layers
):
    waive_findings(county_file, "REL001", "REL004")
    only = check_data(county_file, ("REL001",)).report
    assert {f.case for f in list_findings(only, "RUN903")} == {"not_run"}
    # Without the red line the rule is not checked.
    absent = {r: f for r, f in county_layers.items() if r != "STBHHX"}
    report = check_data(write_copy(tmp_path, absent, "absent"), WAIVED_RULES).report
    assert {f.case for f in list_findings(report, "RUN903")} == {"not_looked"}
    # The farmland is outside the red line, so the conflict is gone.
    county_layers["YJJBNTBHTB"] = make_table([make_county_box(0, 0)]).assign(BSM="140225000000000001")
    report = check_data(write_copy(tmp_path, county_layers, "mended"), WAIVED_RULES).report
    gone = [f for f in list_findings(report, "RUN903") if f.params["rule"] == "REL001"]
    assert {f.case for f in gone} == {"gone"} and {str(f.severity) for f in gone} == {"INFO"}
    assert len({f.fingerprint for f in gone}) == len(gone)


def test_waiver_of_a_wrong_code_does_not_apply_to_another_wrong_code_in_the_same_cell(tmp_path, county_layers):
    """Waive a wrong code, then write another wrong code into the same cell."""
    county_layers["DLTB"].loc[0, "DLBM"] = "0188"
    source = write_gpkg(tmp_path / "county.gpkg", county_layers)
    checked = check_data(source, ("ATT002",))
    chosen = [f for f in checked.report.findings if f.params.get("value") == "0188"]
    assert len(chosen) == 1
    change_waivers(checked.waivers.path, added_waivers=make_waivers(chosen, ENTRY, checked.waivers.limits))
    # The shape may change, because the waiver is for the code.
    assert [f.state for f in check_data(source, ("ATT002",)).report.findings if f.field == "DLBM"] == ["waived"]
    county_layers["DLTB"].loc[0, "DLBM"] = "0199"
    report = check_data(write_copy(tmp_path, county_layers), ("ATT002",)).report
    assert [f.state for f in list_findings(report, "ATT002") if f.field == "DLBM"] == ["open"]
    assert [f.case for f in list_findings(report, "RUN903")] == ["differs"]


def test_waiver_of_a_key_that_occurs_twice_does_not_apply(tmp_path, county_file, county_layers):
    chosen = waive_findings(county_file, "REL001")
    county_layers["YJJBNTBHTB"].loc[0, "BSM"] = chosen[0].key
    report = check_data(write_copy(tmp_path, county_layers), ("REL001",)).report
    states = {f.key: f.state for f in list_findings(report, "REL001")}
    assert states == {f.key: "open" if f.key == chosen[0].key else "waived" for f in chosen}
    (finding,) = list_findings(report, "RUN903")
    assert finding.case == "unsure" and finding.key == chosen[0].key


def test_waivers_follow_keys_renumbered_by_the_plugin(tmp_path, county_file, county_layers):
    chosen = waive_findings(county_file, "REL001", "REL002")
    new = {}
    for role in ("YJJBNTBHTB", "STBHHX", "CZKFBJ"):
        old = county_layers[role]["BSM"].tolist()
        county_layers[role]["BSM"] = [f"1402250000009{n:05d}" for n in range(len(old))]
        new[role] = dict(zip(old, county_layers[role]["BSM"], strict=True))
    path = write_copy(tmp_path, county_layers)
    assert not [f for f in check_data(path, WAIVED_RULES).report.findings if f.state == "waived"]
    renumbered = tmp_path / "新旧.csv"
    rows = [f"{role},{old},{key}" for role, keys in new.items() for old, key in keys.items()]
    renumbered.write_text("\n".join(["图层,旧标识码,新标识码", *rows]), encoding="utf-8-sig")
    report = check_data(path, WAIVED_RULES, renumbered=str(renumbered)).report
    assert sum(f.state == "waived" for f in report.findings) == len(chosen)


def test_waivers_apply_during_edits_until_the_conflict_changes(tmp_path, county_layers):
    county_layers["YJJBNTBHTB"] = make_table([make_county_box(1220, 100), make_county_box(1220, 700)])
    source = write_gpkg(tmp_path / "county.gpkg", county_layers)
    waive_findings(source, "REL001")
    checked = check_data(source, WAIVED_RULES)
    edited = IncrementalSession(checked, RunOptions(rules=WAIVED_RULES))
    edited.prepare()
    first, second = (f.key for f in list_findings(checked.report, "REL001"))
    frame = checked.plan.layers["YJJBNTBHTB"].frame

    def change_row(row, shape):
        fid = checked.plan.layers["YJJBNTBHTB"].fids[row]
        values = {n: frame[n].iloc[row] for n in frame.columns if n != frame.geometry.name}
        edited.check_edits(EditBatch({}, {("YJJBNTBHTB", fid): FeatureState(shape.wkb, values)}))
        return {f.key: f.state for f in edited.findings if f.code == "REL001"}

    # A new vertex on an edge and a move by one metre: both are still waived.
    assert change_row(0, shapely.segmentize(make_county_box(1220, 100), 40.0)) == {first: "waived", second: "waived"}
    assert change_row(1, make_county_box(1220, 700, 100, 150)) == {first: "waived", second: "open"}
    assert change_row(1, make_county_box(1220, 700)) == {first: "waived", second: "waived"}


def test_json_report_with_waivers_follows_its_schema_and_reads_back_equal(county_file):
    waive_findings(
        county_file, "REL001", words=WaiverEntry("理由", "文号", "王工", date(2020, 1, 1), date(2020, 12, 31))
    )
    waive_findings(county_file, "REL002", "TOP001")
    report = check_data(county_file, (*WAIVED_RULES, "LAW001")).report
    text = dump_json(report.to_dict())
    jsonschema.validate(
        json.loads(text), json.loads((REPORT_TEMPLATES_FOLDER / "report.schema.json").read_text(encoding="utf-8"))
    )
    write_copy = Report.from_dict(json.loads(text))
    assert write_copy.summary == report.summary and dump_json(write_copy.to_dict()) == text
    assert str(county_file.parent) not in text


def test_waiver_file_must_be_given_for_layers_that_have_no_data_file(county_file):
    chosen = waive_findings(county_file, "REL001")
    read = list(read_source(county_file))
    assert not check_plan(read, RunOptions(rules=WAIVED_RULES)).report.summary["waived"]
    report = check_plan(
        read, RunOptions(rules=WAIVED_RULES, waivers=str(make_path_next_to_data(county_file, WAIVER_SUFFIX)))
    ).report
    assert report.summary["waived"] == len(chosen)


def make_field_with_land_use(land_use):
    """Return one field of permanent basic farmland with this land use."""
    return {"YJJBNTBHTB": make_table([make_county_box(0, 0)], DLBM=[land_use], YJJBNTMJ=[9000.0])}


@pytest.mark.parametrize(
    ("code", "before", "now"),
    [
        ("LAW010", make_field_with_land_use("0201"), make_field_with_land_use("0701")),
        (
            "ATT013",
            {"STBHHX": make_table([make_county_box(0, 0)], MJ=[9000.0])},
            {"STBHHX": make_table([make_county_box(0, 0)], MJ=[1.0])},
        ),
    ],
)
def test_waiver_does_not_apply_to_another_value_on_the_same_land(tmp_path, code, before, now):
    path = write_gpkg(tmp_path / "county.gpkg", before)
    checked = check_data(path, (code,))
    change_waivers(
        checked.waivers.path,
        added_waivers=make_waivers(list_findings(checked.report, code), ENTRY, WaiverLimits(), tmp_path),
    )
    assert [f.state for f in list_findings(check_data(path, (code,)).report, code)] == ["waived"]
    report = check_data(write_copy(tmp_path, now), (code,)).report
    assert [f.state for f in list_findings(report, code)] == ["open"]
    (finding,) = list_findings(report, "RUN903")
    assert finding.case == "differs" and finding.severity is Severity.WARNING


def test_waiver_does_not_apply_to_a_larger_net_loss_on_the_same_land(tmp_path):
    """Shrink added land elsewhere; place and area of the finding stay the same."""
    sealed = {"YJJBNTBHTB": make_table([make_county_box(0, 0)], DLBM=["0103"], YJJBNTMJ=[9000.0])}

    def plan(net):
        return {
            "YJJBNTBHTB": make_table(
                [make_county_box(0, 0, 50), make_county_box(500, 0, 50)], DLBM=["0103"] * 2, YJJBNTMJ=[4500.0, net]
            )
        }

    given = RunOptions(rules=("LAW015",), baseline=str(write_gpkg(tmp_path / "封库.gpkg", sealed)))
    checked = check_plan(write_gpkg(tmp_path / "county.gpkg", plan(4400.0)), given)
    change_waivers(
        checked.waivers.path,
        added_waivers=make_waivers(list_findings(checked.report, "LAW015"), ENTRY, WaiverLimits(), tmp_path),
    )
    assert [f.state for f in list_findings(check_plan(write_copy(tmp_path, plan(4399.5)), given).report, "LAW015")] == [
        "waived"
    ]
    assert [
        f.state for f in list_findings(check_plan(write_copy(tmp_path, plan(90.0), "more"), given).report, "LAW015")
    ] == ["open"]


def test_waiver_that_stored_the_program_which_read_a_file_still_applies_without_it(tmp_path):
    finding = Finding("", key="2-规划文档/a.pdf", code="DOC005", case="pages", params={"file": "2-规划文档/a.pdf"})
    (waiver,) = make_waivers([finding], ENTRY, WaiverLimits(), tmp_path)
    waivers = Waivers((waiver,))
    stored = replace(waiver, figures={**waiver.figures, "by": "用 pypdf 核对"})
    assert is_same_conflict(stored, finding, waivers)
    assert not is_same_conflict(replace(stored, figures={**stored.figures, "file": "b.pdf"}), finding, waivers)


def test_waiver_made_by_a_version_that_knew_other_values_still_applies(tmp_path):
    """The manifest names a version that does not exist; the finding states which one checks."""
    params = {"file": "manifest.json", "item": "插件版本", "told": "99.0.0", "known": "0.2.0-dev"}
    finding = Finding("", key="manifest.json", code="DOC016", case="unknown", params=params)
    (waiver,) = make_waivers([finding], ENTRY, WaiverLimits(), tmp_path)
    stored, now = replace(waiver, figures=dict(params)), replace(finding, params={**params, "known": "1.0.0"})
    assert all(is_same_conflict(one, now, Waivers((one,))) for one in (waiver, stored))
    assert not is_same_conflict(stored, replace(now, params={**params, "told": "98.0.0"}), Waivers((stored,)))


def test_waivers_still_apply_after_edits_of_neighbouring_features(tmp_path, county_file, county_layers):
    chosen = waive_findings(county_file, "REL001", "REL002", "TOP002")
    farmland = county_layers["YJJBNTBHTB"]
    # New rows before and next to the affected ones, one of them in conflict too; remote zones move.
    more = make_table([make_county_box(1450, 300, 100, 100), make_county_box(300, 300)]).assign(
        BSM=["140225000000000777", "140225000000000778"]
    )
    county_layers["YJJBNTBHTB"] = add_survey_vertices({"": more})[""]._append(farmland, ignore_index=True)
    report = check_data(write_copy(tmp_path, county_layers), WAIVED_RULES).report
    assert sum(f.state == "waived" for f in report.findings) == len(chosen)
    new = [f for f in list_findings(report, "REL001") if f.key == "140225000000000777"]
    assert new and new[0].state == "open"
    assert not list_findings(report, "RUN903")
