# SPDX-License-Identifier: GPL-2.0-or-later
"""Simulated traits of Windows: cp936 console, long paths and locked files."""

import builtins
import io
import os
import re
import string
import subprocess
import sys
import tomllib
from pathlib import Path
from unittest.mock import Mock

import pytest

from plugin.core.__main__ import main
from plugin.core.base.errors import Cancelled, InputError, OutputError
from plugin.core.base.files import writing
from plugin.core.base.files.writing import (
    OutputPaths,
    check_outputs,
    check_writable,
    write_atomically,
    write_files,
    write_text,
)
from plugin.core.cli.console import print_line
from plugin.core.model.rule import load_all_rules
from plugin.core.plan.io import read_source
from plugin.core.render.outputs import write_outputs
from plugin.core.standard.messages.texts import Texts
from plugin.paths import TEXTS_FOLDER
from tests.core.small_plan import (
    check_data,
    explain_error,
    hash_files,
    list_findings_of_rules,
    make_small_plan_layers,
    write_findings,
    write_gdb,
    write_gpkg,
    write_shapefiles,
)

REPOSITORY_ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def checked_plan(tmp_path_factory):
    return check_data(write_gpkg(tmp_path_factory.mktemp("数据") / "county.gpkg"))


# -- a console in cp936 -----------------------------------------------------------------------------------------------


def fill_all_messages(lang):
    """Yield every message in a language, with figures in all its placeholders."""

    class Anything(dict):
        def __missing__(self, key):
            return "12\u202f640.35 m²"

    def fill_placeholders(text):
        return string.Formatter().vformat(re.sub(r"\{(\w+)[^}]*\}", r"{\1}", text), (), Anything())

    files = ["zh.toml", "rules_zh.toml", "report_zh.toml"] if lang == "zh" else ["en.toml", "report_en.toml"]
    todo = [tomllib.loads((TEXTS_FOLDER / name).read_text(encoding="utf-8")) for name in files]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            todo += value.values()
        else:
            yield fill_placeholders(value)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_message_can_be_encoded_for_a_cp936_console(lang):
    raw = io.BytesIO()
    console = io.TextIOWrapper(raw, encoding="cp936", errors="strict", newline="\n")
    texts = list(fill_all_messages(lang))
    assert len(texts) > 100
    for text in texts:
        print_line(text, console)
    console.flush()
    # A character that the console lacks would come out as a question mark.
    assert raw.getvalue().decode("cp936").count("?") == sum(text.count("?") for text in texts)


def test_check_command_prints_its_whole_summary_on_a_cp936_console(tmp_path, monkeypatch):
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
def folder_with_long_path(tmp_path):
    folder = tmp_path
    while len(str(folder)) < 205:
        folder = folder / "国土空间总体规划成果 第一批"[: max(1, 213 - len(str(folder)))]
    folder.mkdir(parents=True)
    assert 200 < len(str(folder)) < 216
    return folder


@pytest.mark.parametrize("form", ["gpkg", "gdb", "shp"])
def test_data_in_a_folder_with_a_long_path_are_read(folder_with_long_path, form):
    tables = make_small_plan_layers()
    source = {
        "gpkg": lambda: write_gpkg(folder_with_long_path / "c.gpkg", tables),
        "gdb": lambda: write_gdb(folder_with_long_path / "c.gdb", tables),
        "shp": lambda: write_shapefiles(folder_with_long_path / "s", "GBK", tables),
    }[form]()
    before = hash_files(folder_with_long_path)
    report = check_data(source).report
    assert list_findings_of_rules(report, "REL001") and not list_findings_of_rules(report, "RUN900")
    assert hash_files(folder_with_long_path) == before


@pytest.mark.parametrize("name", ["r.html", "f.gpkg", "f.shp", "f.gdb"])
def test_outputs_in_a_folder_with_a_long_path_stay_within_the_path_limit(
    folder_with_long_path, checked_plan, name, monkeypatch
):
    longest = 0
    for module, function in ((os, "mkdir"), (os, "replace"), (os, "rename"), (builtins, "open"), (io, "open")):
        original = getattr(module, function)

        def record_path(path, *arguments, original=original, **more):
            nonlocal longest
            longest = max(
                longest, *(len(str(p)) for p in (path, *arguments) if str(p).startswith(str(folder_with_long_path))), 0
            )
            return original(path, *arguments, **more)

        monkeypatch.setattr(module, function, record_path)
    if name.endswith(".html"):
        write_text(folder_with_long_path / name, "报告")
    else:
        write_findings(folder_with_long_path / name, checked_plan.report.findings, checked_plan.plan.crs)
    assert (folder_with_long_path / name).exists()
    # Files inside a FileGDB have names of up to 36 characters.
    internal = 37 if name.endswith(".gdb") else 0
    assert len(str(folder_with_long_path)) < longest < MAX_PATH + internal
    assert longest - len(str(folder_with_long_path / name)) < 40 + internal


# -- a file that another program has open ------------------------------------------------------------------------------


@pytest.fixture
def locked_files(monkeypatch):
    """Return a set of file names that the test makes impossible to replace or move."""
    names = set()

    def refuse_locked_files(original):
        def move_unless_locked(source, destination, *more, **options):
            for path in (source, destination):
                # Other programs cannot have files of the temporary folder open.
                if os.path.basename(path) in names and ".sanxian-" not in str(path) and os.path.exists(path):
                    raise PermissionError(13, "The process cannot access the file", str(path))
            return original(source, destination, *more, **options)

        return move_unless_locked

    monkeypatch.setattr(os, "replace", refuse_locked_files(os.replace))
    monkeypatch.setattr(os, "rename", refuse_locked_files(os.rename))
    return names


def write_old_output(folder, name, checked):
    if name.endswith((".json", ".html")):
        write_text(folder / name, "old")
    else:
        write_findings(folder / name, [], checked.plan.crs)
    return hash_files(folder)


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
def test_output_file_open_in_another_program_stays_unchanged_and_is_reported(
    checked_plan, tmp_path, locked_files, name, open_file
):
    folder = tmp_path / "结果"
    before = write_old_output(folder, name, checked_plan)
    locked_files.add(open_file)
    with pytest.raises(OutputError) as raised:
        write_new_output(folder, name, checked_plan)
    assert raised.value.key == "output_open_elsewhere"
    text = explain_error(raised.value)
    assert f"{name}”：文件正被其他程序打开。请关闭后重试，或另取文件名；未生成不完整的文件" in text
    assert hash_files(folder) == before
    assert [p.name for p in folder.iterdir() if p.name.startswith(".")] == []
    # Once closed, the file is replaced.
    locked_files.clear()
    write_new_output(folder, name, checked_plan)
    assert hash_files(folder) != before


def test_output_file_that_is_open_elsewhere_is_named_and_the_others_are_written(checked_plan, tmp_path, locked_files):
    outputs = OutputPaths(
        json=str(tmp_path / "a.json"), html=str(tmp_path / "b.html"), findings=str(tmp_path / "c.gpkg")
    )
    write_outputs(checked_plan.report, checked_plan.plan, outputs)
    before = hash_files(tmp_path)
    (tmp_path / "a.json").write_text("old")
    locked_files.add("c.gpkg")
    # Reported before a long run …
    with pytest.raises(OutputError) as raised:
        check_outputs(outputs, [checked_plan.plan.source])
    assert "c.gpkg”：文件正被其他程序打开" in explain_error(raised.value)
    # … and if it is opened meanwhile, after it.
    with pytest.raises(OutputError) as raised:
        write_outputs(checked_plan.report, checked_plan.plan, outputs)
    assert "c.gpkg”：文件正被其他程序打开" in explain_error(raised.value)
    assert hash_files(tmp_path) == before


REFUSED = OutputError("output_docx_library", target="b.docx")


@pytest.mark.parametrize(
    ("error", "options", "names", "key"),
    [
        (REFUSED, {}, ["a.json", "c.html"], "outputs_failed"),
        (ValueError("bug"), {}, ["a.json", "c.html"], None),
        (REFUSED, {"is_all_or_none": True}, [], REFUSED.key),
        (Cancelled(), {}, [], None),
    ],
    ids=["refused", "bug", "all or none", "cancelled"],
)
def test_output_that_fails_does_not_stop_the_others_unless_all_or_none_are_wanted(tmp_path, error, options, names, key):
    writers = {name: lambda path: path.write_text("new") for name in ("a.json", "c.html")} | {
        "b.docx": Mock(side_effect=error)
    }
    with pytest.raises((OutputError, type(error))) as raised:
        write_files([(tmp_path / name, writers[name]) for name in sorted(writers)], **options)
    assert getattr(raised.value, "key", None) == key and sorted(one.name for one in tmp_path.iterdir()) == names
    text = explain_error(raised.value) if key else "".join(getattr(error, "__notes__", ["b.docx"]))
    assert "b.docx" in text and (f"{tmp_path / 'a.json'}、{tmp_path / 'c.html'}" in text) == (key == "outputs_failed")


def test_old_output_files_that_cannot_be_restored_are_kept_as_copies(checked_plan, tmp_path, monkeypatch):
    folder = tmp_path / "结果"
    write_old_output(folder, "问题.shp", checked_plan)
    before = sorted(hash_files(folder).values())
    real, calls = os.replace, []

    def fail_after_three_moves(source, destination):
        calls.append(source)
        if len(calls) > 3:
            raise OSError(5, "Input/output error", str(destination))
        real(source, destination)

    monkeypatch.setattr(os, "replace", fail_after_three_moves)
    with pytest.raises(OutputError):
        write_new_output(folder, "问题.shp", checked_plan)
    monkeypatch.undo()
    remaining = list(hash_files(folder).values())
    assert all(sum_ in remaining for sum_ in before)


def test_open_output_file_is_reported_before_the_check_runs(tmp_path, locked_files):
    target = tmp_path / "报告.html"
    write_text(target, "old")
    locked_files.add("报告.html")
    with pytest.raises(OutputError) as raised:
        check_writable(target, [])
    assert "文件正被其他程序打开" in explain_error(raised.value)
    assert [p.name for p in tmp_path.iterdir()] == ["报告.html"]


def test_data_locked_exclusively_by_another_program_raise_an_input_error(tmp_path, monkeypatch):
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
def test_reading_data_leaves_no_file_open(tmp_path, form):
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


# -- paths and text of this machine -----------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [r"C:\县 数据\county.gpkg", "C:/县 数据/county.gpkg", r"\\server\share\county.gpkg"])
def test_report_provenance_keeps_only_the_file_name_of_a_windows_path(source):
    from plugin.core.cli.examples.plans import make_example_plan
    from plugin.core.engine.provenance import make_provenance

    plan = make_example_plan({"red_line": ["POLYGON ((0 0, 9 0, 9 9, 0 0))"]})
    plan.source = source
    plan.layers["STBHHX"].source.source = source
    assert make_provenance(plan, Texts("zh"))["source"] == "county.gpkg"
    assert plan.layers["STBHHX"].source.full_name == "county.gpkg/STBHHX"


STRICT_ENCODING_SCRIPT = """
import sys, warnings
sys.path.insert(0, {root!r})
warnings.filterwarnings("error", category=EncodingWarning, module=r"plugin\\..*")
from plugin.core.__main__ import main
sys.exit(main(["check", {source!r}, "--profile", "hunyuan", "--json", {json!r}, "--html", {html!r}, "--findings", {layer!r}]))
"""


@pytest.mark.slow
def test_source_code_never_opens_files_in_the_default_encoding(tmp_path):
    """Run with EncodingWarning as an error, because cp936 would garble UTF-8 texts."""
    folder = write_shapefiles(tmp_path / "shp", "GBK", cpg=False)
    code = STRICT_ENCODING_SCRIPT.format(
        root=str(REPOSITORY_ROOT), source=str(folder), json=str(tmp_path / "r.json"), html=str(tmp_path / "r.html"),
        layer=str(tmp_path / "f.gpkg"),
    )  # fmt: skip
    done = subprocess.run([sys.executable, "-X", "warn_default_encoding", "-c", code], capture_output=True, timeout=120)
    assert done.returncode == 1, done.stderr.decode(errors="replace")


def test_temporary_folder_name_is_short_and_hidden(tmp_path):
    with write_atomically(tmp_path / "报告.html") as path:
        assert path.name == "报告.html"
        (folder,) = tmp_path.iterdir()
        assert folder.name.startswith(".") and len(str(path)) - len(str(tmp_path / "报告.html")) < 40
        path.write_text("x", encoding="utf-8")
    assert writing.is_same_file(tmp_path / "报告.html", str(tmp_path / "." / "报告.html"))


def test_rule_names_and_algorithm_ids_are_valid_file_names_on_every_system():
    for rule in load_all_rules().values():
        assert re.fullmatch(r"[a-z0-9-]+", rule.name) and re.fullmatch(r"[a-z0-9_]+", rule.algorithm_id)
