# SPDX-License-Identifier: GPL-2.0-or-later
"""Test splitting of a work list among people, and merging of their changes."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.errors import InputError, OutputError
from plugin.core.worklist.file import change_worklist, read_worklist
from plugin.core.worklist.merge import apply_edits, merge_part, split_worklist
from plugin.core.worklist.model import WorkEdit, WorkItem, Worklist, WorkState, edit_items

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
    text = part.path.read_text(encoding="utf-8-sig").replace("old.jpg", "new.jpg")
    part.path.write_text(text + "f9,REL001,,,永安镇,待处理,,,,,,b.jpg\n", encoding="utf-8")
    assert merge_files(path, [part.path]) == []
    merged = read_worklist(path).items
    assert merged["f0"].other_cells == (("照片", "new.jpg"),) and merged["f9"].code == "REL001"


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
    assert [part.path.name for part in parts if part.name == "未分乡镇"] == ["a.未分乡镇.worklist.csv"]
    split_worklist(path, "township", tmp_path)
    part = parts[0]
    fingerprint = next(iter(read_worklist(part.path).items))
    edit_file(part.path, {fingerprint: WorkEdit(note="没合并")})
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
