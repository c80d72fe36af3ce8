# SPDX-License-Identifier: GPL-2.0-or-later
"""The register of windows (开天窗): rows next to the data for windows that fixes open, and the remark of TOP009 on them."""

import csv
import re

import geopandas as gpd
import pytest
import shapely
from hypothesis import example, given, settings, strategies as st
from pyproj import Transformer

from plugin.core.base.errors import OutputError
from plugin.core.base.files import make_path_next_to_data
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.fixes.change_log import (
    CHANGE_LOG_COLUMNS,
    CHANGE_LOG_SUFFIX,
    LogAction,
    PreparedRows,
    RowsToAppend,
    append_rows,
    make_rows_of_step,
)
from plugin.core.fixes.fix_declaration import load_all_fixes
from plugin.core.fixes.judge import propose_fix
from plugin.core.fixes.proposal import FixTexts
from plugin.core.fixes.run_fixes import FixRunOptions, run_fixes
from plugin.core.model.window_register import (
    WINDOW_REGISTER_COLUMNS,
    WINDOW_REGISTER_SUFFIX,
    find_window_register_path,
    list_registered_windows,
    read_window_register,
)
from plugin.core.standard import load_standard
from tests.core.fixes.fix_runs import check_and_start_editing

X, Y = 38_560_000.0, 4_390_000.0
KEY = "1402250000{:08d}"
RULES = ("REL002", "TOP009")


def make_square(x, y, size):
    """Return a square; x and y are metres from the corner of the county."""
    return shapely.box(X + x, Y + y, X + x + size, Y + y + size)


@pytest.fixture
def source_file(tmp_path):
    """Write farmland inside a boundary to a GeoPackage; return its path."""
    path = tmp_path / "data" / "county.gpkg"
    path.parent.mkdir()
    layers = {"YJJBNTBHTB": [make_square(40, 40, 20), make_square(300, 0, 50)], "CZKFBJ": [make_square(0, 0, 100)]}
    for role, shapes in layers.items():
        keys = [KEY.format(n) for n in range(1, len(shapes) + 1)]
        gpd.GeoDataFrame({"BSM": keys}, geometry=shapes, crs="EPSG:4526").to_file(path, layer=role)
    return path


def read_csv_rows(path):
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def run_fixes_into_copy(source_file, copy, **order):
    """Fix overlaps of farmland and boundary in a copy of the source; return the result of the run."""
    options = FixRunOptions(output=str(copy), safe_only=False, **order)
    return run_fixes(str(source_file), RunOptions(rules=("REL002",)), options)


def list_window_messages(path):
    """Return message, severity and fingerprint of the findings on boundary windows in a file."""
    report = check_plan(str(path), RunOptions(rules=RULES)).report
    return [(one.message, str(one.severity), one.fingerprint) for one in report.findings if one.code == "TOP009"]


def test_boundary_window_cut_by_a_fix_is_registered_next_to_the_copy(source_file, tmp_path):
    copy = tmp_path / "copy.gpkg"
    result = run_fixes_into_copy(source_file, copy, documents={"CZKFBJ": "晋自然资函〔2026〕3号"})
    register = tmp_path / "copy.windows.csv"
    assert str(register) in result.written
    (row,) = read_csv_rows(register)
    assert list(row) == list(WINDOW_REGISTER_COLUMNS)
    assert (row["图层"], row["要素（BSM）"]) == ("城镇开发边界（CZKFBJ）", KEY.format(1))
    assert (row["窗内控制线图层"], row["窗内要素"]) == ("永久基本农田保护图斑（YJJBNTBHTB）", KEY.format(1))
    assert (row["依据文号"], row["状态"]) == ("晋自然资函〔2026〕3号", "登记")
    # 400 m² in the plane, 60 km from the central meridian, where lengths are 1 + (60/6371)²/2 of the true ones.
    assert float(row["面积（m²）"]) == pytest.approx(400 / (1 + (60 / 6371) ** 2 / 2) ** 2, abs=0.01)
    lonlat = Transformer.from_crs(4526, 4490, always_xy=True).transform(X + 50, Y + 50)
    assert (float(row["中心经度"]), float(row["中心纬度"])) == pytest.approx(lonlat, abs=1e-7)
    (log,) = read_csv_rows(make_path_next_to_data(copy, CHANGE_LOG_SUFFIX))
    assert (log["步骤"], log["时间"], log["操作人"]) == (row["步骤"], row["登记时间"], row["登记人"])


def test_fix_run_that_cuts_no_boundary_window_writes_no_window_register(source_file, tmp_path):
    gpd.GeoDataFrame({"BSM": [KEY.format(1)]}, geometry=[make_square(350, 0, 100)], crs="EPSG:4526").to_file(
        source_file, layer="CZKFBJ"
    )
    run_fixes_into_copy(source_file, tmp_path / "copy.gpkg")
    assert not make_path_next_to_data(tmp_path / "copy.gpkg", WINDOW_REGISTER_SUFFIX).exists()


def propose_window(layers=None):
    """Return the proposal that cuts a window for the farmland into the boundary."""
    default = {
        "farmland": ["POLYGON ((40 40, 60 40, 60 60, 40 60, 40 40))"],
        "boundary": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"],
    }
    state, findings = check_and_start_editing(make_example_plan(layers or default), ["REL002"])
    return propose_fix(state, load_all_fixes()["FIX010"], findings[0])[0]


TEXTS = FixTexts("zh", load_standard().templates)


def append_proposal(path, proposal, action=LogAction.APPLIED, step="s1"):
    """Append a proposal to change log and window register; return the written paths."""
    from datetime import datetime

    return append_rows(
        make_rows_of_step(
            path, [proposal], action, texts=TEXTS, step=step, who="王工", when=datetime(2026, 11, 22, 9, 0, 0)
        )
    )


def test_applied_undone_redone_and_discarded_boundary_windows_are_separate_register_rows(tmp_path):
    log, proposal = tmp_path / "县.changes.csv", propose_window()
    register = tmp_path / "县.windows.csv"
    counts = []
    for action in (LogAction.APPLIED, LogAction.UNDONE, LogAction.REDONE, LogAction.DISCARDED):
        append_proposal(log, proposal, action)
        counts.append(len(list_registered_windows(read_window_register(register))))
    assert [row["状态"] for row in read_csv_rows(register)] == ["登记", "撤销", "登记", "撤销"]
    assert counts == [1, 0, 1, 0] and len(read_csv_rows(log)) == 4
    append_proposal(log, proposal, step="s2")
    (window,) = list_registered_windows(read_window_register(register))
    assert (window.role, window.key[-1], window.step, window.who) == ("CZKFBJ", "1", "s2", "王工")


def test_each_boundary_window_cut_by_a_fix_is_listed_and_an_old_hole_is_not(tmp_path):
    two = "MULTIPOLYGON (((10 10, 20 10, 20 20, 10 20, 10 10)), ((40 40, 60 40, 60 60, 40 60, 40 40)))"
    ring = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (80 80, 90 80, 90 90, 80 90, 80 80))"
    proposal = propose_window({"farmland": [two], "boundary": [ring]})
    assert sorted(round(window.area_m2, -1) for window in proposal.windows) == [100, 400]
    append = propose_window({"farmland": ["POLYGON ((90 10, 190 10, 190 90, 90 90, 90 10))"], "boundary": [ring]})
    assert append.windows == []


def test_boundary_window_in_one_of_the_rows_of_a_divided_boundary_is_listed_with_the_key_of_that_row():
    layers = {
        "farmland": [
            "MULTIPOLYGON (((40 -10, 60 -10, 60 110, 40 110, 40 -10)), ((70 40, 80 40, 80 50, 70 50, 70 40)))"
        ],
        "boundary": ["POLYGON ((0 0, 90 0, 90 100, 0 100, 0 0))"],
    }
    (window,) = propose_window(layers).windows
    assert window.key.endswith("2") and window.area_m2 == pytest.approx(100, rel=1e-3)


@pytest.mark.parametrize("contents", [b"a,b,c\n1,2,3\n", b"PK\x03\x04", b"\x00\xff\xfe\x00\xff"])
@pytest.mark.parametrize("foreign", ["县.windows.csv", "县.changes.csv"])
def test_unrelated_file_with_the_name_of_change_log_or_register_is_refused_unchanged(tmp_path, contents, foreign):
    log, proposal = tmp_path / "县.changes.csv", propose_window()
    (tmp_path / foreign).write_bytes(contents)
    with pytest.raises(OutputError):
        append_proposal(log, proposal)
    assert (tmp_path / foreign).read_bytes() == contents and [path.name for path in tmp_path.iterdir()] == [foreign]


def test_change_log_that_cannot_be_written_leaves_the_window_register_unchanged(tmp_path, monkeypatch):
    log, proposal = tmp_path / "县.changes.csv", propose_window()
    append_proposal(log, proposal)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    from plugin.core.fixes import change_log

    staged = change_log.stage_file

    def refuse_log(path, **options):
        if path.name.endswith(".changes.csv"):
            raise OutputError("output_unwritable", target=str(path), detail="refused")
        return staged(path, **options)

    monkeypatch.setattr(change_log, "stage_file", refuse_log)
    with pytest.raises(OutputError):
        append_proposal(log, proposal, LogAction.UNDONE)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_document_number_added_to_the_register_by_the_planner_is_kept(tmp_path):
    log, proposal, register = tmp_path / "县.changes.csv", propose_window(), tmp_path / "县.windows.csv"
    append_proposal(log, proposal)
    text = register.read_text(encoding="utf-8-sig").replace(",王工,", "晋自然资函〔2026〕8号,王工,")
    assert ",王工," in register.read_text(encoding="utf-8-sig")
    register.write_bytes(text.replace(",,", ",").encode("gb18030"))
    append_proposal(log, proposal, LogAction.UNDONE)
    assert register.read_text(encoding="utf-8-sig").count("晋自然资函〔2026〕8号") == 1


def test_finding_on_a_boundary_window_states_its_register_entry_or_that_it_has_none(source_file, tmp_path):
    copy = tmp_path / "copy.gpkg"
    run_fixes_into_copy(source_file, copy, documents={"CZKFBJ": "晋自然资函〔2026〕3号"})
    register = make_path_next_to_data(copy, WINDOW_REGISTER_SUFFIX)
    (registered,) = list_window_messages(copy)
    assert "已登记" in registered[0] and "晋自然资函〔2026〕3号" in registered[0] and registered[1] == "INFO"
    register.write_bytes(register.read_bytes().splitlines(keepends=True)[0])
    (unregistered,) = list_window_messages(copy)
    assert "未登记" in unregistered[0] and unregistered[1:] == registered[1:]
    register.unlink()
    (plain,) = list_window_messages(copy)
    assert "登记" not in plain[0] and plain[1:] == registered[1:] and registered[0].startswith(plain[0])
    register.write_bytes(b"a,b\n1,2\n")
    report = check_plan(str(copy), RunOptions(rules=RULES)).report
    assert [one.message for one in report.findings if one.code == "TOP009"] == [plain[0]]
    assert any(
        key == "notice_windows_unreadable" for key, _ in check_plan(str(copy), RunOptions(rules=RULES)).plan.notices
    )


def test_window_register_of_the_data_file_is_preferred_to_that_of_its_folder(tmp_path):
    assert make_path_next_to_data(tmp_path / "a.gpkg", WINDOW_REGISTER_SUFFIX) == tmp_path / "a.windows.csv"
    assert find_window_register_path(tmp_path / "a.gpkg") is None
    folder = tmp_path / f"{tmp_path.name}.windows.csv"
    folder.write_text("", encoding="utf-8")
    assert find_window_register_path(tmp_path / "a.gpkg") == folder
    (tmp_path / "a.windows.csv").write_text("", encoding="utf-8")
    assert find_window_register_path(tmp_path / "a.gpkg") == tmp_path / "a.windows.csv"


ROW = [f"值{n}" for n in range(len(CHANGE_LOG_COLUMNS))]


def append_log_rows(path, rows):
    append_rows([RowsToAppend(path, CHANGE_LOG_COLUMNS, rows, "changes_unreadable")])


def read_log_rows(path):
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.reader(handle))


def test_change_log_rows_are_appended_below_its_heading(tmp_path):
    path = tmp_path / "县.changes.csv"
    append_log_rows(path, [ROW])
    append_log_rows(path, [ROW, ["=1+1", "-2+3|a", "-2.5", *ROW[3:]]])
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert read_log_rows(path) == [list(CHANGE_LOG_COLUMNS), ROW, ROW, ["'=1+1", "'-2+3|a", "-2.5", *ROW[3:]]]


def test_change_log_saved_in_gbk_by_a_spreadsheet_keeps_its_rows(tmp_path):
    path = tmp_path / "县.changes.csv"
    append_log_rows(path, [ROW])
    path.write_bytes(path.read_text(encoding="utf-8-sig").rstrip("\r\n").encode("gb18030"))
    append_log_rows(path, [ROW])
    assert read_log_rows(path) == [list(CHANGE_LOG_COLUMNS), ROW, ROW]


@pytest.mark.parametrize("contents", [b"a,b,c\n1,2,3\n", b"PK\x03\x04", b"\x00\xff\xfe\x00\xff"])
def test_file_that_is_not_a_change_log_is_refused_and_unchanged(tmp_path, contents):
    path = tmp_path / "县.changes.csv"
    path.write_bytes(contents)
    with pytest.raises(OutputError) as refused:
        append_log_rows(path, [ROW])
    assert refused.value.key == "changes_unreadable" and path.read_bytes() == contents


def prepare_log_row(path):
    return PreparedRows([RowsToAppend(path, CHANGE_LOG_COLUMNS, [ROW], "changes_unreadable")])


def test_prepared_change_log_rows_are_written_to_the_log_only_when_they_are_committed(tmp_path):
    path = tmp_path / "县.changes.csv"
    prepared = prepare_log_row(path)
    assert not path.exists() and prepared.is_current
    prepared.commit()
    prepared.discard()
    assert read_log_rows(path) == [list(CHANGE_LOG_COLUMNS), ROW] and list(tmp_path.iterdir()) == [path]


def test_discarding_prepared_change_log_rows_leaves_the_log_and_its_folder_unchanged(tmp_path):
    path = tmp_path / "县.changes.csv"
    append_log_rows(path, [ROW])
    before = path.read_bytes()
    prepare_log_row(path).discard()
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_prepared_change_log_rows_are_not_current_after_other_rows_were_appended_to_the_log(tmp_path):
    path = tmp_path / "县.changes.csv"
    prepared = prepare_log_row(path)
    append_log_rows(path, [ROW])
    assert not prepared.is_current
    prepared.discard()
    assert len(read_log_rows(path)) == 2


def test_default_change_log_is_next_to_the_data(tmp_path):
    assert make_path_next_to_data(tmp_path / "a.gpkg", CHANGE_LOG_SUFFIX) == tmp_path / "a.changes.csv"
    assert make_path_next_to_data(tmp_path, CHANGE_LOG_SUFFIX) == tmp_path / f"{tmp_path.name}.changes.csv"
    (tmp_path / "b.gdb").mkdir()
    assert make_path_next_to_data(tmp_path / "b.gdb", CHANGE_LOG_SUFFIX) == tmp_path / "b.changes.csv"


@given(texts=st.lists(st.text(st.sampled_from(",;\"'=+@- \t\n\x0b\x85\0\ufffe\ud8000甲A"), max_size=6), min_size=1))
@settings(max_examples=6)
@example(texts=["'=甲", "'甲", "\0"])
def test_any_key_and_document_of_a_register_are_read_back_as_written(texts, tmp_path):
    (tmp_path / "a.csv").unlink(missing_ok=True)
    rows = [["2026", "1", "DLTB", text, "", "", "1.0", text, "甲", "登记", "113.7", "39.6"] for text in texts]
    append_rows([RowsToAppend(tmp_path / "a.csv", WINDOW_REGISTER_COLUMNS, rows, "windows_foreign")])
    read = read_window_register(tmp_path / "a.csv")
    assert [(one.key, one.document) for one in read] == [
        2 * (re.sub("[\0\ud800]", "", text).strip(),) for text in texts
    ]
