# SPDX-License-Identifier: GPL-2.0-or-later
"""Test reading and writing of the work list next to the data."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.errors import DataError, OutputError
from plugin.core.files.csv_records import read_cell, split_records, write_cell
from plugin.core.worklist.file import WORKLIST_COLUMNS, change_worklist, read_worklist
from plugin.core.worklist.model import WorkItem, Worklist, WorkState

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
    assert worklist.unidentified_count == 1 and worklist.other_headings == ("photo", "提示")
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
    assert error.value.key == key and path.read_bytes() == text.encode()


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


CELL_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12).map(str.strip)


@given(
    texts=st.lists(st.lists(CELL_TEXTS, min_size=1, max_size=4), min_size=1, max_size=5), mark=st.sampled_from(",;\t")
)
def test_written_cells_are_read_again_unchanged_and_records_keep_their_text(texts, mark):
    text = "\r\n".join(mark.join(write_cell(cell, mark) for cell in row) for row in texts)
    records = split_records(text, mark)
    assert "".join(record.format(mark) for record in records) == text
    if all(any(row) or len(row) > 1 for row in texts):
        assert [[read_cell(cell) for cell in record.cells] for record in records] == texts


@pytest.mark.parametrize("text", ["140225000000000001", "0123", "12345e67", "=1+1", "-- 已退", "+86", "@x"])
def test_cells_that_a_spreadsheet_would_change_are_marked_as_text(text):
    assert write_cell(text, ",") == f'"\t{text}"' and read_cell(write_cell(text, ",")) == text


def test_all_columns_are_listed_once():
    assert len(set(WORKLIST_COLUMNS)) == 10
    assert Worklist().items == {}
