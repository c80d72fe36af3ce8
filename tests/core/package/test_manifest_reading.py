# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading of the manifest: valid, changed, missing, newer and damaged files."""

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
    read_manifest,
    write_digest,
)

WHOLE = {
    "schema": SCHEMA,
    "check": {"verdict": "pass"},
    "files": [{"path": "a.txt", "sha256": "0" * 64}],
    "layers": [{"layer": "CZKFBJ", "file": "a.gdb", "features": 3}],
    "maps": [{"file": "a.jpg", "origin": "made"}],
}


def write_manifest(folder, content):
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def test_written_manifest_is_read_with_its_state(tmp_path):
    write_manifest(tmp_path, WHOLE)
    write_digest(tmp_path)
    assert read_manifest(tmp_path) == (WHOLE, OK)
    write_manifest(tmp_path, {**WHOLE, "more": 1})
    assert read_manifest(tmp_path) == ({**WHOLE, "more": 1}, CHANGED)


def test_missing_manifest_gives_none(tmp_path):
    assert read_manifest(tmp_path) == (None, MISSING)
    (tmp_path / MANIFEST).mkdir()
    assert read_manifest(tmp_path) == (None, MISSING)


def test_manifest_without_maps_is_read(tmp_path):
    write_manifest(tmp_path, {key: value for key, value in WHOLE.items() if key != "maps"})
    assert read_manifest(tmp_path)[1] == CHANGED


def test_manifest_of_a_later_version_is_recognized(tmp_path):
    name, _, version = SCHEMA.partition("/")
    write_manifest(tmp_path, {"schema": f"{name}/{int(version) + 1}"})
    assert read_manifest(tmp_path) == (None, LATER)


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
def test_damaged_manifest_gives_none(tmp_path, content):
    write_manifest(tmp_path, content)
    assert read_manifest(tmp_path) == (None, DAMAGED)


def test_undecodable_manifest_gives_none(tmp_path):
    (tmp_path / MANIFEST).write_bytes(b"\xff\xfe\xff")
    assert read_manifest(tmp_path) == (None, DAMAGED)
