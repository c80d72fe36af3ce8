# SPDX-License-Identifier: GPL-2.0-or-later
"""Environment check (环境自检): required libraries, versions found, and remedies.

Imports libraries only on demand, and only the required ones: QGIS starts without any of them.
"""

from __future__ import annotations

import importlib
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass

from qgis.core import Qgis
from qgis.PyQt.QtCore import qVersion

from ..core.cancellation import NEVER_CANCELLED, Cancellation
from ..core.errors import SanxianError
from ..core.messages.texts import Texts
from .settings import get_interface_language

VERSION_OK, VERSION_TOO_OLD, LIBRARY_MISSING, OPTIONAL_LIBRARY_ABSENT = "ok", "old", "missing", "absent"

#: Library → oldest supported version.
REQUIRED_LIBRARY_MIN_VERSIONS = {
    "numpy": "1.24",
    "shapely": "2.0",
    "pyproj": "3.4",
    "pandas": "2.0",
    "geopandas": "1.0",
    "pyogrio": "0.7",
}
#: Optional: the core works without them.
OPTIONAL_LIBRARY_MIN_VERSIONS = {"jinja2": "3.0", "openpyxl": "3.0", "fiona": "1.9"}
QGIS_MINIMUM = "3.40"


@dataclass(frozen=True)
class LibraryState:
    """State of one library or program in the environment check.

    ``state``: ok, old, missing, or absent (missing but optional); ``oldest_working_version``: the oldest version that
    works, empty if any does; ``detail``: error of its import.
    """

    name: str
    version: str
    state: str
    oldest_working_version: str = ""
    detail: str = ""


class MissingLibraries(SanxianError):
    """Error for missing libraries that a check needs."""


def check_libraries() -> list[LibraryState]:
    """Import the libraries that a check needs, and return their states."""
    return [_check_library(name, oldest) for name, oldest in REQUIRED_LIBRARY_MIN_VERSIONS.items()]


def require_libraries(cancellation: Cancellation = NEVER_CANCELLED) -> None:
    """Raise MissingLibraries if a check cannot run here.

    The error contains missing libraries and remedy. The first call loads the libraries, which takes a moment; it can be
    cancelled between two of them.
    """
    missing_libraries = []
    for name, oldest in REQUIRED_LIBRARY_MIN_VERSIONS.items():
        cancellation.raise_if_cancelled()
        item = _check_library(name, oldest)
        if item.state != VERSION_OK:
            missing_libraries.append(item)
    if missing_libraries:
        lang = get_interface_language()
        raise MissingLibraries(
            "environment_lacking",
            libraries=describe_libraries(missing_libraries, lang),
            remedy=describe_library_installation(lang),
        )


def describe_libraries(items: list[LibraryState], lang: str) -> str:
    """Return the states of libraries as text for a sentence: ``geopandas ≥ 1.0 (missing)``."""
    environment_texts = Texts(lang).get_section("environment")
    entries = [
        f"{i.name} ≥ {i.oldest_working_version} ({i.detail or i.version or environment_texts[i.state]})" for i in items
    ]
    return ", ".join(entries)


def describe_library_installation(lang: str) -> str:
    """Return a text on how to install missing Python libraries on this operating system."""
    system = {"Windows": "windows", "Darwin": "macos"}.get(platform.system(), "linux")
    return Texts(lang).get("environment", system)


def make_health_report(lang: str) -> tuple[list[tuple[str, str]], bool]:
    """Return the lines of the environment check, and True if checks can run.

    Each line is (state, sentence) of a library or program; the last line is the conclusion.
    """
    texts = Texts(lang)
    lines = []
    is_healthy = True
    for item in iterate_machine_facts():
        key = "line_needed" if item.state == VERSION_TOO_OLD or item.state == LIBRARY_MISSING else "line"
        state = texts.get("environment", item.state)
        name = f"{item.name} {item.version}".strip()
        line = texts.get("environment", key, name=name, state=state, needed=item.oldest_working_version)
        lines.append((item.state, f"{line} ({item.detail})" if item.detail else line))
        is_healthy = is_healthy and item.state in (VERSION_OK, OPTIONAL_LIBRARY_ABSENT)
    closing = (
        texts.get("environment", "good")
        if is_healthy
        else texts.get("environment", "bad", remedy=describe_library_installation(lang))
    )
    return [*lines, (VERSION_OK if is_healthy else LIBRARY_MISSING, closing)], is_healthy


def iterate_machine_facts() -> Iterator[LibraryState]:
    """Yield the states of QGIS, Python and all libraries, which the tool `doctor` reports."""
    version = Qgis.version()
    yield LibraryState(
        "QGIS", version, VERSION_OK if _is_version_at_least(version, QGIS_MINIMUM) else VERSION_TOO_OLD, QGIS_MINIMUM
    )
    yield LibraryState("Qt", qVersion(), VERSION_OK)
    yield LibraryState(
        "Python",
        platform.python_version(),
        VERSION_OK if _is_version_at_least(platform.python_version(), "3.11") else VERSION_TOO_OLD,
        "3.11",
    )
    yield from _list_qgis_libraries()
    yield from check_libraries()
    for name, oldest in OPTIONAL_LIBRARY_MIN_VERSIONS.items():
        library_state = _check_library(name, oldest)
        yield LibraryState(
            name,
            library_state.version,
            VERSION_OK if library_state.state == VERSION_OK else OPTIONAL_LIBRARY_ABSENT,
            oldest,
            library_state.detail,
        )


def _list_qgis_libraries() -> Iterator[LibraryState]:
    from osgeo import gdal
    from qgis.core import QgsProjUtils

    yield LibraryState("GDAL", gdal.VersionInfo("RELEASE_NAME"), VERSION_OK)
    yield LibraryState("GEOS", Qgis.geosVersion(), VERSION_OK)
    major, minor = QgsProjUtils.projVersionMajor(), QgsProjUtils.projVersionMinor()
    yield LibraryState("PROJ", f"{major}.{minor}", VERSION_OK)


def _check_library(name: str, oldest_version: str) -> LibraryState:
    try:
        version = str(getattr(importlib.import_module(name), "__version__", ""))
    except ModuleNotFoundError as error:
        # A library that exists but lacks another one counts as missing; its message names the other one.
        return LibraryState(name, "", LIBRARY_MISSING, oldest_version, "" if error.name == name else str(error))
    except Exception as error:
        # Built for another numpy, a DLL not found: whatever the cause, nothing can use the library.
        return LibraryState(name, "", LIBRARY_MISSING, oldest_version, f"{type(error).__name__}: {error}")
    return LibraryState(
        name, version, VERSION_OK if _is_version_at_least(version, oldest_version) else VERSION_TOO_OLD, oldest_version
    )


def _is_version_at_least(version: str, oldest_version: str) -> bool:
    return _parse_version(version) >= _parse_version(oldest_version)


def _parse_version(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", version.split("-")[0])[:3])
