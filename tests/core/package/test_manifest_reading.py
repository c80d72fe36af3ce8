# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading the manifest of a package: valid, changed, missing, newer, damaged."""

import json

import pytest

from plugin.core.files.digests import (
    MANIFEST_CHANGED,
    MANIFEST_DAMAGED,
    MANIFEST_FILE_NAME,
    MANIFEST_MISSING,
    MANIFEST_OF_LATER_VERSION,
    MANIFEST_OK,
    MANIFEST_SCHEMA,
    read_manifest,
    write_manifest_digest,
)

COMPLETE_MANIFEST = {
    "schema": MANIFEST_SCHEMA,
    "check": {"verdict": "pass"},
    "files": [{"path": "a.txt", "sha256": "0" * 64}],
    "layers": [{"layer": "CZKFBJ", "file": "a.gdb", "features": 3}],
    "maps": [{"file": "a.jpg", "origin": "made"}],
}


def write_manifest(folder, content):
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / MANIFEST_FILE_NAME).write_text(text, encoding="utf-8")


def test_read_manifest_returns_the_state_changed_if_the_manifest_differs_from_its_digest(tmp_path):
    write_manifest(tmp_path, COMPLETE_MANIFEST)
    write_manifest_digest(tmp_path)
    assert read_manifest(tmp_path) == (COMPLETE_MANIFEST, MANIFEST_OK)
    write_manifest(tmp_path, {**COMPLETE_MANIFEST, "more": 1})
    assert read_manifest(tmp_path) == ({**COMPLETE_MANIFEST, "more": 1}, MANIFEST_CHANGED)


def test_read_manifest_returns_none_for_a_missing_manifest(tmp_path):
    assert read_manifest(tmp_path) == (None, MANIFEST_MISSING)
    (tmp_path / MANIFEST_FILE_NAME).mkdir()
    assert read_manifest(tmp_path) == (None, MANIFEST_MISSING)


def test_read_manifest_does_not_count_a_manifest_without_the_key_maps_as_damaged(tmp_path):
    write_manifest(tmp_path, {key: value for key, value in COMPLETE_MANIFEST.items() if key != "maps"})
    assert read_manifest(tmp_path)[1] == MANIFEST_CHANGED


def test_read_manifest_returns_none_and_a_separate_state_for_a_manifest_of_a_later_version(tmp_path):
    name, _, version = MANIFEST_SCHEMA.partition("/")
    write_manifest(tmp_path, {"schema": f"{name}/{int(version) + 1}"})
    assert read_manifest(tmp_path) == (None, MANIFEST_OF_LATER_VERSION)


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[" * 100_000, "7", "null", "[]", {}, {"schema": MANIFEST_SCHEMA}, {"schema": "another/1"}, {"schema": ["x"]},
        {**COMPLETE_MANIFEST, "check": {}}, {**COMPLETE_MANIFEST, "check": None}, {**COMPLETE_MANIFEST, "files": None}, {**COMPLETE_MANIFEST, "files": ["a.txt"]},
        {**COMPLETE_MANIFEST, "files": [{"path": "a.txt"}]}, {**COMPLETE_MANIFEST, "files": [{"path": 7, "sha256": "0"}]},
        {**COMPLETE_MANIFEST, "layers": {}}, {**COMPLETE_MANIFEST, "layers": [{"layer": "CZKFBJ", "file": "a.gdb", "features": "3"}]},
        {**COMPLETE_MANIFEST, "slots": "none"}, {**COMPLETE_MANIFEST, "slots": [{"id": ["text"], "files": []}]}, {**COMPLETE_MANIFEST, "tool": "sanxian"},
        {**COMPLETE_MANIFEST, "maps": 7}, {**COMPLETE_MANIFEST, "maps": [None]}, {**COMPLETE_MANIFEST, "maps": [{"file": "a.jpg"}]},
    ],
)  # fmt: skip
def test_read_manifest_returns_none_for_a_damaged_manifest(tmp_path, content):
    write_manifest(tmp_path, content)
    assert read_manifest(tmp_path) == (None, MANIFEST_DAMAGED)


def test_read_manifest_returns_none_for_an_undecodable_manifest(tmp_path):
    (tmp_path / MANIFEST_FILE_NAME).write_bytes(b"\xff\xfe\xff")
    assert read_manifest(tmp_path) == (None, MANIFEST_DAMAGED)
