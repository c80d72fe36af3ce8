# SPDX-License-Identifier: GPL-2.0-or-later
"""A manifest is read in one place, and nothing that is none is taken for one."""

import json

import pytest

from plugin.core.files.digests import (
    CHANGED,
    DAMAGED,
    LATER,
    MANIFEST,
    MISSING,
    OK,
    SCHEMA,
    told_manifest,
    write_digest,
)

WHOLE = {
    "schema": SCHEMA,
    "check": {"verdict": "pass"},
    "files": [{"path": "a.txt", "sha256": "0" * 64}],
    "layers": [{"layer": "CZKFBJ", "file": "a.gdb", "features": 3}],
    "maps": [{"file": "a.jpg", "origin": "made"}],
}


def put(folder, content):
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def test_one_as_it_was_written(tmp_path):
    put(tmp_path, WHOLE)
    write_digest(tmp_path)
    assert told_manifest(tmp_path) == (WHOLE, OK)
    put(tmp_path, {**WHOLE, "more": 1})
    assert told_manifest(tmp_path) == ({**WHOLE, "more": 1}, CHANGED)


def test_none(tmp_path):
    assert told_manifest(tmp_path) == (None, MISSING)
    (tmp_path / MANIFEST).mkdir()
    assert told_manifest(tmp_path) == (None, MISSING)


def test_one_of_before_there_were_maps(tmp_path):
    put(tmp_path, {key: value for key, value in WHOLE.items() if key != "maps"})
    assert told_manifest(tmp_path)[1] == CHANGED


def test_one_of_a_later_version(tmp_path):
    name, _, version = SCHEMA.partition("/")
    put(tmp_path, {"schema": f"{name}/{int(version) + 1}"})
    assert told_manifest(tmp_path) == (None, LATER)


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[" * 100_000, "7", "null", "[]", {}, {"schema": SCHEMA}, {"schema": "another/1"}, {"schema": ["x"]},
        {**WHOLE, "check": {}}, {**WHOLE, "check": None}, {**WHOLE, "files": None}, {**WHOLE, "files": ["a.txt"]},
        {**WHOLE, "files": [{"path": "a.txt"}]}, {**WHOLE, "files": [{"path": 7, "sha256": "0"}]},
        {**WHOLE, "layers": {}}, {**WHOLE, "layers": [{"layer": "CZKFBJ", "file": "a.gdb", "features": "3"}]},
        {**WHOLE, "maps": 7}, {**WHOLE, "maps": [None]}, {**WHOLE, "maps": [{"file": "a.jpg"}]},
    ],
)  # fmt: skip
def test_one_that_is_damaged(tmp_path, content):
    put(tmp_path, content)
    assert told_manifest(tmp_path) == (None, DAMAGED)


def test_one_in_no_known_encoding(tmp_path):
    (tmp_path / MANIFEST).write_bytes(b"\xff\xfe\xff")
    assert told_manifest(tmp_path) == (None, DAMAGED)
