# SPDX-License-Identifier: GPL-2.0-or-later
"""Single values of a form of package, looked at. DataError names file, key and what is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyproj import CRS
from pyproj.exceptions import CRSError

from ...errors import DataError
from ...files.data import expect
from ..names import OWN_PLACEHOLDERS, SAMPLE, fill, name_problem, unknown_placeholder


def texts_of(value: Any, path: Path, where: str) -> dict[str, str]:
    expect(value, dict, file=path, key=where)
    return {key: expect(text, str, file=path, key=f"{where}.{key}") for key, text in value.items()}


def check_one_of(value: Any, known: Any, path: Path, key: str) -> None:
    if value not in known:
        raise DataError("data_value_unknown", file=str(path), key=key, value=value, known=", ".join(map(str, known)))


def check_no_two(values: list[str], path: Path, key: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise DataError("data_duplicate", file=str(path), key=key, value=value)


def check_pattern(pattern: str, path: Path, key: str, known: tuple[str, ...] = OWN_PLACEHOLDERS) -> None:
    """Of a name with placeholders: only such as are known, and a name that every system takes once they are filled."""
    check_placeholders(pattern, path, key, known)
    check_name(fill(pattern, SAMPLE), path, key)


def check_placeholders(text: str, path: Path, key: str, known: tuple[str, ...] = OWN_PLACEHOLDERS) -> None:
    unknown = unknown_placeholder(text, known)
    if unknown is not None:
        shown = " ".join(f"{{{name}}}" for name in known)
        raise DataError("package_placeholder", file=str(path), key=key, value=unknown, known=shown)


def check_name(name: str, path: Path, key: str) -> None:
    if problem := name_problem(name):
        raise DataError("package_name", file=str(path), key=key, value=name, detail=problem)


def check_reference(text: str, path: Path, key: str, vertical: bool = False) -> None:
    """Of a CRS: one of heights where asked, else of degrees or of a plane."""
    try:
        crs = CRS.from_user_input(text)
    except CRSError as error:
        raise DataError("package_crs", file=str(path), key=key, value=text) from error
    if crs.is_vertical is not vertical or (not vertical and not (crs.is_geographic or crs.is_projected)):
        raise DataError("package_crs", file=str(path), key=key, value=text)
