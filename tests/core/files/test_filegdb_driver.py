# SPDX-License-Identifier: GPL-2.0-or-later
"""Versions of GDAL that damage an edited FileGDB."""

import pytest

from plugin.core.files import filegdb_driver


@pytest.mark.parametrize(
    ("version", "is_damaging"), [("3.6.2", True), ("3.8.5", True), ("3.9.0", False), ("3.10.3", False), ("", False)]
)
def test_driver_damages_rows_before_version_3_9(monkeypatch, version, is_damaging):
    monkeypatch.setattr(filegdb_driver, "read_gdal_version", lambda: version)
    assert filegdb_driver.does_driver_damage_rows() is is_damaging
