# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the findings ledger that goes out with the work list and comes back edited."""

import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from plugin.core.errors import InputError
from plugin.core.model.findings import Finding
from plugin.core.model.report import Outcome, Report, RuleOutcome
from plugin.core.model.rule import Severity
from plugin.core.render.document.ledger import write_ledger
from plugin.core.render.document.ledger_import import read_ledger
from plugin.core.worklist.merge import merge_part
from plugin.core.worklist.model import WorkItem, Worklist, WorkState

NOW = datetime(2026, 11, 20, 14, 32)
FINDINGS_SHEET = "问题"


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
    write_ledger(path, report, None, worklist=worklist.items)


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


def test_only_state_assignee_and_remark_are_taken_and_a_row_that_changed_meanwhile_is_asked(tmp_path):
    worklist = make_worklist()
    path = tmp_path / "l.xlsx"
    write(path, worklist)
    edit_cells(
        path,
        {(2, "状态"): "误报", (2, "负责人"): "二组", (2, "乡镇"): "别处", (3, "备注"): "台账写的", (4, "标识码"): "x"},
    )
    changed = worklist.replace_items([WorkItem("1e5", "REL002", state=WorkState.FALSE_ALARM, note="清单写的")])
    merged = merge_part(changed, read_ledger(path, NOW), path.name, adds_rows=False, has_all_columns=False)
    row = merged.worklist.items["0e5"]
    assert row.content == ("误报", "二组", "已约乡镇核实") and row.township == "" and merged.taken == 1
    (conflict,) = merged.conflicts
    assert (conflict.listed.note, conflict.other.note) == ("清单写的", "台账写的")


def test_ledger_edited_in_libreoffice_comes_back(tmp_path):
    soffice = shutil.which("soffice")
    if soffice is None:
        pytest.skip("LibreOffice is not installed")
    worklist = make_worklist()
    write(tmp_path / "l.xlsx", worklist)
    macro_free_edit(soffice, tmp_path, tmp_path / "l.xlsx")
    part = read_ledger(tmp_path / "out" / "l.xlsx", NOW)
    merged = merge_part(worklist, part, "l.xlsx", adds_rows=False, has_all_columns=False)
    assert merged.worklist.items["0e5"].content == ("已改", "二组", "复核后退让")
    assert merged.taken == 1 and not merged.conflicts, "saving in another program changes no other row"


def macro_free_edit(soffice, folder: Path, path: Path):
    """Edit three cells as a flat document of LibreOffice, and let LibreOffice save the workbook again."""
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = [soffice, profile, "--headless", "--convert-to"]
    subprocess.run([*command, "fods", "--outdir", folder, path], check=True, capture_output=True, timeout=120)
    flat = folder / "l.fods"
    text = flat.read_text(encoding="utf-8")
    first = text.index("140225000000000000")
    row_end = text.index("</table:table-row>", first)
    row = text[first:row_end]
    assert "待处理" in row and "已约乡镇核实" in row
    edited = row.replace("待处理", "已改").replace("已约乡镇核实", "复核后退让")
    # The assignee is the first empty cell behind the state.
    state_end = edited.index("</table:table-cell>", edited.index("已改")) + len("</table:table-cell>")
    empty = edited.index("<table:table-cell", state_end)
    empty_end = edited.index("/>", empty) + 2
    assert edited[empty:empty_end].count("<") == 1
    cell = edited[empty:empty_end].removesuffix("/>").rstrip()
    filled = f'{cell} office:value-type="string"><text:p>二组</text:p></table:table-cell>'
    edited = edited[:empty] + filled + edited[empty_end:]
    flat.write_text(text[:first] + edited + text[row_end:], encoding="utf-8")
    xlsx = "xlsx:Calc MS Excel 2007 XML"
    subprocess.run([*command, xlsx, "--outdir", folder / "out", flat], check=True, capture_output=True, timeout=120)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({(2, "状态"): "待定"}, "worklist_state"),
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
