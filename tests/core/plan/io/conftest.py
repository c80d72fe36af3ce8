# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the tests that read data."""

import tempfile

import pytest


@pytest.fixture
def temporary_folder(tmp_path, monkeypatch):
    """Let all temporary files of a test be made in a folder, which is returned."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder
