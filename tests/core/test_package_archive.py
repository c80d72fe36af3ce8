# SPDX-License-Identifier: GPL-2.0-or-later
"""Archives as other systems pack them: names without a mark of their codec, folders with backslashes, streams that broke."""

import io
import random
import zipfile

import pytest

from plugin.core.errors import InputError
from plugin.core.exchange.package.inspection.archive import unpacked

ROOT = "140225浑源县国土空间总体规划"


def packed(path, entries):
    """A zip of (name, content); a name as bytes is written as it stands, without the mark for UTF-8."""
    made = io.BytesIO()
    raw = {}
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for number, (name, content) in enumerate(entries):
            if isinstance(name, bytes):
                # As long, and known again below.
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


def inside(path):
    with unpacked(path) as folder:
        return folder.name, {p.relative_to(folder).as_posix() for p in folder.rglob("*")}


@pytest.mark.parametrize("codec", ["utf-8", "gbk"])
def test_names_without_a_mark_of_their_codec(tmp_path, codec):
    """macOS packs UTF-8 and does not say so, a Chinese Windows GBK."""
    names = [f"{ROOT}/2-规划文档/说明.txt", f"{ROOT}/4-规划图件/图.jpg"]
    path = packed(tmp_path / "成果.zip", [(name.encode(codec), b"x") for name in names])
    assert inside(path) == (ROOT, {"2-规划文档", "2-规划文档/说明.txt", "4-规划图件", "4-规划图件/图.jpg"})


def test_folders_that_end_in_a_backslash(tmp_path):
    """As .NET packed them for years."""
    entries = [("成果\\", b""), ("成果\\数据\\", b""), ("成果\\数据\\a.txt", b"x")]
    assert inside(packed(tmp_path / "a.zip", entries)) == ("成果", {"数据", "数据/a.txt"})


def test_streams_that_broke_on_the_way(tmp_path):
    path = packed(tmp_path / "a.zip", [("a.txt", b"".join(b"line %d\n" % k for k in range(3000)))])
    whole = path.read_bytes()
    for seed in range(40):
        dice = random.Random(seed)
        broken = bytearray(whole)
        for _ in range(5):
            broken[60 + dice.randrange(3000)] ^= dice.randrange(1, 256)
        path.write_bytes(bytes(broken))
        with pytest.raises(InputError) as caught:
            inside(path)
        assert caught.value.key == "package_zip_damaged"
