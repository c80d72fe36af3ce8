# SPDX-License-Identifier: GPL-2.0-or-later
"""Traits of Windows, simulated: cp936 console, long paths, locked files, no fork, default encoding."""

import builtins
import io
import json
import multiprocessing
import os
import re
import string
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from plugin.core.__main__ import main
from plugin.core.cli.console import print_line
from plugin.core.errors import InputError, OutputError
from plugin.core.files import writing
from plugin.core.files.writing import Outputs, atomic_output, check_outputs, check_writable, write_text
from plugin.core.io import read_source
from plugin.core.messages.texts import Texts
from plugin.core.model.rule import all_rules
from plugin.core.render.outputs import write_outputs
from plugin.paths import TEXTS
from tests.core.small_plan import (
    check_data,
    digest,
    explain_error,
    findings_of_rule,
    layers,
    write_findings,
    write_gdb,
    write_gpkg,
    write_shapefiles,
)

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    return check_data(write_gpkg(tmp_path_factory.mktemp("数据") / "county.gpkg"))


# -- a console in cp936 -----------------------------------------------------------------------------------------------


def fill_messages(lang):
    """Yield every message with its placeholders filled by figures as we print them."""

    class Anything(dict):
        def __missing__(self, key):
            return "12\u202f640.35 m²"

    def fill(text):
        return string.Formatter().vformat(re.sub(r"\{(\w+)[^}]*\}", r"{\1}", text), (), Anything())

    files = ["zh.toml", "rules_zh.toml", "report_zh.toml"] if lang == "zh" else ["en.toml", "report_en.toml"]
    todo = [tomllib.loads((TEXTS / name).read_text(encoding="utf-8")) for name in files]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            todo += value.values()
        else:
            yield fill(value)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_message_can_be_printed_on_a_cp936_console(lang):
    raw = io.BytesIO()
    console = io.TextIOWrapper(raw, encoding="cp936", errors="strict", newline="\n")
    texts = list(fill_messages(lang))
    assert len(texts) > 100
    for text in texts:
        print_line(text, console)
    console.flush()
    # A character that the console lacks would come out as a question mark.
    assert raw.getvalue().decode("cp936").count("?") == sum(text.count("?") for text in texts)


def test_check_prints_its_whole_summary_on_a_cp936_console(tmp_path, monkeypatch):
    path = write_gpkg(tmp_path / "county.gpkg")
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="cp936", errors="strict", newline="\n"))
    assert main(["check", str(path)]) == 1
    sys.stdout.flush()
    text = raw.getvalue().decode("cp936")
    assert "检查完成" in text and "永久基本农田" in text and "?" not in text


# -- long paths -------------------------------------------------------------------------------------------------------

#: The Windows limit for programs that do not opt in to long paths.
MAX_PATH = 260


@pytest.fixture
def deep_folder(tmp_path):
    folder = tmp_path
    while len(str(folder)) < 205:
        folder = folder / "国土空间总体规划成果 第一批"[: max(1, 213 - len(str(folder)))]
    folder.mkdir(parents=True)
    assert 200 < len(str(folder)) < 216
    return folder


@pytest.mark.parametrize("form", ["gpkg", "gdb", "shp"])
def test_data_under_a_long_path_are_read(deep_folder, form):
    tables = layers()
    source = {
        "gpkg": lambda: write_gpkg(deep_folder / "c.gpkg", tables),
        "gdb": lambda: write_gdb(deep_folder / "c.gdb", tables),
        "shp": lambda: write_shapefiles(deep_folder / "s", "GBK", tables),
    }[form]()
    before = digest(deep_folder)
    report = check_data(source).report
    assert findings_of_rule(report, "REL001") and not findings_of_rule(report, "RUN900")
    assert digest(deep_folder) == before


@pytest.mark.parametrize("name", ["r.html", "f.gpkg", "f.shp", "f.gdb"])
def test_results_under_a_long_path_stay_within_the_path_limit(deep_folder, checked, name, monkeypatch):
    longest = 0
    for module, function in ((os, "mkdir"), (os, "replace"), (os, "rename"), (builtins, "open"), (io, "open")):
        original = getattr(module, function)

        def record_path(path, *arguments, original=original, **more):
            nonlocal longest
            longest = max(longest, *(len(str(p)) for p in (path, *arguments) if str(p).startswith(str(deep_folder))), 0)
            return original(path, *arguments, **more)

        monkeypatch.setattr(module, function, record_path)
    if name.endswith(".html"):
        write_text(deep_folder / name, "报告")
    else:
        write_findings(deep_folder / name, checked.report.findings, checked.plan.crs)
    assert (deep_folder / name).exists()
    # Files inside a FileGDB have names of up to 36 characters.
    internal = 37 if name.endswith(".gdb") else 0
    assert len(str(deep_folder)) < longest < MAX_PATH + internal
    assert longest - len(str(deep_folder / name)) < 40 + internal


# -- a file that another program has open ------------------------------------------------------------------------------


@pytest.fixture
def locked_files(monkeypatch):
    """Names of files that cannot be replaced, moved or renamed, as if another program had them open."""
    names = set()

    def guarded(original):
        def moved(source, destination, *more, **options):
            for path in (source, destination):
                # Other programs cannot have files of the temporary folder open.
                if os.path.basename(path) in names and ".sanxian-" not in str(path) and os.path.exists(path):
                    raise PermissionError(13, "The process cannot access the file", str(path))
            return original(source, destination, *more, **options)

        return moved

    monkeypatch.setattr(os, "replace", guarded(os.replace))
    monkeypatch.setattr(os, "rename", guarded(os.rename))
    return names


def write_old_output(folder, name, checked):
    if name.endswith((".json", ".html")):
        write_text(folder / name, "old")
    else:
        write_findings(folder / name, [], checked.plan.crs)
    return digest(folder)


def write_new_output(folder, name, checked):
    if name.endswith((".json", ".html")):
        write_text(folder / name, "new")
    else:
        write_findings(folder / name, checked.report.findings, checked.plan.crs)


@pytest.mark.parametrize(
    ("name", "open_file"),
    [
        ("报告.json", "报告.json"),
        ("报告.html", "报告.html"),
        ("问题.gpkg", "问题.gpkg"),
        ("问题.shp", "问题.shp"),
        ("问题.shp", "问题.dbf"),
        ("问题.shp", "问题.cpg"),
        ("问题.gdb", "问题.gdb"),
    ],
)
def test_output_open_elsewhere_stays_unchanged_and_is_named(checked, tmp_path, locked_files, name, open_file):
    folder = tmp_path / "结果"
    before = write_old_output(folder, name, checked)
    locked_files.add(open_file)
    with pytest.raises(OutputError) as raised:
        write_new_output(folder, name, checked)
    assert raised.value.key == "output_open_elsewhere"
    text = explain_error(raised.value)
    assert f"{name}”：文件正被其他程序打开。请关闭后重试，或另取文件名；未生成不完整的文件" in text
    assert digest(folder) == before
    assert [p.name for p in folder.iterdir() if p.name.startswith(".")] == []
    # Once closed, the file is replaced.
    locked_files.clear()
    write_new_output(folder, name, checked)
    assert digest(folder) != before


def test_no_output_is_written_when_one_is_open(checked, tmp_path, locked_files):
    outputs = Outputs(json=str(tmp_path / "a.json"), html=str(tmp_path / "b.html"), findings=str(tmp_path / "c.gpkg"))
    write_outputs(checked.report, checked.plan, outputs)
    before = digest(tmp_path)
    locked_files.add("c.gpkg")
    # Reported before a long run …
    with pytest.raises(OutputError) as raised:
        check_outputs(outputs, [checked.plan.source])
    assert "c.gpkg”：文件正被其他程序打开" in explain_error(raised.value)
    # … and if it is opened meanwhile, after it.
    with pytest.raises(OutputError):
        write_outputs(checked.report, checked.plan, outputs)
    assert digest(tmp_path) == before


def test_old_files_that_cannot_be_restored_are_kept(checked, tmp_path, monkeypatch):
    folder = tmp_path / "结果"
    write_old_output(folder, "问题.shp", checked)
    before = sorted(digest(folder).values())
    real, calls = os.replace, []

    def fail_after_three_moves(source, destination):
        calls.append(source)
        if len(calls) > 3:
            raise OSError(5, "Input/output error", str(destination))
        real(source, destination)

    monkeypatch.setattr(os, "replace", fail_after_three_moves)
    with pytest.raises(OSError):
        write_new_output(folder, "问题.shp", checked)
    monkeypatch.undo()
    remaining = list(digest(folder).values())
    assert all(sum_ in remaining for sum_ in before)


def test_open_output_is_reported_before_the_run(tmp_path, locked_files):
    target = tmp_path / "报告.html"
    write_text(target, "old")
    locked_files.add("报告.html")
    with pytest.raises(OutputError) as raised:
        check_writable(target, [])
    assert "文件正被其他程序打开" in explain_error(raised.value)
    assert [p.name for p in tmp_path.iterdir()] == ["报告.html"]


def test_exclusively_locked_data_raise_an_input_error(tmp_path, monkeypatch):
    path = write_gpkg(tmp_path / "county.gpkg")
    real = Path.open

    def refuse_open(self, *arguments, **more):
        if self == path:
            raise PermissionError(13, "The process cannot access the file", str(path))
        return real(self, *arguments, **more)

    monkeypatch.setattr(Path, "open", refuse_open)
    with pytest.raises(InputError) as raised:
        read_source(path)
    assert "county.gpkg”：没有权限，或正被其他程序占用" in explain_error(raised.value)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux lists open files")
@pytest.mark.parametrize("form", ["gpkg", "gdb", "shp"])
def test_reading_leaves_no_file_open(tmp_path, form):
    source = {
        "gpkg": lambda: write_gpkg(tmp_path / "c.gpkg"),
        "gdb": lambda: write_gdb(tmp_path / "c.gdb"),
        "shp": lambda: write_shapefiles(tmp_path / "s", "GBK"),
    }[form]()
    checked = check_data(source)
    open_files = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            open_files.append(os.readlink(link))
        except OSError:
            continue  # the one that lists the folder
    assert checked.report.rules and not [f for f in open_files if f.startswith(str(tmp_path))]


# -- no fork, and an interpreter that is QGIS -------------------------------------------------------------------------


def test_check_starts_no_process(tmp_path, monkeypatch):
    path = write_gpkg(tmp_path / "county.gpkg")

    def never(*arguments, **more):
        raise AssertionError("with spawn and sys.executable = qgis-bin this would open a second QGIS")

    monkeypatch.setattr(sys, "executable", r"C:\Program Files\QGIS 3.40\bin\qgis-ltr-bin.exe")
    monkeypatch.setattr(multiprocessing.process.BaseProcess, "start", never)
    monkeypatch.setattr(subprocess.Popen, "__init__", never)
    monkeypatch.setattr(os, "fork", never, raising=False)
    monkeypatch.setattr(os, "posix_spawn", never, raising=False)
    report = check_data(path).report
    assert findings_of_rule(report, "REL001") and not findings_of_rule(report, "RUN900")


# -- paths and text of this machine -----------------------------------------------------------------------------------


def test_report_contains_no_path_of_the_machine(checked, tmp_path):
    write_outputs(checked.report, checked.plan, Outputs(json=str(tmp_path / "r.json"), html=str(tmp_path / "r.html")))
    for name in ("r.json", "r.html"):
        raw = (tmp_path / name).read_bytes()
        assert str(tmp_path).encode() not in raw and b"\r" not in raw
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["provenance"]["source"] == "county.gpkg"


@pytest.mark.parametrize("source", [r"C:\县 数据\county.gpkg", "C:/县 数据/county.gpkg", r"\\server\share\county.gpkg"])
def test_provenance_keeps_only_the_name_of_a_windows_path(source):
    from plugin.core.engine.provenance import provenance
    from tests.core.examples import plan_of

    plan = plan_of({"red_line": ["POLYGON ((0 0, 9 0, 9 9, 0 0))"]})
    plan.source = source
    plan.layers["STBHHX"].source.source = source
    assert provenance(plan, Texts("zh"))["source"] == "county.gpkg"
    assert plan.layers["STBHHX"].source.full_name == "county.gpkg/STBHHX"


STRICT = """
import sys, warnings
sys.path.insert(0, {root!r})
warnings.filterwarnings("error", category=EncodingWarning, module=r"plugin\\..*")
from plugin.core.__main__ import main
sys.exit(main(["check", {source!r}, "--profile", "hunyuan", "--json", {json!r}, "--html", {html!r}, "--findings", {layer!r}]))
"""


@pytest.mark.slow
def test_files_are_never_opened_in_the_default_encoding(tmp_path):
    """Run with EncodingWarning as an error: a default of cp936 would garble UTF-8 texts."""
    folder = write_shapefiles(tmp_path / "shp", "GBK", cpg=False)
    code = STRICT.format(
        root=str(ROOT), source=str(folder), json=str(tmp_path / "r.json"), html=str(tmp_path / "r.html"),
        layer=str(tmp_path / "f.gpkg"),
    )  # fmt: skip
    done = subprocess.run([sys.executable, "-X", "warn_default_encoding", "-c", code], capture_output=True, timeout=120)
    assert done.returncode == 1, done.stderr.decode(errors="replace")


def test_temporary_folder_name_is_short_and_hidden(tmp_path):
    with atomic_output(tmp_path / "报告.html") as path:
        assert path.name == "报告.html"
        (folder,) = tmp_path.iterdir()
        assert folder.name.startswith(".") and len(str(path)) - len(str(tmp_path / "报告.html")) < 40
        path.write_text("x", encoding="utf-8")
    assert writing.same_file(tmp_path / "报告.html", str(tmp_path / "." / "报告.html"))


def test_rule_names_are_valid_file_names_on_every_system():
    for rule in all_rules().values():
        assert re.fullmatch(r"[a-z0-9-]+", rule.name) and re.fullmatch(r"[a-z0-9_]+", rule.algorithm_id)
