# SPDX-License-Identifier: GPL-2.0-or-later
"""The file of waivers (accepted findings): read after manual edits, written safely."""

import csv
import hashlib
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest

from plugin.core.errors import DataError, InputError, OutputError
from plugin.core.model.findings import Finding
from plugin.core.model.rule import Severity
from plugin.core.profile import Norm, load_profile
from plugin.core.standard import load_standard
from plugin.core.waivers import file as waiver_file
from plugin.core.waivers import make_default_waiver_path
from plugin.core.waivers.application import mark_accepted_findings
from plugin.core.waivers.file import change_waivers, read_waivers
from plugin.core.waivers.loading import load_waivers
from plugin.core.waivers.model import Waiver, WaiverEntry, WaiverLimits, Waivers, find_refusal_reason, make_waivers
from tests.core.small_plan import explain_error

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


def test_feature_keys_in_a_waiver_file_survive_a_spreadsheet_as_text(waiver_path):
    """Save 18 digits as text; a spreadsheet would change a number to 1.40225E+17."""
    change_waivers(waiver_path, added_waivers=[FIRST_WAIVER, SECOND_WAIVER])
    with waiver_path.open(encoding="utf-8-sig", newline="") as handle:
        for row in csv.reader(handle):
            for cell in row:
                assert not (cell.isdigit() and len(cell) > 11), cell
                assert not cell.startswith(("=", "+", "-", "@")), cell


def test_default_waiver_file_is_next_to_a_data_file_and_inside_a_data_folder(tmp_path):
    assert make_default_waiver_path(tmp_path / "county.gpkg").name == "county.waivers.csv"
    (tmp_path / "县.gdb").mkdir()
    assert make_default_waiver_path(tmp_path / "县.gdb") == tmp_path / "县.waivers.csv"
    (tmp_path / "成果").mkdir()
    assert make_default_waiver_path(tmp_path / "成果") == tmp_path / "成果" / "成果.waivers.csv"


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


def test_column_removed_from_a_waiver_file_is_restored_when_a_waiver_is_added(waiver_path):
    change_waivers(waiver_path, added_waivers=[SECOND_WAIVER])
    rows = list(csv.reader(waiver_path.read_text(encoding="utf-8-sig").splitlines()))
    place = rows[0].index("经度")
    with waiver_path.open("w", encoding="utf-8-sig", newline="") as handle:
        csv.writer(handle).writerows([[c for n, c in enumerate(row) if n != place] for row in rows])
    change_waivers(waiver_path, added_waivers=[FIRST_WAIVER])
    assert read_waivers(waiver_path) == (SECOND_WAIVER, FIRST_WAIVER)


def write_with_replacement(waiver_path, old, new):
    change_waivers(waiver_path, added_waivers=[FIRST_WAIVER, SECOND_WAIVER])
    data = waiver_path.read_bytes()
    assert old in data
    waiver_path.write_bytes(data.replace(old, new, 1))
    return waiver_path.read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("王工".encode(), b"", 2, ("登记人", "空")),
        (b"2027-06-30", b"2027-13-30", 2, ("有效期至", "2027-13-30")),
        (b"2027-06-30", b"soon", 2, ("有效期至", "soon")),
        (b"2027-06-30", b"202711", 2, ("有效期至", "202711")),
        (b"12640.35", b"12640,35 m2", 2, ("面积",)),
        (b"113.6925417", b"nan", 2, ("经度",)),
        # The reason of the first row has two lines, therefore the second row begins in line 4.
        (b"W20261120-00000002", b"W20261120-00000001", 4, ("编号", "第 2 行")),
        ("李工".encode(), b"", 4, ("登记人",)),
        (b'{""', b'""', 4, ("数值",)),
        ("防洪堤".encode(), b"\x00\x00", 2, ()),
        ("王工".encode(), b"\xff\xfe\xfa", 3, ("CSV UTF-8",)),
        ("登记人".encode(), "谁".encode(), 1, ("登记人", "表头")),
        ("\ufeff编号".encode(), "\ufeff编号,编号".encode(), 1, ("编号",)),
        ('已批复"'.encode(), "已批复".encode(), 2, ()),
    ],
)
def test_damaged_waiver_file_is_refused_and_unchanged(waiver_path, old, new, line, words):
    data = write_with_replacement(waiver_path, old, new)
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


@pytest.mark.parametrize(
    ("old", "new", "column", "most"),
    [
        (",5.00,", ",500,", "位置允许差m", "50"),
        (",126.40", ",12640", "面积允许差m2", "1264.035"),
        (",5.00,", ",-1,", "位置允许差m", ""),
        (",126.40", ",-1", "面积允许差m2", ""),
    ],
)
def test_waiver_with_a_tolerance_above_the_limit_is_refused(waiver_path, old, new, column, most):
    change_waivers(waiver_path, added_waivers=[FIRST_WAIVER, SECOND_WAIVER])
    read_waivers(waiver_path)
    text = waiver_path.read_text(encoding="utf-8-sig")
    assert old in text
    waiver_path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DataError) as error:
        read_waivers(waiver_path)
    message = explain_error(error.value)
    assert column in message and "第 2 行" in message and most in message, message


def test_waiver_tolerance_within_wider_limits_of_the_county_is_accepted(waiver_path):
    """Widen the limits in the profile; a large conflict may then move farther."""
    wide = WaiverLimits(place_m=50.0, area_share=0.1, area_m2=10.0, figure_share=0.01)
    finding = Finding("DLTB", code="TOP001", key="1", area_m2=4e8, severity=Severity.ERROR, place=(113.0, 39.0))
    (made,) = make_waivers([finding], WaiverEntry("理由", "文号", "王工", date(2026, 11, 20)), wide)
    change_waivers(waiver_path, added_waivers=[made])
    assert read_waivers(waiver_path, wide) == (replace(made, place_m=2000.0),)


@pytest.mark.parametrize("value", ["null", "[63.2]", "NaN", "-Infinity", "1e999", "{}"])
def test_waiver_with_invalid_figures_is_refused(waiver_path, value):
    change_waivers(waiver_path, added_waivers=[FIRST_WAIVER, SECOND_WAIVER])
    text = waiver_path.read_text(encoding="utf-8-sig")
    assert "63.2496" in text
    waiver_path.write_text(text.replace("63.2496", value), encoding="utf-8")
    with pytest.raises(DataError):
        read_waivers(waiver_path)


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
