# SPDX-License-Identifier: GPL-2.0-or-later
"""Links in a package: named but never followed; a package with links is not replaced."""

import hashlib
import os
from pathlib import Path

import pytest

from plugin.core.errors import OutputError
from plugin.core.files.digests import MANIFEST, SCHEMA, files_below
from plugin.core.model.rule import Severity
from plugin.core.options import Options
from plugin.core.package.gate import check_target
from plugin.core.package.inspection.collect_facts import collect_package_facts
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from tests.core.package_fixtures import COMPLETE, DATABASE
from tests.core.small_plan import explain_error, write_gpkg

SPEC = load_package_spec("county")
VALUES = {"code": "140225", "name": "浑源县"}
ROOT = "140225浑源县国土空间总体规划"
TEXT = "2-规划文档/140225浑源县国土空间总体规划文本.pdf"
MAPS = "4-规划图件"


@pytest.fixture
def package(tmp_path):
    """Write the files of a package without its database, and a folder outside of it."""
    folder = tmp_path / ROOT
    for path, content in COMPLETE.items():
        if ".gdb" not in path:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
    outside = tmp_path / "别处"
    outside.mkdir()
    (outside / "秘密.jpg").write_bytes(b"\xff\xd8\xff")
    return folder


def make_link(package, place, to):
    path = package / place
    if path.exists():
        path.unlink()
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(package.parent / to, target_is_directory=(package.parent / to).is_dir())


def find_links(package):
    report = inspect_package(package, SPEC, Options()).report
    return [(f.case, f.params["file"], f.severity) for f in report.findings if f.code == "DOC005"], report


@pytest.mark.parametrize(
    ("place", "to"),
    [
        (f"{MAPS}/更多图件", "别处"),
        (f"{MAPS}/140225浑源县02图.jpg", "别处/秘密.jpg"),
        (TEXT, "别处/秘密.jpg"),
        ("2-规划文档/链接.pdf", "没有这个"),
        (MANIFEST, "别处/秘密.jpg"),
        ("3-规划表格/140225浑源县国土空间规划表格.xlsx", "别处/秘密.jpg"),
        ("SHA256SUMS", "别处/秘密.jpg"),
        (MAPS + "2", ROOT),
    ],
    ids=["a folder", "a map", "the text", "nowhere", "the manifest", "a workbook", "a list of digests", "the package itself"],
)  # fmt: skip
def test_link_is_reported_and_not_followed(package, place, to):
    make_link(package, place, to)
    facts = collect_package_facts(package, SPEC)
    (link,) = [file for file in facts.files if file.link]
    assert (link.path, link.size, link.head, link.sha256, link.picture) == (place, 0, b"", "", None)
    assert "秘密" not in "".join(file.path for file in facts.files)
    assert not facts.workbooks or place not in [book.file for book in facts.workbooks]
    found, report = find_links(package)
    assert found == [("link", place, Severity.ERROR)]
    assert not any(f.params.get("file") == place for f in report.findings if f.code in ("DOC003", "DOC004"))
    (finding,) = [f for f in report.findings if f.case == "link"]
    assert "链接" in finding.message and "请" in finding.message


@pytest.mark.parametrize("part", [False, True], ids=["the whole database", "a part of it"])
def test_database_behind_a_link_is_not_opened(package, part, monkeypatch):
    """GDAL itself would follow the link."""
    import pyogrio

    place = DATABASE if not part else f"{DATABASE}/a00000001.gdbtable"
    (package / DATABASE).parent.mkdir(parents=True)
    if part:
        (package / DATABASE).mkdir()
        (package / DATABASE / "gdb").write_bytes(b"x")
    make_link(package, place, "别处")

    def refuse_open(source, *args, **more):
        raise AssertionError(f"{source} was opened")

    monkeypatch.setattr(pyogrio, "list_layers", refuse_open)
    found, report = find_links(package)
    assert found == [("link", place, Severity.ERROR)]
    assert "data" in {f.case for f in report.findings if f.code == "DOC002"}


def test_geopackage_behind_a_link_is_not_opened(package):
    write_gpkg(package.parent / "别处" / "a.gpkg")
    make_link(package, "1-空间数据/140225浑源县国土空间规划矢量数据.gpkg", "别处/a.gpkg")
    found, report = find_links(package)
    assert [case for case, *_ in found] == ["link"] and not report.provenance["layers"]


def test_listed_file_replaced_by_a_link_is_reported_as_changed(package):
    import json

    listed = [{"path": TEXT, "sha256": hashlib.sha256(COMPLETE[TEXT]).hexdigest()}]
    manifest = {"schema": SCHEMA, "check": {"verdict": "pass"}, "files": listed, "layers": []}
    (package / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    (package.parent / "别处" / "文本.pdf").write_bytes(COMPLETE[TEXT])
    make_link(package, TEXT, "别处/文本.pdf")
    make_link(package, f"{MAPS}/更多", "别处")
    _, report = find_links(package)
    changed = [(f.case, f.params["file"]) for f in report.findings if f.code == "DOC006"]
    assert ("changed", TEXT) in changed and not [case for case, file in changed if file.endswith("更多")]


def test_files_below_lists_a_folder_link_without_entering(package):
    (package / "a").mkdir()
    (package / "a" / "b").symlink_to(package, target_is_directory=True)
    names = [name for name, _ in files_below(package)]
    assert "a/b" in names and len(names) == len(set(names)) and not any(n.startswith("a/b/") for n in names)


def test_windows_junction_is_a_link(tmp_path, monkeypatch):
    """os.walk of Python 3.11 enters junctions."""
    from plugin.core.files import digests as hashes

    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.txt").write_bytes(b"x")
    real = os.lstat

    class Junction:
        st_reparse_tag = 0xA0000003

        def __init__(self, found):
            self.st_mode = found.st_mode

    monkeypatch.setattr(hashes.os, "lstat", lambda path: Junction(real(path)) if Path(path).name == "a" else real(path))
    assert [name for name, _ in files_below(tmp_path)] == ["a"] and hashes.is_link(tmp_path / "a")


@pytest.mark.parametrize(
    "place", [f"{MAPS}/更多图件", f"{MAPS}/140225浑源县01三条控制线图.jpg", TEXT, "Thumbs.db"],
    ids=["a folder", "by a slot's name", "by a listed name", "by a stray's name"],
)  # fmt: skip
def test_package_with_a_link_is_not_replaced(package, place):
    """Its content is outside the package, but the link would be lost."""
    import json

    manifest = {
        "schema": SCHEMA,
        "check": {"verdict": "pass"},
        "files": [{"path": TEXT, "sha256": "0" * 64}],
        "layers": [],
    }
    (package / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    check_target(package, (), SPEC, VALUES)
    make_link(package, place, "别处" if place.endswith("更多图件") else "别处/秘密.jpg")
    with pytest.raises(OutputError) as caught:
        check_target(package, (), SPEC, VALUES)
    assert caught.value.key == "package_has_more" and Path(place).name in explain_error(caught.value)
