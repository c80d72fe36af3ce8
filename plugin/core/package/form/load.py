# SPDX-License-Identifier: GPL-2.0-or-later
"""The form of a package by its id or file, sound by itself and with its standard."""

from __future__ import annotations

from pathlib import Path

from ...files.data import Complaints
from .complaints import against_standard
from .model import PackageProfile
from .read import package_file, read_form


def load_package(name: str | Path) -> PackageProfile:
    """A form of package by id or path. DataError names file and key of the first slip: of its own, or against its standard,
    for a field that no layer has would not be written, and of two files in one place one would be lost."""
    form = read_form(package_file(name), Complaints())
    against_standard(form, Complaints())
    return form
