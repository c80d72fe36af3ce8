# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the commands on the work list, as three people of a county use them."""

import json

import openpyxl
import pytest

from plugin.core.__main__ import main
from plugin.core.model.findings import Finding
from plugin.core.model.report import Outcome, Report, RuleOutcome
from plugin.core.model.rule import Severity
from plugin.core.render.worklist.worklist_row import read_worklist

TOWNSHIPS = ("永安镇", "蔡村镇", "大仁庄乡")


def write_report(path, fingerprints):
    findings = [
        Finding(
            "CZKFBJ", f"14022500000000000{n}", code="REL002", severity=Severity.ERROR, fingerprint=f"f{n}",
            township=TOWNSHIPS[n % 3], message="x",
        )
        for n in fingerprints
    ]  # fmt: skip
    report = Report(
        rules=[RuleOutcome("REL002", "x", "ERROR", Outcome.FAILED, len(findings))],
        findings=findings,
        provenance={"layers": [{"role": "CZKFBJ"}]},
    )
    path.write_text(json.dumps(report.to_dict()), encoding="utf-8")
    return str(path)


def edit(path, old, new):
    text = path.read_text(encoding="utf-8-sig")
    assert old in text
    path.write_text("\ufeff" + text.replace(old, new, 1), encoding="utf-8", newline="")


def read_states(path):
    return {f: (str(i.state), i.assignee, i.note) for f, i in read_worklist(path).items.items()}


def test_three_people_share_a_county_merge_choose_and_check_again(tmp_path, capsys):
    path, report = tmp_path / "county.worklist.csv", write_report(tmp_path / "r.json", range(6))
    assert main(["worklist", "update", str(path), report]) == 1
    assert "列入问题 6 个" in capsys.readouterr().out
    assert main(["worklist", "split", str(path), str(tmp_path / "parts")]) == 0
    parts = {name: tmp_path / "parts" / f"county.{name}.worklist.xlsx" for name in TOWNSHIPS}
    for part, *cells in (
        ("永安镇", "误报", "一组", "附照片"),
        ("蔡村镇", "待处理", "二组", "已约周五"),
        ("大仁庄乡", "已改", "三组", None),
    ):
        book = openpyxl.load_workbook(parts[part])
        book.active["A2"], book.active["C2"], book.active["B2"] = cells
        book.save(parts[part])
    edit(path, "蔡村镇,待处理,,", "蔡村镇,待处理,四组,")
    conflicts = tmp_path / "conflicts.csv"
    command = ["worklist", "merge", str(path), *map(str, parts.values()), "--conflicts", str(conflicts)]
    assert main(command) == 1
    out = capsys.readouterr().out
    assert "更新 2 行" in out and "冲突 1 行" in out and "已约周五" in out
    assert read_states(path)["f1"] == ("待处理", "四组", ""), "nothing is chosen silently"
    edit(conflicts, "\n,f1", "\n来稿,f1")
    assert main([*command[:-2], "--choices", str(conflicts)]) == 0
    assert read_states(path) == {
        "f0": ("误报", "一组", "附照片"),
        "f1": ("待处理", "二组", "已约周五"),
        "f2": ("已改", "三组", ""),
        **{f"f{n}": ("待处理", "", "") for n in (3, 4, 5)},
    }
    # f2 is found again, f4 and f5 are not.
    ledger = tmp_path / "ledger.xlsx"
    again = write_report(tmp_path / "r2.json", range(4))
    assert main(["worklist", "update", str(path), again, "--xlsx", str(ledger)]) == 1
    out = capsys.readouterr().out
    assert (
        "转为“已改”的 2 个" in out
        and "转回“待处理”的 1 个：REL002 大仁庄乡 140225000000000002。" in out
        and "仍为“误报”的 1 个" in out
    )
    states = read_states(path)
    assert states["f2"] == ("待处理", "三组", "") and states["f4"][0] == states["f5"][0] == "已改"
    book = openpyxl.load_workbook(ledger)
    sheet = book["问题"]
    headings = [cell.value for cell in sheet[1]]
    state = headings.index("状态") + 1
    assert [sheet.cell(row, state).value for row in range(2, 6)] == ["误报", "待处理", "待处理", "待处理"]
    sheet.cell(4, state).value = "已改"
    sheet.cell(5, headings.index("指纹") + 1).value = "不存在"
    sheet.cell(3, state).value = "豁免"
    book.save(ledger)
    assert main(["worklist", "import", str(path), str(ledger), "--author", "王工"]) == 0
    out = capsys.readouterr().out
    assert "不存在" in out and "“豁免”" in out and "f1" in out
    row = read_worklist(path).items["f2"]
    assert (str(row.state), row.by) == ("已改", "王工") and read_states(path)["f1"][0] == "待处理"
    assert main(["worklist", "show", str(path)]) == 1
    assert "已完成 4 / 6" in capsys.readouterr().out


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_file_that_is_no_report_is_refused_and_no_list_is_written(tmp_path, capsys, lang):
    (tmp_path / "r.json").write_text("[]")
    command = ["worklist", "update", str(tmp_path / "a.worklist.csv"), str(tmp_path / "r.json"), "--lang", lang]
    assert main(command) == 2
    assert "r.json" in capsys.readouterr().err and not (tmp_path / "a.worklist.csv").exists()
