# SPDX-License-Identifier: GPL-2.0-or-later
"""Zip archives from other systems: name encodings, backslashes, damaged data."""

import io
import os
import random
import zipfile
from pathlib import Path

import pytest

from plugin.core.base.errors import InputError, OutputError
from plugin.core.base.files.digests import MANIFEST_FILE_NAME, MANIFEST_SCHEMA, iterate_files_below
from plugin.core.cli.examples.package_facts import COMPLETE_PACKAGE_FILES, DATABASE
from plugin.core.model.rule import Severity
from plugin.core.package.gate import check_target_is_replaceable
from plugin.core.package.inspection.archive import (
    list_files_outside_package,
    unpack_package,
)
from plugin.core.package.inspection.collect_facts import collect_package_facts
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.options import RunOptions
from tests.core.small_plan import explain_error

PACKAGE_ROOT = "140225浑源县国土空间总体规划"


def write_zip(path, entries):
    """Write a zip of (name, content) pairs.

    A name in bytes is stored unchanged and without the flag for UTF-8.
    """
    made = io.BytesIO()
    raw = {}
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for number, (name, content) in enumerate(entries):
            if isinstance(name, bytes):
                # A placeholder of equal length, replaced below.
                stand_in = f"{number:0{len(name)}d}"
                raw[stand_in.encode()] = name
                name = stand_in
            file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    data = made.getvalue()
    for stand_in, name in raw.items():
        assert data.count(stand_in) == 2
        data = data.replace(stand_in, name)
    path.write_bytes(data)
    return path


def list_unpacked_files(path):
    """Return the name of the unpacked package folder, and the paths of its files."""
    with unpack_package(path) as folder:
        return folder.name, {p.relative_to(folder).as_posix() for p in folder.rglob("*")}


@pytest.mark.parametrize("codec", ["utf-8", "gbk"])
def test_zip_entry_names_without_an_encoding_flag_are_decoded(tmp_path, codec):
    """Read names in UTF-8 as macOS writes them and in GBK as Chinese Windows does."""
    names = [f"{PACKAGE_ROOT}/2-规划文档/说明.txt", f"{PACKAGE_ROOT}/4-规划图件/图.jpg"]
    path = write_zip(tmp_path / "成果.zip", [(name.encode(codec), b"x") for name in names])
    assert list_unpacked_files(path) == (
        PACKAGE_ROOT,
        {"2-规划文档", "2-规划文档/说明.txt", "4-规划图件", "4-规划图件/图.jpg"},
    )


def test_zip_folder_entries_that_end_in_a_backslash_are_read(tmp_path):
    """Read entries of folders as old versions of .NET write them."""
    entries = [("成果\\", b""), ("成果\\数据\\", b""), ("成果\\数据\\a.txt", b"x")]
    assert list_unpacked_files(write_zip(tmp_path / "a.zip", entries)) == ("成果", {"数据", "数据/a.txt"})


@pytest.mark.parametrize("packing", ["folder", "zip"])
@pytest.mark.parametrize("sign", ["manifest", "name"])
def test_source_with_several_packages_is_refused_with_their_names(tmp_path, sign, packing):
    """Require an error that names the packages in a folder or zip of several."""
    names = ("上报稿", "修改稿") if sign == "manifest" else (PACKAGE_ROOT, "140226左云县国土空间总体规划")
    file = "manifest.json" if sign == "manifest" else "2-规划文档/说明.txt"
    if packing == "zip":
        path = write_zip(tmp_path / "两个.zip", [(f"各县/{name}/{file}", b"{}") for name in names])
    else:
        path = tmp_path / "两个"
        for name in names:
            place = path / "各县" / name / file
            place.parent.mkdir(parents=True)
            place.write_text("{}")
    with pytest.raises(InputError) as caught, unpack_package(path, root_pattern="{code}{name}国土空间总体规划"):
        pass
    assert caught.value.key == "package_several" and caught.value.params["count"] == 2
    assert all(name in Texts("zh").explain_error(caught.value) for name in names)


@pytest.mark.parametrize("name", [PACKAGE_ROOT, "上报稿"])
def test_package_that_contains_older_packages_counts_as_one_package(tmp_path, name):
    """Accept a package with older packages inside; inspection reports their files."""
    for nested in ("旧", "更旧"):
        (tmp_path / name / nested).mkdir(parents=True)
        (tmp_path / name / nested / "manifest.json").write_text("{}")
    (tmp_path / name / "manifest.json").write_text("{}")
    with unpack_package(tmp_path / name, root_pattern="{code}{name}国土空间总体规划") as folder:
        assert folder.name == name


PACKAGE_FOLDERS = ("1-空间数据", "2-规划文档")


def find_package_in_source(path):
    """Return the name of the package found in a folder or zip, and the names of its entries."""
    with unpack_package(path, root_pattern="{code}{name}国土空间总体规划", folders=PACKAGE_FOLDERS) as folder:
        return folder.name, {p.name for p in folder.iterdir()}


@pytest.mark.parametrize("packing", ["folder", "zip"])
@pytest.mark.parametrize(
    ("wrapped", "other_files"),
    [
        (f"报送材料/20261120/{PACKAGE_ROOT}/2-规划文档/说明.txt", []),
        (f"报送材料/20261120/{PACKAGE_ROOT}/2-规划文档/说明.txt", ["报送材料/来函.pdf", "报送材料/数据说明/a.txt"]),
        ("报送/上报稿/2-规划文档/说明.txt", ["报送/来函.pdf"]),
        ("报送/上报稿/manifest.json", ["来函.pdf"]),
        (f"{PACKAGE_ROOT}/{PACKAGE_ROOT}/正文/说明.txt", []),
    ],
)
def test_package_inside_any_wrapping_folder_of_a_zip_is_found(tmp_path, wrapped, other_files, packing):
    entries = dict.fromkeys((wrapped, *other_files), b"{}")
    if packing == "zip":
        path = write_zip(tmp_path / f"{PACKAGE_ROOT}.zip", entries.items())
    else:
        path = tmp_path / "选的"
        for name, content in entries.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
    *_, name, content_folder, _ = wrapped.split("/") if "manifest" not in wrapped else (*wrapped.split("/"), "")
    assert find_package_in_source(path) == (name, {content_folder})


@pytest.mark.parametrize(
    ("entries", "key"),
    [
        ([], "package_empty"),
        ([("数据/", b""), ("Thumbs.db", b"x")], "package_empty"),
        ([("内.zip", b"PK")], "package_only_archives"),
        ([("报送/内.rar", b"x"), ("报送/外.7z", b"x")], "package_only_archives"),
    ],
)
def test_source_without_a_package_is_refused(tmp_path, entries, key):
    with pytest.raises(InputError) as caught:
        find_package_in_source(write_zip(tmp_path / f"{PACKAGE_ROOT}.zip", entries))
    assert caught.value.key == key and "{" not in Texts("zh").explain_error(caught.value)


def test_folder_inside_a_package_is_refused_as_a_package(tmp_path):
    place = tmp_path / PACKAGE_ROOT / "1-空间数据"
    place.mkdir(parents=True)
    (place.parent / "manifest.json").write_text("{}")
    (place / "a.txt").write_text("x")
    with pytest.raises(InputError) as caught:
        find_package_in_source(place)
    assert caught.value.key == "package_part_of_one" and PACKAGE_ROOT in Texts("zh").explain_error(caught.value)


def test_zip_with_bytes_before_its_first_entry_is_refused(tmp_path):
    """Write bytes before the zip data, as self-extracting archives have."""
    path = write_zip(tmp_path / "a.zip", [(f"{PACKAGE_ROOT}/manifest.json", b"{}")])
    path.write_bytes(b"MZ" + b"\0" * 998 + path.read_bytes())
    with pytest.raises(InputError) as caught:
        list_unpacked_files(path)
    assert caught.value.key == "package_zip_head" and caught.value.params["count"] == 1000
    assert "1000" in Texts("zh").explain_error(caught.value)


def test_paths_of_files_next_to_the_package_folder_in_a_zip_are_returned_without_system_files(tmp_path):
    inside = [(f"{PACKAGE_ROOT}/manifest.json", b"{}"), (f"{PACKAGE_ROOT}/2-规划文档/a.pdf", b"%PDF")]
    others = [
        ("readme.txt", b"x"),
        ("别处/审查意见.docx", b"x"),
        (f"__MACOSX/{PACKAGE_ROOT}/._a", b"x"),
        ("Thumbs.db", b"x"),
    ]
    path = write_zip(tmp_path / "a.zip", [*inside, *others])
    assert list_files_outside_package(path, PACKAGE_ROOT)[0] == ("readme.txt", "别处/审查意见.docx")
    deeper = write_zip(tmp_path / "b.zip", [(f"报送/{name}", content) for name, content in inside])
    flat = write_zip(tmp_path / "c.zip", [("manifest.json", b"{}"), ("readme.txt", b"x")])
    assert [list_files_outside_package(one, PACKAGE_ROOT)[0] for one in (deeper, flat, tmp_path)] == [(), (), ()]


def test_hidden_files_that_operating_systems_leave_in_a_zip_are_listed(tmp_path):
    entries = [("__MACOSX/a/._b.txt", b"x"), ("a/b.txt", b"x"), (".DS_Store", b"x"), ("说明.txt", b"x")]
    path = write_zip(tmp_path / "a.zip", entries)
    assert list_files_outside_package(path, "a")[1] == ("__MACOSX", ".DS_Store")
    assert list_files_outside_package(tmp_path, "a") == ((), ())


COUNTY_SPEC = load_package_spec("county")
ROOT_NAME_VALUES = {"code": "140225", "name": "浑源县"}
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
    from plugin.core.base.files import digests as hashes

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


def test_zip_with_damaged_data_is_refused(tmp_path):
    path = write_zip(tmp_path / "a.zip", [("a.txt", b"".join(b"line %d\n" % k for k in range(3000)))])
    whole = path.read_bytes()
    for seed in range(5):
        dice = random.Random(seed)
        broken = bytearray(whole)
        for _ in range(5):
            broken[60 + dice.randrange(3000)] ^= dice.randrange(1, 256)
        path.write_bytes(bytes(broken))
        with pytest.raises(InputError) as caught:
            list_unpacked_files(path)
        assert caught.value.key == "package_zip_damaged"
