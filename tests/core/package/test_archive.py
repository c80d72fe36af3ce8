# SPDX-License-Identifier: GPL-2.0-or-later
"""Zip archives from other systems: name encodings, backslashes, damaged data."""

import io
import random
import struct
import zipfile

import pytest

from plugin.core.errors import InputError
from plugin.core.messages.texts import Texts
from plugin.core.package.inspection.archive import (
    count_hidden_bytes,
    list_files_outside_package,
    list_system_files,
    read_archive_comments,
    unpack_package,
)

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


def test_zip_with_damaged_data_is_refused(tmp_path):
    path = write_zip(tmp_path / "a.zip", [("a.txt", b"".join(b"line %d\n" % k for k in range(3000)))])
    whole = path.read_bytes()
    for seed in range(40):
        dice = random.Random(seed)
        broken = bytearray(whole)
        for _ in range(5):
            broken[60 + dice.randrange(3000)] ^= dice.randrange(1, 256)
        path.write_bytes(bytes(broken))
        with pytest.raises(InputError) as caught:
            list_unpacked_files(path)
        assert caught.value.key == "package_zip_damaged"


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


def add_archive_comment(file):
    file.comment = "已批准".encode("gbk")


def add_entry_comment(file):
    file.infolist()[0].comment = "已批准".encode()


@pytest.mark.parametrize("add_comment", [add_archive_comment, add_entry_comment])
def test_comment_of_a_zip_in_gbk_and_comment_of_a_zip_entry_in_utf_8_are_read(tmp_path, add_comment):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.txt", b"x")
        add_comment(file)
    assert read_archive_comments(path) == "已批准"


def test_bytes_after_the_end_of_a_zip_are_read_as_its_comment(tmp_path):
    path = write_zip(tmp_path / "a.zip", [("a.txt", b"x")])
    path.write_bytes(path.read_bytes() + b"approved\x00\x01")
    assert read_archive_comments(path) == "approved"
    path.write_bytes(path.read_bytes()[: -len(b"approved\x00\x01")] + b"\x00\x01")
    assert read_archive_comments(path) == "2 B"


def test_comment_of_a_zip_without_one_of_a_folder_and_of_a_damaged_zip_is_empty(tmp_path):
    path = write_zip(tmp_path / "a.zip", [("a.txt", b"x")])
    damaged = tmp_path / "b.zip"
    damaged.write_bytes(path.read_bytes()[:-30])
    assert [read_archive_comments(one) for one in (path, tmp_path, damaged)] == ["", "", ""]


def test_paths_of_files_next_to_the_package_folder_in_a_zip_are_returned_without_system_files(tmp_path):
    inside = [(f"{PACKAGE_ROOT}/manifest.json", b"{}"), (f"{PACKAGE_ROOT}/2-规划文档/a.pdf", b"%PDF")]
    others = [
        ("readme.txt", b"x"),
        ("别处/审查意见.docx", b"x"),
        (f"__MACOSX/{PACKAGE_ROOT}/._a", b"x"),
        ("Thumbs.db", b"x"),
    ]
    path = write_zip(tmp_path / "a.zip", [*inside, *others])
    assert list_files_outside_package(path, PACKAGE_ROOT) == ("readme.txt", "别处/审查意见.docx")
    deeper = write_zip(tmp_path / "b.zip", [(f"报送/{name}", content) for name, content in inside])
    flat = write_zip(tmp_path / "c.zip", [("manifest.json", b"{}"), ("readme.txt", b"x")])
    assert [list_files_outside_package(one, PACKAGE_ROOT) for one in (deeper, flat, tmp_path)] == [(), (), ()]


class UnseekableFile(io.RawIOBase):
    """A file without seeking, to which zipfile therefore writes data descriptors."""

    def __init__(self):
        self.content = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.content += data
        return len(data)


def insert_before_directory(data: bytes, hidden: bytes) -> bytes:
    """Return a zip with bytes before its directory and the right place of the directory."""
    end = data.rindex(b"PK\x05\x06")
    (start,) = struct.unpack_from("<I", data, end + 16)
    moved = data[end : end + 16] + struct.pack("<I", start + len(hidden)) + data[end + 20 :]
    return data[:start] + hidden + data[start:end] + moved


def test_bytes_that_belong_to_no_file_of_a_zip_are_counted(tmp_path):
    path = write_zip(tmp_path / "a.zip", [("a/b.txt", b"x" * 99), ("a/c.txt", b"")])
    data = path.read_bytes()
    assert count_hidden_bytes(path) == 0
    path.write_bytes(insert_before_directory(data, b"PK\x03\x04hidden"))
    assert zipfile.ZipFile(path).testzip() is None and count_hidden_bytes(path) == 10
    # An entry that the directory does not list is between the others.
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        for name in ("a.txt", "b.txt", "c.txt"):
            archive.writestr(name, name)
        del archive.filelist[1]
    assert count_hidden_bytes(tmp_path / "b.zip") == 30 + 2 * len("b.txt")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_data_descriptors_of_zip_entries_are_not_counted_as_hidden_bytes(tmp_path, method):
    stream = UnseekableFile()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("a.txt", b"x" * 500)
        with archive.open(zipfile.ZipInfo("b.txt"), "w", force_zip64=True) as entry:
            entry.write(b"y" * 500)
    path = tmp_path / "a.zip"
    path.write_bytes(bytes(stream.content))
    assert path.read_bytes().count(b"PK\x07\x08") == 2 and count_hidden_bytes(path) == 0


def test_hidden_files_that_operating_systems_leave_in_a_zip_are_listed(tmp_path):
    entries = [("__MACOSX/a/._b.txt", b"x"), ("a/b.txt", b"x"), (".DS_Store", b"x"), ("说明.txt", b"x")]
    path = write_zip(tmp_path / "a.zip", entries)
    assert list_system_files(path) == ("__MACOSX", ".DS_Store")
    assert list_system_files(tmp_path) == () and count_hidden_bytes(tmp_path) == 0


def test_damaged_zip_has_no_system_files_and_no_hidden_bytes(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x05\x06")
    assert list_system_files(tmp_path / "a.zip") == () and count_hidden_bytes(tmp_path / "a.zip") == 0
