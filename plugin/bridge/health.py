# SPDX-License-Identifier: GPL-2.0-or-later
"""环境自检: what the plugin needs of this machine, what it found, and how to get what is missing.

Imports the libraries only when asked, and never more than it was asked for: QGIS starts without any of them.
"""

from __future__ import annotations

import importlib
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass

from qgis.core import Qgis
from qgis.PyQt.QtCore import qVersion

from ..core.cancellation import NEVER, Cancellation
from ..core.errors import SanxianError
from ..core.messages.texts import Texts
from .settings import interface_language

OK, OLD, MISSING, ABSENT = "ok", "old", "missing", "absent"

#: Library → the oldest version that serves.
NEEDED = {
    "numpy": "1.24",
    "shapely": "2.0",
    "pyproj": "3.4",
    "pandas": "2.0",
    "geopandas": "1.0",
    "pyogrio": "0.7",
}
#: Nice to have: the core does without.
OPTIONAL = {"jinja2": "3.0", "openpyxl": "3.0", "fiona": "1.9"}
QGIS_MINIMUM = "3.40"


@dataclass(frozen=True)
class HealthItem:
    """One line of the state of the machine. ``state``: ok, old, missing, or absent (optional and not there)."""

    name: str
    version: str
    state: str
    needed: str = ""
    detail: str = ""


class MissingLibraries(SanxianError):
    """The libraries a check needs are not there."""


def check_libraries() -> list[HealthItem]:
    """The libraries that a check needs; imports them."""
    return [_library(name, oldest) for name, oldest in NEEDED.items()]


def require_libraries(cancellation: Cancellation = NEVER) -> None:
    """Raise EnvironmentLacking when a check cannot run here; the error says what is missing and how to get it.

    The first time this loads the libraries, which takes a moment; it can be cancelled between two of them.
    """
    lacking = []
    for name, oldest in NEEDED.items():
        cancellation.raise_if_cancelled()
        item = _library(name, oldest)
        if item.state != OK:
            lacking.append(item)
    if lacking:
        lang = interface_language()
        raise MissingLibraries("environment_lacking", libraries=describe_items(lacking, lang), remedy=remedy(lang))


def describe_items(items: list[HealthItem], lang: str) -> str:
    """``geopandas ≥ 1.0 (missing)`` for each, for a sentence."""
    words = Texts(lang).section("environment")
    said = [f"{i.name} ≥ {i.needed} ({i.detail or i.version or words[i.state]})" for i in items]
    return ", ".join(said)


def remedy(lang: str) -> str:
    """How to get what is missing on this kind of machine."""
    system = {"Windows": "windows", "Darwin": "macos"}.get(platform.system(), "linux")
    return Texts(lang).get("environment", system)


def health_report(lang: str) -> tuple[list[tuple[str, str]], bool]:
    """The state of the machine as (state, sentence) lines, the conclusion last; and whether checks can run."""
    texts = Texts(lang)
    lines = []
    good = True
    for item in machine():
        key = "line_needed" if item.state == OLD or item.state == MISSING else "line"
        state = texts.get("environment", item.state)
        name = f"{item.name} {item.version}".strip()
        line = texts.get("environment", key, name=name, state=state, needed=item.needed)
        lines.append((item.state, f"{line} ({item.detail})" if item.detail else line))
        good = good and item.state in (OK, ABSENT)
    closing = texts.get("environment", "good") if good else texts.get("environment", "bad", remedy=remedy(lang))
    return [*lines, (OK if good else MISSING, closing)], good


def machine() -> Iterator[HealthItem]:
    """Everything there is to say, for `doctor`."""
    version = Qgis.version()
    yield HealthItem("QGIS", version, OK if _at_least(version, QGIS_MINIMUM) else OLD, QGIS_MINIMUM)
    yield HealthItem("Qt", qVersion(), OK)
    yield HealthItem(
        "Python", platform.python_version(), OK if _at_least(platform.python_version(), "3.11") else OLD, "3.11"
    )
    yield from _libraries_of_qgis()
    yield from check_libraries()
    for name, oldest in OPTIONAL.items():
        found = _library(name, oldest)
        yield HealthItem(name, found.version, OK if found.state == OK else ABSENT, oldest, found.detail)


def _libraries_of_qgis() -> Iterator[HealthItem]:
    from osgeo import gdal
    from qgis.core import QgsProjUtils

    yield HealthItem("GDAL", gdal.VersionInfo("RELEASE_NAME"), OK)
    yield HealthItem("GEOS", Qgis.geosVersion(), OK)
    major, minor = QgsProjUtils.projVersionMajor(), QgsProjUtils.projVersionMinor()
    yield HealthItem("PROJ", f"{major}.{minor}", OK)


def _library(name: str, oldest: str) -> HealthItem:
    try:
        version = str(getattr(importlib.import_module(name), "__version__", ""))
    except ModuleNotFoundError as error:
        # A library that is there but lacks another one is as good as missing; the name of that one helps.
        return HealthItem(name, "", MISSING, oldest, "" if error.name == name else str(error))
    except Exception as error:
        # Built for another numpy, a DLL not found: whatever it is, nothing can run with it.
        return HealthItem(name, "", MISSING, oldest, f"{type(error).__name__}: {error}")
    return HealthItem(name, version, OK if _at_least(version, oldest) else OLD, oldest)


def _at_least(version: str, oldest: str) -> bool:
    return _numbers(version) >= _numbers(oldest)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", version.split("-")[0])[:3])
