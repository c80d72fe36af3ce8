# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line: exit codes, summary, output files and console encodings."""

import io
import json
import math
import os
import re
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely

from plugin.core.__main__ import main
from plugin.core.base.errors import DataError, InputError
from plugin.core.base.parallel.process_state import get_thread_count, set_thread_count
from plugin.core.checks.check import RunOptions, check_plan, parse_roles
from plugin.core.cli import console
from plugin.core.cli.checking import get_exit_code
from plugin.core.cli.parser import make_parser
from plugin.core.model.report import Outcome, Report, RuleOutcome
from plugin.core.render.words import ReportTexts
from tests import options
from tests.core.boundary_point_files import HEADER, OUTER, FileWriter, place_ring, write_two_parcels
from tests.core.drawing_files import SITE, DrawingWriter
from tests.core.report_fixtures import make_report
from tests.core.studies.adjustment.test_adjustment import MOVES, write_editions

REPOSITORY_ROOT = Path(__file__).resolve().parents[3]
X, Y = 38_560_000.0, 4_390_000.0


def write_two_layers(path: Path, red_line_from: float) -> Path:
    """Write a GeoPackage with a farmland square and a red line square of 100 m.

    The red line begins at x = ``red_line_from`` metres, so values below 100 make the two layers overlap.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for role, start in (("YJJBNTBHTB", 0.0), ("STBHHX", red_line_from)):
        shape = shapely.box(X + start, Y, X + start + 100, Y + 100)
        frame = gpd.GeoDataFrame({"BSM": [f"14022500000000{role[:1]}"]}, geometry=[shape], crs=4526)
        pyogrio.write_dataframe(frame, path, layer=role, append=path.exists())
    return path


@pytest.fixture
def source_without_conflict(tmp_path):
    return write_two_layers(tmp_path / "规划 数据" / "干净.gpkg", 100.0)


@pytest.fixture
def source_with_conflict(tmp_path):
    return write_two_layers(tmp_path / "规划 数据" / "冲突.gpkg", 90.0)


def run_command(*arguments: object) -> int:
    return main([str(a) for a in arguments])


def test_check_command_without_findings_exits_with_0(source_without_conflict, capsys):
    assert run_command("check", source_without_conflict, "--rules", "REL001") == 0
    streams = capsys.readouterr()
    assert "检查完成：错误 0，警告 0" in streams.out and "有条件通过" in streams.out and streams.err == ""


def test_check_command_with_an_error_finding_exits_with_1_and_prints_it(source_with_conflict, capsys):
    assert run_command("check", source_with_conflict, "--rules", "REL001") == 1
    out = capsys.readouterr().out.replace("\u202f", " ")
    assert "错误 REL001 永久基本农田与生态保护红线重叠：1 处，" in out
    assert "1 处，0.1000 公顷" in out and "结论：不通过" in out


def test_check_command_with_an_incomplete_check_exits_with_1(source_without_conflict, capsys):
    assert run_command("check", source_without_conflict, "--rules", "REL001,REL002") == 1
    out = capsys.readouterr().out
    assert "未能检查 REL002" in out and "未完成" in out


def test_check_summary_is_printed_in_english_on_request(source_with_conflict, capsys):
    assert run_command("check", source_with_conflict, "--rules", "farmland-in-red-line", "--lang", "en") == 1
    assert "Verdict: Not passed." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("check", "没有.gpkg"), "找不到"),
        (("check", "CLEAN", "--rules", "XXX001"), "规则“XXX001”不存在"),
        (("check", "CLEAN", "--profile", "nowhere"), "县配置“nowhere”不存在"),
        (("check", "CLEAN", "--standard", "nothing"), "标准“nothing”不存在"),
        (("check", "CLEAN", "--scope", "moon"), "交付范围“moon”不存在"),
        (("check", "CLEAN", "--roles", "DLTB"), "写法有误"),
        (("check", "CLEAN", "--roles", "DLTB=没有"), "不在数据中"),
        (("check", "CLEAN", "--json", "CLEAN"), "不能作为输出"),
        (("check", "CLEAN", "--json", "a.out", "--html", "a.out"), "输出文件同为"),
        (("check", "CLEAN", "--findings", "a.doc"), "无法由后缀确定“a.doc”的格式"),
        (("rule", "XXX001"), "规则“XXX001”不存在"),
    ],
    ids=lambda value: "-".join(value[:1] + value[2:]) if isinstance(value, tuple) else None,
)
def test_check_command_that_cannot_run_exits_with_2_and_prints_the_reason(
    arguments, expected, source_without_conflict, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    before = source_without_conflict.read_bytes()
    assert run_command(*(source_without_conflict if a == "CLEAN" else a for a in arguments)) == 2
    streams = capsys.readouterr()
    assert expected in streams.err and streams.out == ""
    assert source_without_conflict.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["规划 数据"]


def test_jobs_option_sets_the_number_of_threads_and_changes_no_finding(source_with_conflict, tmp_path):
    former_count, findings = get_thread_count(), []
    try:
        for number in (1, 3):
            output = tmp_path / f"{number}.json"
            assert run_command("check", source_with_conflict, "--json", output, "--jobs", number) == 1
            assert get_thread_count() == number
            findings.append(json.loads(output.read_text(encoding="utf-8"))["findings"])
    finally:
        set_thread_count(former_count)
    assert findings[0] == findings[1] != []


def test_retired_cache_option_is_named_and_makes_no_folder_and_no_difference(source_with_conflict, tmp_path, capsys):
    cache, reports = tmp_path / "cache", []
    for arguments in ((), ("--cache", cache)):
        assert run_command("check", source_with_conflict, "--json", tmp_path / "r.json", *arguments) == 1
        reports.append(json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["findings"])
        assert ("--cache 已停用" in capsys.readouterr().err) is bool(arguments)
    assert reports[0] == reports[1] and not cache.exists()


def test_check_command_without_a_source_exits_with_2_and_with_help_exits_with_0(capsys):
    with pytest.raises(SystemExit) as stopped:
        run_command("check")
    assert stopped.value.code == 2
    with pytest.raises(SystemExit) as stopped:
        run_command("check", "--help")
    assert stopped.value.code == 0 and "检查一个文件或文件夹" not in capsys.readouterr().err


def test_options_of_commands_are_those_of_the_stored_list():
    described = {
        name: list(map(options.describe_option, one.values())) for name, one in options.read_commands().items()
    }
    assert described == options.STORED["commands"]


COMMANDS_WITH_WRONG_ARGUMENTS = [
    ((), "缺少参数：check | ", "Required arguments are missing: check | "),
    (("check",), "缺少参数：SOURCE。", "Required arguments are missing: SOURCE."),
    (("check", "a", "--no"), "无法识别的参数：--no。", "Unknown arguments: --no."),
    (("check", "a", "--base-year", "x"), "应为整数，不能是 'x'。", "should be a whole number, not 'x'."),
    (("check", "a", "--phase"), "参数 --phase 缺少取值。", "Argument --phase requires a value."),
    (("form", "a", "--lang", "fr"), "参数 --lang 不能是 'fr'", "Argument --lang cannot be 'fr'"),
    (("check", "a", "--r", "b"), "参数 --r 不唯一，可能为：", "Argument --r is ambiguous: "),
]


@pytest.mark.parametrize(
    ("given", "zh", "en"),
    COMMANDS_WITH_WRONG_ARGUMENTS,
    ids=[" ".join(given) or "nothing" for given, *_ in COMMANDS_WITH_WRONG_ARGUMENTS],
)
def test_argument_errors_are_reported_in_the_chosen_language(capsys, given, zh, en):
    for lang, wanted in (("zh", zh), ("en", en)):
        with pytest.raises(SystemExit) as stopped:
            make_parser(ReportTexts(lang)).parse_args(given)
        output = capsys.readouterr().err
        assert stopped.value.code == 2 and wanted in output and "--help" in output, output


def test_json_html_and_layer_outputs_of_one_check_have_equal_findings_and_replace_existing_files(
    source_with_conflict, tmp_path
):
    folder = tmp_path / "结果 一"
    folder.mkdir()
    targets = [folder / "报告.json", folder / "报告.html", folder / "发现.gpkg"]
    for target in targets:
        target.write_text("old", encoding="utf-8")
    assert (
        run_command(
            "check",
            source_with_conflict,
            "--rules",
            "REL001",
            "--json",
            targets[0],
            "--html",
            targets[1],
            "--findings",
            targets[2],
        )
        == 1
    )
    data = json.loads(targets[0].read_text(encoding="utf-8"))
    layer = pyogrio.read_dataframe(targets[2])
    page = targets[1].read_text(encoding="utf-8")
    assert data["summary"]["errors"] == len(layer) == 1
    assert 'data-code="REL001" data-severity="ERROR" data-count="1"' in page
    assert list(layer["fingerprint"]) == [f["fingerprint"] for f in data["findings"]]
    assert sorted(p.name for p in folder.iterdir()) == sorted(t.name for t in targets)


def test_failed_check_leaves_existing_output_files_unchanged(source_without_conflict, tmp_path, capsys):
    old = tmp_path / "报告.json"
    old.write_text("old", encoding="utf-8")
    assert run_command("check", source_without_conflict, "--rules", "XXX001", "--json", old) == 2
    assert old.read_text(encoding="utf-8") == "old"


def test_strict_option_gives_exit_code_1_instead_of_0_for_a_report_with_open_warnings_only():
    report = make_report()
    report.rules = [r for r in report.rules if r.outcome not in (Outcome.SKIPPED, Outcome.CRASHED)]
    assert get_exit_code(report) == 1
    report.findings = [f for f in report.findings if str(f.severity) == "WARNING"]
    assert get_exit_code(report) == 0 and get_exit_code(report, strict=True) == 1
    report.findings[0].state = "waived"
    assert get_exit_code(report, strict=True) == 1
    for finding in report.findings:
        finding.state = "waived"
    assert get_exit_code(report, strict=True) == 0
    assert get_exit_code(Report([RuleOutcome("REL001", "a", "ERROR", Outcome.CRASHED)])) == 1


def run_command_in_new_process(*arguments: object, **more) -> subprocess.CompletedProcess:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHONIO")} | more.pop("env", {})
    command = [sys.executable, "-m", "plugin.core", *map(str, arguments)]
    return subprocess.run(command, cwd=REPOSITORY_ROOT, capture_output=True, env=environment, timeout=120, **more)


@pytest.mark.slow
def test_check_command_on_an_ascii_console_exits_with_its_usual_code_and_without_a_traceback(source_with_conflict):
    done = run_command_in_new_process(
        "check", source_with_conflict, "--rules", "REL001", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    )
    assert done.returncode == 1, done.stderr
    done = run_command_in_new_process("check", "没有.gpkg", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert done.returncode == 2 and b"Traceback" not in done.stderr


def test_check_command_without_geopandas_exits_with_2_and_names_the_missing_library(source_without_conflict):
    probe = (
        "import sys; sys.modules['geopandas'] = None\n"
        f"from plugin.core.__main__ import main; sys.exit(main(['check', {str(source_without_conflict)!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=REPOSITORY_ROOT, capture_output=True, timeout=60, encoding="utf-8"
    )
    assert done.returncode == 2
    assert "缺少 Python 包 geopandas" in done.stderr and "Traceback" not in done.stderr


# -- options


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("", {}),
        ("DLTB=地类图斑", {"DLTB": "地类图斑"}),
        (" dltb = 地类 图斑 ; CZKFBJ=边界;", {"DLTB": "地类 图斑", "CZKFBJ": "边界"}),
        ("DLTB＝a；CZKFBJ＝b", {"DLTB": "a", "CZKFBJ": "b"}),
        ("DLTB=a=b", {"DLTB": "a=b"}),
        ("DLTB=a\n# 注释\nCZKFBJ=b", {"DLTB": "a", "CZKFBJ": "b"}),
        ("DLTB=a;DLTB=a", {"DLTB": "a"}),
    ],
)
def test_layer_roles_option_text_is_parsed_into_pairs_of_role_and_layer_name(text, roles):
    assert parse_roles(text) == roles


@pytest.mark.parametrize("text", ["DLTB", "DLTB=", "=a", "DLTB=a;b", "DLTB=a;DLTB=b"])
def test_malformed_layer_roles_option_is_refused(text):
    with pytest.raises(InputError):
        parse_roles(text)


def test_layer_roles_are_read_from_a_file(tmp_path):
    listed = tmp_path / "角色 =.txt"
    listed.write_text("\ufeff# 县里的图层名\nDLTB=地类图斑\nCZKFBJ=边界\n", encoding="utf-8")
    assert parse_roles(str(listed)) == {"DLTB": "地类图斑", "CZKFBJ": "边界"}


def test_check_uses_the_standard_of_its_profile_unless_the_options_name_another():
    assert RunOptions(profile="hunyuan").resolve_norm().standard.id == "county_db"
    assert RunOptions(profile="hunyuan", standard="three_lines_2022").resolve_norm().standard.id == "three_lines_2022"
    with pytest.raises(DataError):
        RunOptions(profile="nowhere").resolve_norm()


def test_check_uses_layer_roles_rules_and_language_of_its_options_and_its_progress_only_rises(source_with_conflict):
    options = RunOptions(rules=("REL001",), roles={"STBHHX": "STBHHX"}, lang="en")
    shares = []
    checked = check_plan(source_with_conflict, options, progress=lambda share, _: shares.append(share))
    assert checked.plan.role_choices["STBHHX"] == "chosen"
    assert checked.report.lang == "en" and len(checked.report.findings) == 1
    assert shares == sorted(shares) and shares[-1] == 1.0


def test_summary_with_a_limited_list_states_the_number_of_rules_and_findings_that_it_omits(
    source_with_conflict, monkeypatch, capsys
):
    monkeypatch.setattr("plugin.core.cli.checking._MAX_FINDINGS_PRINTED", 2)
    assert run_command("check", source_with_conflict, "--profile", "hunyuan") == 1
    shown = capsys.readouterr().out
    first = shown.splitlines()
    listed = [int(count) for count in re.findall(r"^  (?:错误|警告|提示) \w+ .*：(\d+) 处", shown, re.M)]
    rest = re.search(r"另有 (\d+) 条规则共 (\d+) 处未列出", shown)
    assert len(listed) == 2 and rest and int(rest[1]) > 0
    totals = re.search(r"错误 (\d+)，警告 (\d+)，提示 (\d+)", first[0])
    assert sum(listed) + int(rest[2]) == sum(map(int, totals.groups()))


class FakeTerminal(io.StringIO):
    def isatty(self):
        return True


def test_printed_lines_replace_the_progress_line_of_a_terminal(monkeypatch):
    terminal = FakeTerminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    console.print_progress(0.2, "比较")
    console.print_progress(0.3, "")
    console.print_line("无法读取", terminal)
    console.print_line("第二行", terminal)
    shown = [line.split("\033[K")[-1] for line in terminal.getvalue().split("\n")]
    assert shown == ["无法读取", "第二行", ""] and " 30% 比较" in terminal.getvalue()


def test_progress_is_not_written_when_output_goes_to_a_file(capsys):
    console.print_progress(0.2, "比较")
    assert capsys.readouterr() == ("", "")


def run_without_reader(*arguments):
    """Run a command that prints into a pipe without a reader; return its exit code."""
    reading, writing = os.pipe()
    os.close(reading)
    # Line by line, so that the first line is refused.
    with open(writing, "w", buffering=1, encoding="utf-8") as pipe, redirect_stdout(pipe):
        return main([str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "数据"
    path.mkdir()
    return path


def test_adjustment_writes_all_files(folder):
    old, new = write_editions(folder, MOVES["in"][0])
    page, data, table = (folder / f"a.{suffix}" for suffix in ("html", "json", "xlsx"))
    run_without_reader("adjustment", old, new, "--html", page, "--json", data, "--xlsx", table)
    assert page.is_file() and table.is_file() and json.loads(data.read_text("utf-8"))["verdict"] == "fails"


def test_batch_checks_all_counties_and_writes_the_summary(folder):
    for name in ("140225浑源县", "140226左云县"):
        (folder / f"{name}.gpkg").write_bytes(b"SQLite format 3\0 damaged")
    output = folder.parent / "结果"
    # The code is that of a run with a reader: no county could be read.
    assert run_without_reader("batch", folder, "--output", output) == 1
    summary = json.loads((output / "summary.json").read_text("utf-8"))
    assert [row["state"] for row in summary["counties"]] == ["unread"] * 2


@pytest.fixture
def writer():
    """Return a drawing with a circle of 50 m."""
    drawing = DrawingWriter()
    drawing.add_circle((0, 0), 50)
    return drawing


def test_complete_drawing_gives_exit_code_0_and_a_sentence_on_areas_and_curves(writer, tmp_path, capsys):
    path, target = writer.write(tmp_path / "a.dxf"), tmp_path / "a.gpkg"
    assert main(["drawing", "import", str(path), str(target), "--tolerance", "0.00001"]) == 0
    printed = capsys.readouterr()
    # π · 50² m² = 0.7854 ha.
    assert "平面面积 0.7854 公顷" in printed.out and "实际最大偏差 0.000010 米" in printed.out and not printed.err
    assert target.is_file()


def test_open_outline_gives_exit_code_1_and_its_handle_in_table_and_json(writer, tmp_path, capsys):
    handle = writer.add_polyline([(100, 0), (150, 0), (150, 50), (100, 50), (100, 0.25)], close=False)
    path, table = writer.write(tmp_path / "a.dxf"), tmp_path / "left.csv"
    arguments = [str(path), str(tmp_path / "a.gpkg"), "--table", str(table), "--json", "-", "--lang", "en"]
    assert main(["drawing", "import", *arguments, "--tolerance", "0.00001"]) == 1
    printed = capsys.readouterr()
    summary = json.loads(printed.out)
    (layer,) = summary["layers"]
    assert layer["polygons"] == 1 and layer["plane_m2"] == pytest.approx(math.pi * 2500, abs=0.01)
    (left_out,) = summary["left_out"]
    assert left_out["handles"] == [handle] and left_out["gap_m"] == pytest.approx(0.25) and left_out["layer"] == SITE
    assert f"{handle} (gap 0.2500 m)" in printed.err and handle in table.read_text(encoding="utf-8-sig")
    target = tmp_path / "a.json"
    arguments[5] = str(target)
    assert main(["drawing", "import", *arguments]) == 1
    assert json.loads(target.read_text(encoding="utf-8"))["left_out"] == [left_out]


def test_unknown_unit_gives_exit_code_2_and_names_what_to_give(tmp_path, capsys):
    drawing = DrawingWriter(insunits=4, scale=1000.0)
    drawing.add_circle((0, 0), 50)
    path, target = drawing.write(tmp_path / "a.dxf"), tmp_path / "a.gpkg"
    assert main(["drawing", "import", str(path), str(target)]) == 2
    assert "毫米" in capsys.readouterr().err and not target.exists()
    assert main(["drawing", "import", str(path), str(target), "--units", "mm"]) == 0


@pytest.fixture
def point_file(tmp_path):
    return write_two_parcels(tmp_path / "项目.txt")


def test_import_and_export_return_the_same_file_and_print_areas(point_file, tmp_path, capsys):
    layer, copy = tmp_path / "层.gpkg", tmp_path / "出.txt"
    assert main(["points", "import", str(point_file), str(layer)]) == 0
    printed = capsys.readouterr()
    assert "地块“甲”：申报面积" in printed.out and "图斑椭球面积" in printed.out and not printed.err
    assert main(["points", "export", str(layer), str(copy)]) == 0
    assert copy.read_bytes() == point_file.read_bytes()


def test_parcel_that_is_left_out_gives_exit_code_1_and_a_line_on_the_error_stream(point_file, tmp_path, capsys):
    lines = point_file.read_bytes().split(b"\r\n")
    lines[11] = b"J2,1,38472290.065,4397562.228"
    point_file.write_bytes(b"\r\n".join(lines))
    assert main(["points", "import", str(point_file), str(tmp_path / "a.gpkg"), "--lang", "en"]) == 1
    assert "项目.txt, line 12, parcel 甲: X and Y of J2 are swapped" in capsys.readouterr().err


def test_unknown_crs_gives_exit_code_2_and_names_what_to_give(tmp_path, capsys):
    writer = FileWriter(header=tuple(line for line in HEADER if not line.startswith("坐标系")))
    writer.add_parcel("甲", place_ring(OUTER))
    path, layer = writer.write(tmp_path / "a.txt"), tmp_path / "a.gpkg"
    assert main(["points", "import", str(path), str(layer)]) == 2
    assert "EPSG:4526" in capsys.readouterr().err and not layer.exists()
    assert main(["points", "import", str(path), str(layer), "--crs", "EPSG:4526"]) == 0
    assert main(["points", "export", str(layer), str(tmp_path / "b.csv"), "--format", "table", "--layer", "none"]) == 2
    assert "JZDDK" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (("drawing", "mappings"), "project  All layers as projects"),
        (("points", "formats"), "txt_13  Boundary points TXT"),
    ],
)
def test_mappings_and_formats_are_listed(command, line, capsys):
    assert main([*command, "--lang", "en"]) == 0
    assert line in capsys.readouterr().out


def test_points_without_a_line_of_their_parcel_give_exit_code_1(point_file, tmp_path, capsys):
    lines = point_file.read_bytes().split(b"\r\n")
    del lines[9]
    point_file.write_bytes(b"\r\n".join(lines))
    assert main(["points", "import", str(point_file), str(tmp_path / "a.gpkg"), "--lang", "en"]) == 1
    assert "belong to no parcel" in capsys.readouterr().err
