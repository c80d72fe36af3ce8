# SPDX-License-Identifier: GPL-2.0-or-later
"""Symbolic links in a package are reported and never followed."""

import os
from pathlib import Path

import pytest

from plugin.core.errors import OutputError
from plugin.core.examples.package_files import COMPLETE_PACKAGE_FILES, DATABASE
from plugin.core.files.digests import MANIFEST_FILE_NAME, MANIFEST_SCHEMA, iterate_files_below
from plugin.core.model.rule import Severity
from plugin.core.options import RunOptions
from plugin.core.package.gate import check_target_is_replaceable
from plugin.core.package.inspection.collect_facts import collect_package_facts
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from tests.core.small_plan import explain_error

COUNTY_SPEC = load_package_spec("county")
ROOT_NAME_VALUES = {"code": "140225", "name": "浑源县"}
PACKAGE_ROOT = "140225浑源县国土空间总体规划"
TEXT_DOCUMENT_PATH = "2-规划文档/140225浑源县国土空间总体规划文本.pdf"
MAP_FOLDER = "4-规划图件"


@pytest.fixture
def package_with_outside_folder(tmp_path):
    """Return a package without its database, next to a folder outside of it."""
    folder = tmp_path / PACKAGE_ROOT
    for path, content in COMPLETE_PACKAGE_FILES.items():
        if ".gdb" not in path:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
    outside = tmp_path / "别处"
    outside.mkdir()
    (outside / "秘密.jpg").write_bytes(b"\xff\xd8\xff")
    return folder


def make_link(package, link_path, destination):
    """Put a symbolic link into a package, to a path next to the package."""
    path = package / link_path
    if path.exists():
        path.unlink()
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(package.parent / destination, target_is_directory=(package.parent / destination).is_dir())


def find_link_findings(package):
    """Return case, file and severity of the findings on links, and the report."""
    report = inspect_package(package, COUNTY_SPEC, RunOptions()).report
    return [(f.case, f.params["file"], f.severity) for f in report.findings if f.code == "DOC005"], report


@pytest.mark.parametrize(
    ("place", "to"),
    [
        (f"{MAP_FOLDER}/更多图件", "别处"),
        (f"{MAP_FOLDER}/140225浑源县02图.jpg", "别处/秘密.jpg"),
        (TEXT_DOCUMENT_PATH, "别处/秘密.jpg"),
        ("2-规划文档/链接.pdf", "没有这个"),
        (MANIFEST_FILE_NAME, "别处/秘密.jpg"),
        ("3-规划表格/140225浑源县国土空间规划表格.xlsx", "别处/秘密.jpg"),
        ("SHA256SUMS", "别处/秘密.jpg"),
        (MAP_FOLDER + "2", PACKAGE_ROOT),
    ],
    ids=["a folder", "a map", "the text", "nowhere", "the manifest", "a workbook", "a list of digests", "the package itself"],
)  # fmt: skip
def test_symbolic_link_in_a_package_is_reported_and_not_followed(package_with_outside_folder, place, to):
    make_link(package_with_outside_folder, place, to)
    facts = collect_package_facts(package_with_outside_folder, COUNTY_SPEC)
    (link,) = [file for file in facts.files if file.is_link]
    assert (link.path, link.size_bytes, link.first_bytes, link.sha256, link.jpeg_properties) == (
        place,
        0,
        b"",
        "",
        None,
    )
    assert "秘密" not in "".join(file.path for file in facts.files)
    assert not facts.workbooks or place not in [book.file for book in facts.workbooks]
    found, report = find_link_findings(package_with_outside_folder)
    assert found == [("link", place, Severity.ERROR)]
    assert not any(f.params.get("file") == place for f in report.findings if f.code in ("DOC003", "DOC004"))
    (finding,) = [f for f in report.findings if f.case == "link"]
    assert "链接" in finding.message and "请" in finding.message


@pytest.mark.parametrize("part", [False, True], ids=["the whole database", "a part of it"])
def test_database_behind_a_symbolic_link_is_not_opened(package_with_outside_folder, part, monkeypatch):
    """Require that no database is opened, because GDAL would follow the link."""
    import pyogrio

    place = DATABASE if not part else f"{DATABASE}/a00000001.gdbtable"
    (package_with_outside_folder / DATABASE).parent.mkdir(parents=True)
    if part:
        (package_with_outside_folder / DATABASE).mkdir()
        (package_with_outside_folder / DATABASE / "gdb").write_bytes(b"x")
    make_link(package_with_outside_folder, place, "别处")

    def refuse_open(source, *args, **more):
        raise AssertionError(f"{source} was opened")

    monkeypatch.setattr(pyogrio, "list_layers", refuse_open)
    found, report = find_link_findings(package_with_outside_folder)
    assert found == [("link", place, Severity.ERROR)]
    assert "data" in {f.case for f in report.findings if f.code == "DOC002"}


def test_windows_junction_is_treated_as_a_link(tmp_path, monkeypatch):
    """Simulate a junction, which os.walk of Python 3.11 enters."""
    from plugin.core.files import digests as hashes

    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.txt").write_bytes(b"x")
    real = os.lstat

    class Junction:
        st_reparse_tag = 0xA0000003

        def __init__(self, found):
            self.st_mode = found.st_mode

    monkeypatch.setattr(hashes.os, "lstat", lambda path: Junction(real(path)) if Path(path).name == "a" else real(path))
    assert [name for name, _ in iterate_files_below(tmp_path)] == ["a"] and hashes.is_link(tmp_path / "a")


@pytest.mark.parametrize(
    "place", [f"{MAP_FOLDER}/更多图件", f"{MAP_FOLDER}/140225浑源县01三条控制线图.jpg", TEXT_DOCUMENT_PATH, "Thumbs.db"],
    ids=["a folder", "by a slot's name", "by a listed name", "by a stray's name"],
)  # fmt: skip
def test_package_with_a_symbolic_link_is_not_replaced(package_with_outside_folder, place):
    """Keep the old package, because replacing it would delete the link."""
    import json

    manifest = {
        "schema": MANIFEST_SCHEMA,
        "check": {"verdict": "pass"},
        "files": [{"path": TEXT_DOCUMENT_PATH, "sha256": "0" * 64}],
        "layers": [],
    }
    (package_with_outside_folder / MANIFEST_FILE_NAME).write_text(json.dumps(manifest), "utf-8")
    check_target_is_replaceable(package_with_outside_folder, (), COUNTY_SPEC, ROOT_NAME_VALUES)
    make_link(package_with_outside_folder, place, "别处" if place.endswith("更多图件") else "别处/秘密.jpg")
    with pytest.raises(OutputError) as caught:
        check_target_is_replaceable(package_with_outside_folder, (), COUNTY_SPEC, ROOT_NAME_VALUES)
    assert caught.value.key == "package_has_more" and Path(place).name in explain_error(caught.value)
