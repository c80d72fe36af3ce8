# SPDX-License-Identifier: GPL-2.0-or-later
"""Test splitting of a work list among people, and merging of their changes."""

from dataclasses import replace
from datetime import datetime

import openpyxl
import pytest
import shapely
from hypothesis import given, strategies as st

from plugin.core.base.errors import DataError, InputError, OutputError
from plugin.core.base.files.csv_records import format_rows, read_cell, split_records, write_cell
from plugin.core.base.files.document_text import make_readable_text
from plugin.core.model.findings import Finding
from plugin.core.model.report import Outcome, Report, RuleOutcome
from plugin.core.model.rule import Severity, load_all_rules
from plugin.core.render.document.ledger import read_ledger, read_part_or_ledger, write_ledger
from plugin.core.render.words import ReportTexts
from plugin.core.render.worklist.merge import apply_edits, merge_into_file, merge_part, split_worklist
from plugin.core.render.worklist.part_workbook import write_part
from plugin.core.render.worklist.update import Transition, describe_merge, update_worklist
from plugin.core.render.worklist.worklist_row import (
    CHOSEN_STATES,
    WorkEdit,
    WorkItem,
    Worklist,
    WorkState,
    change_worklist,
    edit_items,
    read_part,
    read_worklist,
)

NOW = datetime(2026, 11, 20, 14, 32)
TOWNSHIPS = ("永安镇", "蔡村镇", "大仁庄乡")
STATES = (WorkState.OPEN, WorkState.FIXED, WorkState.FALSE_ALARM)
TEXTS = st.sampled_from(["", "一组", "二组", "=1", "说“是”", '引"号,', "两\n行", "140225000000000001"])
EDITS = st.builds(WorkEdit, st.sampled_from([None, *STATES]), st.none() | TEXTS, st.none() | TEXTS)
ROW_COUNT = 12


def make_list(path, count=ROW_COUNT, **more):
    items = [
        WorkItem(f"f{n}", "REL002", "CZKFBJ", f"14022500000000{n:04d}", (*TOWNSHIPS, "")[n % 4], **more)
        for n in range(count)
    ]
    return change_worklist(path, lambda worklist: worklist.replace_items(items))


def edit_file(path, edits, by="王"):
    """Edit rows of a file; ``edits``: fingerprint → edit."""

    def apply(worklist):
        changed = []
        for fingerprint, edit in edits.items():
            if fingerprint in worklist.items:
                changed += edit_items([worklist.items[fingerprint]], edit, by, NOW)
        return worklist.replace_items(changed)

    if path.suffix == ".xlsx":
        write_part(path, apply(read_worklist(path)))
    else:
        change_worklist(path, apply)


def merge_files(path, part_paths):
    conflicts = []
    for part_path in part_paths:
        part = read_worklist(part_path)

        def merge(worklist, part=part, name=part_path.name):
            result = merge_part(worklist, part, name)
            conflicts.extend(result.conflicts)
            return result.worklist

        change_worklist(path, merge)
    return conflicts


def drop_marks(worklist):
    return {f: replace(item, split="") for f, item in worklist.items.items()}


@given(
    edits=st.dictionaries(st.sampled_from([f"f{n}" for n in range(ROW_COUNT)]), EDITS), order=st.permutations(range(4))
)
def test_edits_in_parts_of_townships_merge_to_the_same_as_edits_in_one_list(tmp_path_factory, edits, order):
    folder = tmp_path_factory.mktemp("merge")
    path, whole = folder / "a.worklist.csv", folder / "whole.worklist.csv"
    make_list(path)
    make_list(whole)
    parts = split_worklist(path, "township", folder / "parts")
    assert sum(part.count for part in parts) == ROW_COUNT
    for part in parts:
        edit_file(part.path, edits)
    edit_file(whole, edits)
    paths = [parts[n].path for n in order]
    assert merge_files(path, paths) == []
    assert drop_marks(read_worklist(path)) == dict(read_worklist(whole).items)
    before = path.read_bytes()
    assert merge_files(path, paths) == [] and path.read_bytes() == before, "a second merge changes nothing"


@given(
    mine=st.dictionaries(st.sampled_from(["f0", "f4", "f8"]), EDITS),
    theirs=st.dictionaries(st.sampled_from(["f0", "f4", "f8"]), EDITS),
    takes_other=st.booleans(),
)
def test_rows_that_both_changed_to_different_values_are_conflicts_and_nothing_else_is(
    tmp_path_factory, mine, theirs, takes_other
):
    folder = tmp_path_factory.mktemp("conflict")
    path = folder / "a.worklist.csv"
    former = make_list(path).items
    (part,) = (p for p in split_worklist(path, "township", folder) if p.name == "永安镇")
    edit_file(path, mine, "我")
    edit_file(part.path, theirs, "他")
    listed, other = read_worklist(path).items, read_worklist(part.path).items
    both = {f for f in ("f0", "f4", "f8") if len({former[f].content, listed[f].content, other[f].content}) == 3}
    conflicts = merge_files(path, [part.path])
    assert {c.listed.fingerprint for c in conflicts} == both
    merged = read_worklist(path).items
    for f in ("f0", "f4", "f8"):
        taken = other[f] if listed[f].content == former[f].content else listed[f]
        assert merged[f].content == taken.content, "until someone chooses, the listed row counts"
    change_worklist(path, lambda w: w.replace_items([c.choose(takes_other) for c in conflicts]))
    chosen = read_worklist(path).items
    assert all(chosen[f].content == (other if takes_other else listed)[f].content for f in both)
    assert merge_files(path, [part.path]) == [], "a choice is not asked again"


def test_part_that_is_edited_further_after_a_merge_merges_again_without_a_question(tmp_path):
    path = tmp_path / "a.worklist.csv"
    make_list(path)
    (part,) = (p for p in split_worklist(path, "township", tmp_path) if p.name == "永安镇")
    for note in ("第一周", "第二周"):
        edit_file(part.path, {"f0": WorkEdit(note=note)})
        assert merge_files(path, [part.path]) == [] and read_worklist(path).items["f0"].note == note
    edit_file(path, {"f0": WorkEdit(note="总表改动")})
    edit_file(part.path, {"f0": WorkEdit(note="第三周")})
    (conflict,) = merge_files(path, [part.path])
    assert (conflict.listed.note, conflict.other.note) == ("总表改动", "第三周")


def test_parts_by_township_and_by_person_of_the_same_row_are_a_conflict(tmp_path):
    path = tmp_path / "a.worklist.csv"
    make_list(path, assignee="一组")
    (township,) = (p for p in split_worklist(path, "township", tmp_path) if p.name == "永安镇")
    (person,) = split_worklist(path, "assignee", tmp_path)
    edit_file(township.path, {"f0": WorkEdit(note="镇")})
    edit_file(person.path, {"f0": WorkEdit(note="人")})
    (conflict,) = merge_files(path, [township.path, person.path])
    assert (conflict.listed.note, conflict.other.note) == ("镇", "人")


def test_split_mark_that_was_deleted_makes_each_difference_a_conflict(tmp_path):
    path = tmp_path / "a.worklist.csv"
    make_list(path)
    part = Worklist({"f0": WorkItem("f0", note="x"), "f1": WorkItem("f1")})
    merged = merge_part(read_worklist(path), part, "二组")
    assert [c.listed.fingerprint for c in merged.conflicts] == ["f0"] and not merged.taken


def test_other_columns_and_new_rows_of_a_part_come_back(tmp_path):
    path = tmp_path / "a.worklist.csv"
    path.write_text("fingerprint,state,township,照片\nf0,待处理,永安镇,old.jpg\nf1,待处理,永安镇,\n", encoding="utf-8")
    (part,) = split_worklist(path, "township", tmp_path)
    book = openpyxl.load_workbook(part.path)
    book.active["Q2"] = "new.jpg"
    book.active.append([{0: "待处理", 4: "REL001", 14: "f9", 16: "b.jpg"}.get(n) for n in range(17)])
    book.save(part.path)
    assert merge_files(path, [part.path]) == []
    merged = read_worklist(path).items
    assert merged["f0"].other_cells == (("照片", "new.jpg"),) and merged["f9"].code == "REL001"


def test_part_lists_open_errors_first_and_finished_rows_last(tmp_path):
    path, fixed = tmp_path / "a.worklist.csv", WorkState.FIXED
    rows = (("a", "WARNING", ""), ("b", "ERROR", fixed), ("c", "", ""), ("d", "ERROR", ""), ("e", "INFO", ""))
    items = [WorkItem(name, severity=severity, state=state or WorkState.OPEN) for name, severity, state in rows]
    change_worklist(path, lambda w: w.replace_items(items))
    (part,) = split_worklist(path, "township", tmp_path)
    assert list(read_worklist(part.path).items) == ["d", "a", "e", "c", "b"]
    sheet = openpyxl.load_workbook(part.path).active
    assert [cell.value for cell in sheet["A"][:2]] == ["状态", "待处理"]
    hidden = [cell.value for cell in sheet[1] if sheet.column_dimensions[cell.column_letter].hidden]
    assert "指纹 (fingerprint)" in hidden and "备注" not in hidden


def test_part_of_another_county_is_refused(tmp_path):
    make_list(tmp_path / "a.worklist.csv")
    worklist = read_worklist(tmp_path / "a.worklist.csv")
    foreign = Worklist({"x": WorkItem("x", key="140221000000000001")})
    with pytest.raises(InputError) as error:
        merge_part(worklist, foreign, "二组")
    assert error.value.key == "worklist_other_county" and error.value.params["code"] == "140221"


def test_split_never_replaces_a_part_with_changes_that_are_not_merged(tmp_path):
    path = tmp_path / "a.worklist.csv"
    make_list(path)
    parts = split_worklist(path, "township", tmp_path)
    assert [part.path.name for part in parts if part.name == "未分乡镇"] == ["a.未分乡镇.worklist.xlsx"]
    split_worklist(path, "township", tmp_path)
    part = parts[0]
    edit_file(part.path, {next(iter(read_worklist(part.path).items)): WorkEdit(note="没合并")})
    before = part.path.read_bytes()
    with pytest.raises(OutputError):
        split_worklist(path, "township", tmp_path)
    assert part.path.read_bytes() == before
    merge_files(path, [part.path])
    split_worklist(path, "township", tmp_path)


def test_townships_with_forbidden_or_equal_names_have_separate_files(tmp_path):
    path = tmp_path / "a.worklist.csv"
    items = [WorkItem(str(n), township=name) for n, name in enumerate(("A/B", "AB", "ab", "a:b"))]
    change_worklist(path, lambda w: w.replace_items(items))
    assert len({part.path.name.lower() for part in split_worklist(path, "township", tmp_path / "p")}) == 4


def test_edits_on_an_earlier_version_of_the_file_keep_what_another_person_changed():
    base = {f: WorkItem(f) for f in "abc"}
    edited = edit_items(base.values(), WorkEdit(note="我"), "我", NOW)
    current = Worklist({"a": base["a"], "b": replace(base["b"], note="他"), "c": replace(base["c"], note="我")})
    merged = apply_edits(current, base, edited, "本机")
    assert {f: item.note for f, item in merged.worklist.items.items()} == {"a": "我", "b": "他", "c": "我"}
    (conflict,) = merged.conflicts
    assert (conflict.listed.note, conflict.other.note, conflict.source) == ("他", "我", "本机")


BOM = b"\xef\xbb\xbf"
ITEM = WorkItem("ab12", "REL002", "CZKFBJ", "140225000000000001", "永安镇", note="已约乡镇核实，周五复核", by="王工")


def add(*items):
    return lambda worklist: worklist.replace_items(items)


def test_new_list_has_the_promised_columns_in_utf8_with_byte_order_mark(tmp_path):
    path = tmp_path / "county.worklist.csv"
    change_worklist(path, add(ITEM))
    data = path.read_bytes()
    assert data.startswith(BOM)
    assert (
        data.decode("utf-8-sig").splitlines()[0] == "fingerprint,code,role,key,township,state,assignee,note,updated,by"
    )
    assert read_worklist(path).items == {"ab12": ITEM}


def test_part_for_a_township_is_a_workbook_with_chinese_names_and_is_merged_as_such_or_as_csv(tmp_path):
    path = tmp_path / "a.worklist.csv"
    make_list(
        path, severity="ERROR", description="与红线重叠 0.12 公顷", area_m2="1234.50", place="454500.00,4384500.00"
    )
    part = split_worklist(path, "township", tmp_path)[0].path
    assert read_worklist(part).items["f2"].role == "CZKFBJ"
    book = openpyxl.load_workbook(part)
    guide, sheet = "".join(str(row[0].value) for row in book["填写说明"]), book.active
    assert "共 3 个问题" in guide and all(f"{state}：" in guide for state in CHOSEN_STATES) and "合并清单…" in guide
    rows = [["" if value is None else value for value in row] for row in sheet.iter_rows(values_only=True)]
    headings = [
        "状态",
        "备注",
        "负责人",
        "严重程度",
        "规则",
        "乡镇",
        "图层",
        "标识码",
    ]
    assert rows[0][:8] == headings and sheet.freeze_panes == "D2"
    named = ["待处理", "", "", "错误", "永久基本农田与城镇开发边界重叠 (REL002)", "大仁庄乡", "城镇开发边界 (CZKFBJ)"]
    assert rows[1][:7] == named and read_worklist(part).items["f2"].severity == "ERROR"
    coloured = {
        head.value for head, cell in zip(sheet[1], sheet[2], strict=True) if cell.fill.start_color.rgb[2:] == "FFF2CC"
    }
    assert coloured == {"状态", "备注", "负责人"} and "浅黄的三列" in guide
    assert rows[1][8:11] == ["与红线重叠 0.12 公顷", 1234.5, "454500.00,4384500.00"]
    text = format_rows([map(str, row) for row in rows]).decode("utf-8-sig")
    part = part.with_suffix(".csv")
    # Headings may have the name of the column, as parts of earlier versions do.
    for row, (old, new) in enumerate(
        [("状态", "状态（state）"), ("指纹 (fingerprint)", "指纹"), ("指纹 (fingerprint)", "fingerprint")]
    ):
        changed = text.replace(old, new, 1).replace("待处理,,,", f"待处理,,{row} 组,")
        part.write_text(changed + "待处理,,,,TOP001,补记的行\r\n", encoding="utf-8-sig")
        merged = merge_part(read_worklist(path), read_worklist(part), part.name)
        assert {merged.worklist.items[name].assignee for name in read_worklist(part).items} == {f"{row} 组"}
        assert merged.unread == (f"{part.name}:{text.count(chr(10)) + 1}",) and not merged.conflicts


def test_row_of_a_part_with_a_changed_fingerprint_is_named_and_not_added(tmp_path):
    path = tmp_path / "a.worklist.csv"
    make_list(path)
    part = split_worklist(path, "township", tmp_path)[0]
    text = format_rows([map(str, row) for row in openpyxl.load_workbook(part.path).active.iter_rows(values_only=True)])
    (changed_row,) = (name for name in read_worklist(part.path).items if name == "f2")
    changed = tmp_path / "t.worklist.csv"
    changed.write_bytes(text.replace(f",{changed_row},".encode(), b",f2x,"))
    merged = merge_part(read_worklist(path), read_worklist(changed), changed.name)
    assert (merged.unknown, merged.added, len(merged.worklist.items)) == (("f2x",), 0, ROW_COUNT)
    # A list without rows of this part takes all: it is being put together.
    assert merge_part(Worklist(), read_worklist(changed), changed.name).added == part.count


def test_row_of_a_part_with_an_unknown_state_is_named_and_the_others_are_merged(tmp_path):
    path = tmp_path / "a.worklist.csv"
    make_list(path, updated="2020-01-01 08:00", by="检查")
    part = split_worklist(path, "township", tmp_path)[0].path
    book = openpyxl.load_workbook(part)
    state, note = (next(cell.column for cell in book.active[1] if cell.value == name) for name in ("状态", "备注"))
    book.active.cell(2, state).value, book.active.cell(3, note).value = "改好了", "照片"
    book.save(part)
    first, second, _ = read_part(part).unread_states[0][0], *read_part(part).items.values()
    (tmp_path / "t.csv").write_bytes(
        format_rows([["" if v is None else str(v) for v in row] for row in book.active.iter_rows(values_only=True)])
    )
    for file in (part, tmp_path / "t.csv"):
        merged = merge_into_file(path, [read_part_or_ledger(file, NOW)])
        assert merged.unread_states == (f"{file.name}:2 REL002 大仁庄乡 {first.key} “改好了”",)
        assert merged.worklist.items[first.fingerprint].state is WorkState.OPEN
        row = merged.worklist.items[second.fingerprint]
        assert (row.note, row.by) == ("照片", part.name) and row.updated > "2020-01-01 08:00", "time of its merge"
        assert any(merged.unread_states[0] in line for line in describe_merge(merged, ReportTexts("zh")))
    with pytest.raises(OutputError):
        split_worklist(path, "township", tmp_path)
    with pytest.raises(DataError):
        read_worklist(part)


def test_change_keeps_columns_rows_quotes_and_blank_lines_of_other_people_byte_for_byte(tmp_path):
    path = tmp_path / "a.worklist.csv"
    former = (
        'photo,fingerprint,"code",role,key,township,state,assignee,note,updated,by,,提示\r\n'
        '"a.jpg",f1,TOP001,DLTB,k1,永安镇,待处理,一组,"说 ""是""",2026/11/19 16:05,王,x," 留空 "\r\n'
        "\r\n"
        ",,,,,,,,没有指纹的行,,,,\r\n"
        "  b.jpg ,f2,TOP001,DLTB,k2,永安镇,误报,,,,\n"
        'c.jpg,f3,TOP001,DLTB,k3,蔡村镇,open,,"两\r\n行",,,,z'
    )
    path.write_bytes(BOM + former.encode())
    worklist = read_worklist(path)
    assert worklist.unidentified_lines == (4,) and worklist.other_headings == ("photo", "提示")
    assert worklist.items["f3"].state is WorkState.OPEN and worklist.items["f3"].note == "两\n行"
    change_worklist(path, lambda w: w.replace_items([replace(w.items["f2"], note="看过"), replace(ITEM, by="")]))
    expected = former.replace("误报,,,,\n", "误报,,看过,,,,\n") + (
        '\r\n,ab12,REL002,CZKFBJ,"\t140225000000000001",永安镇,待处理,,已约乡镇核实，周五复核,,,,\r\n'
    )
    assert path.read_bytes() == BOM + expected.encode()
    before = path.read_bytes()
    change_worklist(path, lambda w: w)
    assert path.read_bytes() == before


def test_change_is_applied_to_the_rows_that_another_person_wrote_meanwhile(tmp_path):
    path = tmp_path / "a.worklist.csv"
    change_worklist(path, add(ITEM, replace(ITEM, fingerprint="cd")))
    calls = []

    def edit_while_another_writes(worklist):
        calls.append(worklist.items["cd"].note)
        if len(calls) == 1:
            change_worklist(path, lambda w: w.replace_items([replace(w.items["cd"], note="别人写的")]))
        return worklist.replace_items([replace(worklist.items["ab12"], note="我写的")])

    change_worklist(path, edit_while_another_writes)
    assert calls == [ITEM.note, "别人写的"]
    assert {f: i.note for f, i in read_worklist(path).items.items()} == {"ab12": "我写的", "cd": "别人写的"}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("fingerprint,state\nf1,待定\n", "worklist_state"),
        ("fingerprint,state\nf1,待处理\nf1,误报\n", "worklist_twice"),
        ("fingerprint,note\nf1,x\n", "worklist_column"),
        ('fingerprint,state\n"f1,待处理\n', "worklist_broken"),
        ("fingerprint,state\nf1,待处理,多余\n", "worklist_stray"),
        ("PK\x03\x04", "worklist_workbook"),
    ],
)
def test_damaged_list_is_reported_with_its_line_and_stays_unchanged(tmp_path, text, key):
    path = tmp_path / "a.worklist.csv"
    path.write_bytes(text.encode())
    with pytest.raises(DataError) as error:
        change_worklist(path, add(ITEM))
    assert (
        error.value.key == key
        and "豁免" not in error.value.params.get("known", "")
        and path.read_bytes() == text.encode()
    )


def test_list_saved_by_a_chinese_spreadsheet_in_gbk_is_read_and_written_in_utf8(tmp_path):
    path = tmp_path / "a.worklist.csv"
    path.write_bytes("指纹,状态,负责人,备注\r\nf1,误报,一组,照片在附件\r\n".encode("gb18030"))
    change_worklist(path, add(ITEM))
    assert path.read_bytes().startswith(BOM)
    assert read_worklist(path).items["f1"].content == ("误报", "一组", "照片在附件")


def test_read_only_list_is_an_error_and_stays_unchanged(tmp_path):
    path = tmp_path / "a.worklist.csv"
    change_worklist(path, add(ITEM))
    path.chmod(0o444)
    with pytest.raises(OutputError):
        change_worklist(path, add(replace(ITEM, note="neu")))
    assert read_worklist(path).items["ab12"] == ITEM


CELL_TEXTS = st.text(st.characters(), max_size=12)


@given(
    texts=st.lists(st.lists(CELL_TEXTS, min_size=1, max_size=4), min_size=1, max_size=5), mark=st.sampled_from(",;\t")
)
def test_written_cells_are_read_again_unchanged_and_records_keep_their_text(texts, mark):
    text = "\r\n".join(mark.join(write_cell(cell, mark) for cell in row) for row in texts)
    records = split_records(text, mark)
    assert "".join(record.format(mark) for record in records) == text
    # Without what UTF-8 or a reader refuses; line ends of other systems are one.
    read = [
        [make_readable_text(cell).replace("\r\n", "\n").replace("\r", "\n").strip() for cell in row] for row in texts
    ]
    if all(any(row) or len(row) > 1 for row in read):
        assert [[read_cell(cell) for cell in record.cells] for record in records] == read


@pytest.mark.parametrize("text", ["140225000000000001", "0123", "12345e67", "=1+1", "-- 已退", "+86", "@x"])
def test_cells_that_a_spreadsheet_would_change_are_marked_as_text(text):
    assert write_cell(text, ",") == f'"\t{text}"' and read_cell(write_cell(text, ",")) == text


RULES = load_all_rules()


def make_finding(fingerprint, code="REL002", role="CZKFBJ", **more):
    values = {"township": "永安镇", "severity": Severity.ERROR, "related_role": "YJJBNTBHTB"} | more
    return Finding(role, "140225000000000001", code=code, fingerprint=fingerprint, **values)


def make_report(*findings, outcomes=None, roles=("CZKFBJ", "YJJBNTBHTB"), left_out=()):
    outcomes = {"REL002": Outcome.FAILED} if outcomes is None else outcomes
    rules = [RuleOutcome(code, code, "ERROR", outcome) for code, outcome in outcomes.items()]
    provenance = {"layers": [{"role": role} for role in roles]}
    return Report(rules=rules, findings=list(findings), provenance=provenance, left_out=list(left_out))


def update(worklist, report):
    return update_worklist(worklist, report, RULES, NOW)


def run(former_state, *findings, code="REL002", role="CZKFBJ", related_role="YJJBNTBHTB", **report):
    """Return state, note and assignee of one row after a check."""
    item = WorkItem("f1", code, role, "k", "永安镇", former_state, "一组", "备注", related_role=related_role)
    row = update(Worklist({"f1": item}), make_report(*findings, **report)).worklist.items["f1"]
    assert (row.assignee, row.note) == ("一组", "备注"), "what people entered stays"
    assert (row.updated == "2026-11-20 14:32") == (row.state is not former_state)
    return row.state


def test_new_finding_is_listed_as_to_do_and_a_waived_one_as_waived():
    report = make_report(make_finding("f1"), make_finding("f2", state="waived"))
    updated = update(Worklist(), report)
    row = updated.worklist.items["f1"]
    assert (row.code, row.role, row.township, row.state) == ("REL002", "CZKFBJ", "永安镇", WorkState.OPEN)
    assert row.related_role == "YJJBNTBHTB" and row.by == "检查"
    assert updated.worklist.items["f2"].state is WorkState.WAIVED
    assert updated.counts == {Transition.ADDED: 2}
    again = update(updated.worklist, report)
    assert again.worklist is updated.worklist and not again.counts


@pytest.mark.parametrize(
    ("crs", "place"), [("EPSG:4526", "4384550.00,38454550.00"), ("TM 114°E", "38454550.00,4384550.00")]
)
def test_place_has_the_order_in_which_qgis_reads_coordinates_of_the_crs(crs, place):
    report = make_report(make_finding("f1", geometry=shapely.box(38454500, 4384500, 38454600, 4384600)))
    report.provenance["crs"] = crs
    assert update(Worklist(), report).worklist.items["f1"].place == place


def test_states_follow_what_a_check_finds():
    found, waived = make_finding("f1"), make_finding("f1", state="waived")
    assert run(WorkState.OPEN) is WorkState.FIXED
    assert run(WorkState.FALSE_ALARM) is WorkState.FIXED
    assert run(WorkState.WAIVED) is WorkState.FIXED
    assert run(WorkState.FIXED) is WorkState.FIXED
    assert run(WorkState.FIXED, found) is WorkState.OPEN
    assert run(WorkState.OPEN, found) is WorkState.OPEN
    assert run(WorkState.WAIVED, found) is WorkState.OPEN
    for state in WorkState:
        assert run(state, waived) is WorkState.WAIVED


def test_rows_that_came_with_an_undone_batch_leave_the_list_unless_a_person_changed_them(tmp_path):
    path, hours = tmp_path / "a.worklist.csv", iter(range(24))

    def check_plan(*names):
        report = make_report(*map(make_finding, names), outcomes={"REL002": Outcome.FAILED})
        now = NOW.replace(hour=next(hours))
        change_worklist(path, lambda worklist: update_worklist(worklist, report, RULES, now).worklist)
        return {name: item.state for name, item in read_worklist(path).items.items()}

    before = check_plan("a", "b", "c")
    check_plan("c", "new", "noted", "corrected")
    edit_file(path, {"noted": WorkEdit(note="已约乡镇")})
    corrected = check_plan("c", "new", "noted")
    assert corrected["corrected"] is WorkState.FIXED, "work that was done counts"
    undone = check_plan("a", "b", "c")
    assert undone == before | {"noted": WorkState.FIXED, "corrected": WorkState.FIXED}


def test_false_alarm_stays_by_its_fingerprint_even_if_its_figures_changed():
    items = {"f1": WorkItem("f1", "REL002", "CZKFBJ", state=WorkState.FALSE_ALARM)}
    updated = update(Worklist(items), make_report(make_finding("f1", area_m2=99_999.0)))
    assert updated.worklist.items["f1"].state is WorkState.FALSE_ALARM and updated.false_alarms == 1


@pytest.mark.parametrize(
    "report",
    [
        {"outcomes": {}},
        {"outcomes": {"REL001": Outcome.PASSED}},
        *({"outcomes": {"REL002": o}} for o in (Outcome.SKIPPED, Outcome.CRASHED, Outcome.NOT_APPLICABLE)),
        {"outcomes": {"REL002": Outcome.PASSED}, "roles": ("CZKFBJ",)},
        {"outcomes": {"REL002": Outcome.PASSED}, "roles": ("YJJBNTBHTB",)},
    ],
)
def test_finding_of_a_rule_or_layer_that_was_not_checked_keeps_its_state(report):
    for state in WorkState:
        assert run(state, **report) is state


def test_finding_of_a_partly_checked_rule_keeps_its_state():
    item = WorkItem("f1", "REL002", "CZKFBJ")
    report = make_report(outcomes={"REL002": Outcome.PASSED})
    report.rules[0].incomplete = True
    updated = update(Worklist({"f1": item}), report)
    assert updated.worklist.items["f1"] is item and updated.counts == {Transition.NOT_CHECKED: 1}
    assert updated.names[Transition.NOT_CHECKED] == [item.name] and item.name


def test_finding_on_a_missing_layer_ends_when_another_layer_answers_the_concept():
    passed = {"SCH001": Outcome.PASSED}
    assert run(WorkState.OPEN, code="SCH001", role="GDBHHX", related_role="", outcomes=passed) is WorkState.FIXED


def test_finding_about_the_run_ends_only_with_a_run_of_all_default_rules():
    arguments = {"code": "RUN905", "role": "", "related_role": ""}
    assert run(WorkState.OPEN, **arguments) is WorkState.FIXED
    assert run(WorkState.OPEN, left_out=["TOP001"], **arguments) is WorkState.OPEN
    assert run(WorkState.OPEN, outcomes={}, **arguments) is WorkState.OPEN


def test_findings_on_a_package_are_neither_listed_nor_ended():
    item = WorkItem("f1", "DOC003")
    updated = update(Worklist({"f1": item}), make_report(make_finding("f2", "DOC004", "")))
    assert updated.worklist.items == {"f1": item}


def test_edit_changes_only_what_it_names_and_never_sets_or_ends_a_waiver():
    items = [WorkItem("a"), WorkItem("b", note="x", assignee="一组")]
    (edited,) = edit_items(items, WorkEdit(assignee=" 一组 "), "王", NOW)
    assert edited == replace(items[0], assignee="一组", updated="2026-11-20 14:32", by="王")
    assert edit_items(items, WorkEdit(), "王", NOW) == []
    with pytest.raises(InputError):
        edit_items(items, WorkEdit(state=WorkState.WAIVED), "王", NOW)
    with pytest.raises(InputError):
        edit_items([WorkItem("a", state=WorkState.WAIVED)], WorkEdit(state=WorkState.OPEN), "王", NOW)
    assert edit_items([WorkItem("a", state=WorkState.WAIVED)], WorkEdit(note="附件 3"), "王", NOW)[0].note == "附件 3"


def make_worklist():
    notes = ("已约乡镇核实", "=1+1", "两\n行", "")
    states = (WorkState.OPEN, WorkState.FALSE_ALARM, WorkState.FIXED, WorkState.WAIVED)
    return Worklist({f"{n}e5": WorkItem(f"{n}e5", "REL002", state=states[n], note=notes[n]) for n in range(4)})


def write(path, worklist, lang="zh"):
    findings = [
        Finding(
            "CZKFBJ", f"14022500000000000{n}", code="REL002", severity=Severity.ERROR, fingerprint=f"{n}e5",
            state="waived" if n == 3 else "open", message="说明",
        )
        for n in range(5)
    ]  # fmt: skip
    report = Report(rules=[RuleOutcome("REL002", "x", "ERROR", Outcome.FAILED, 5)], findings=findings, lang=lang)
    write_ledger(path, report, worklist=worklist.items)


FINDINGS_SHEET = "问题"


def edit_cells(path, changes):
    """Change cells of the findings sheet; ``changes``: (row, heading) → text."""
    book = openpyxl.load_workbook(path)
    sheet = book[FINDINGS_SHEET]
    headings = [cell.value for cell in sheet[1]]
    for (row, heading), text in changes.items():
        sheet.cell(row, headings.index(heading) + 1).value = text
    book.save(path)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_ledger_comes_back_unchanged(tmp_path, lang):
    worklist = make_worklist()
    write(tmp_path / "l.xlsx", worklist, lang)
    part = read_ledger(tmp_path / "l.xlsx", NOW)
    assert {f: item.content for f, item in part.items.items()} == {
        **{f: item.content for f, item in worklist.items.items()},
        "4e5": (WorkState.OPEN, "", ""),
    }
    merged = merge_part(worklist, part, "l.xlsx", adds_rows=False, has_all_columns=False)
    assert merged.worklist is worklist and merged.unknown == ("4e5",) and not merged.conflicts


def test_headings_not_names_distinguish_parts_from_ledgers(tmp_path):
    worklist = make_worklist()
    write(tmp_path / "台账.worklist.xlsx", worklist)
    write_part(tmp_path / "回收.xlsx", worklist)
    change_worklist(tmp_path / "问题台账.csv", lambda listed: listed.replace_items(worklist.items.values()))
    paths = [tmp_path / name for name in ("台账.worklist.xlsx", "回收.xlsx", "问题台账.csv")]
    parts = [read_part_or_ledger(path, NOW) for path in paths]
    assert [(one.name, one.is_ledger) for one in parts] == list(
        zip([path.name for path in paths], (True, False, False), strict=True)
    )
    # The ledger also lists the finding that has no row yet; a part has the rows of the list.
    assert [len(one.worklist.items) for one in parts] == [5, 4, 4]
    openpyxl.Workbook().save(tmp_path / "空.xlsx")
    with pytest.raises(DataError):
        read_part_or_ledger(tmp_path / "空.xlsx", NOW)


def test_only_state_assignee_and_remark_are_taken_and_a_row_that_changed_meanwhile_is_asked(tmp_path):
    worklist = make_worklist()
    path = tmp_path / "l.xlsx"
    write(path, worklist)
    edit_cells(
        path,
        {(2, "状态"): "误报", (2, "负责人"): "二组", (2, "乡镇"): "别处", (3, "备注"): "台账写的", (4, "标识码"): "x"}
        | {(4, "状态"): "待定"},
    )
    changed = worklist.replace_items([WorkItem("1e5", "REL002", state=WorkState.FALSE_ALARM, note="清单写的")])
    merged = merge_part(changed, read_ledger(path, NOW), path.name, adds_rows=False, has_all_columns=False)
    row = merged.worklist.items["0e5"]
    assert row.content == ("误报", "二组", "已约乡镇核实") and row.township == "" and merged.taken == 1
    (conflict,) = merged.conflicts
    assert (conflict.listed.note, conflict.other.note) == ("清单写的", "台账写的")
    assert (
        merged.unread_states == ("l.xlsx [问题]:4 REL002 “待定”",)
        and merged.worklist.items["2e5"] is worklist.items["2e5"]
    )


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({(3, "指纹"): "0e5"}, "ledger_twice"),
        ({(1, "指纹"): "x"}, "ledger_without_fingerprints"),
    ],
)
def test_unusable_ledger_is_reported(tmp_path, changes, key):
    write(tmp_path / "l.xlsx", make_worklist())
    edit_cells(tmp_path / "l.xlsx", changes)
    with pytest.raises(InputError) as error:
        read_ledger(tmp_path / "l.xlsx", NOW)
    assert error.value.key == key
    (tmp_path / "x.xlsx").write_text("no workbook")
    with pytest.raises(InputError):
        read_ledger(tmp_path / "x.xlsx", NOW)
