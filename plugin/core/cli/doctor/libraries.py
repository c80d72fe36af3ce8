# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plugin requires of a machine, and versions of Python and of the libraries that the plugin imports."""

from __future__ import annotations

import importlib
import platform
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from ....paths import ENVIRONMENT_REQUIREMENTS
from ...base.connection_text import describe_exception
from ...standard.messages.texts import Texts
from .doctor_report import FactState, MachineFact


@dataclass(frozen=True)
class FormatRequirement:
    """A format of layers that is written and read back; ``required``: without it no result can be written."""

    name: str
    driver: str
    suffix: str
    required: bool


@dataclass(frozen=True)
class ProjectionSample:
    """A point in one CRS and the same point in another one (x eastward, in metres), and the accepted difference."""

    source_crs: str
    source_point: tuple[float, float]
    target_crs: str
    target_point: tuple[float, float]
    tolerance_m: float


@dataclass(frozen=True)
class Requirements:
    """Oldest versions of programs and libraries by name, formats, free disk space (GB), and a projected point."""

    programs: dict[str, str]
    required_libraries: dict[str, str]
    optional_libraries: dict[str, str]
    formats: tuple[FormatRequirement, ...]
    disk_warning_gb: float
    disk_minimum_gb: float
    projection: ProjectionSample


@cache
def load_requirements() -> Requirements:
    """Return the requirements."""
    data = tomllib.loads(ENVIRONMENT_REQUIREMENTS.read_text(encoding="utf-8"))
    sample = data["projection"]
    return Requirements(
        programs=data["programs"],
        required_libraries=data["libraries"]["required"],
        optional_libraries=data["libraries"]["optional"],
        formats=tuple(FormatRequirement(**one) for one in data["formats"]),
        disk_warning_gb=data["disk"]["warning_gb"],
        disk_minimum_gb=data["disk"]["minimum_gb"],
        projection=ProjectionSample(
            sample["source_crs"],
            tuple(sample["source_point"]),
            sample["target_crs"],
            tuple(sample["target_point"]),
            sample["tolerance_m"],
        ),
    )


class LibraryState(StrEnum):
    """Whether a library can be used."""

    OK = "ok"
    TOO_OLD = "old"
    MISSING = "missing"


@dataclass(frozen=True)
class Library:
    """A library on this machine; ``oldest``: the oldest version that works; ``detail``: the error of its import."""

    name: str
    oldest: str
    state: LibraryState
    version: str = ""
    detail: str = ""


def examine_library(name: str, oldest: str) -> Library:
    """Import a library and return its state."""
    try:
        version = str(getattr(importlib.import_module(name), "__version__", ""))
    except ModuleNotFoundError as error:
        # A library that exists but lacks another one counts as missing; its message names the other one.
        return Library(name, oldest, LibraryState.MISSING, detail="" if error.name == name else str(error))
    except Exception as error:
        # Built for another numpy, a DLL not found: whatever the cause, nothing can use the library.
        return Library(name, oldest, LibraryState.MISSING, detail=describe_exception(error))
    state = LibraryState.OK if is_version_at_least(version, oldest) else LibraryState.TOO_OLD
    return Library(name, oldest, state, version)


def is_version_at_least(version: str, oldest: str) -> bool:
    """Return True if a version such as 3.40.6-Name is not older than ``oldest``."""
    return _parse_version(version) >= _parse_version(oldest)


def _parse_version(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", version.split("-")[0])[:3])


def list_unusable_libraries(names: Iterable[str] | None = None) -> list[Library]:
    """Return the required libraries that are missing or too old; ``names``: only these."""
    required = load_requirements().required_libraries
    libraries = [examine_library(name, required[name]) for name in (required if names is None else names)]
    return [one for one in libraries if one.state is not LibraryState.OK]


def describe_libraries(libraries: Iterable[Library], texts: Texts) -> str:
    """Return the states of libraries as text for a sentence: ``geopandas ≥ 1.0 (missing)``."""
    return ", ".join(
        f"{one.name} ≥ {one.oldest} ({one.detail or one.version or texts.get('environment', one.state)})"
        for one in libraries
    )


def describe_library_installation(texts: Texts) -> str:
    """Return a text on how to install missing Python libraries on this operating system."""
    return texts.get("environment", {"Windows": "windows", "Darwin": "macos"}.get(platform.system(), "linux"))


def make_program_fact(name: str, version: str, texts: Texts) -> MachineFact:
    """Return the line of a program, such as Python, that has an oldest working version."""
    oldest = load_requirements().programs[name]
    if is_version_at_least(version, oldest):
        return MachineFact(f"program.{name}", FactState.OK, name, version)
    remedy = texts.get("environment", "program_old", name=name, needed=oldest)
    return MachineFact(f"program.{name}", FactState.MISSING, name, version, remedy)


def iterate_library_facts(texts: Texts) -> Iterator[MachineFact]:
    """Yield the lines of Python, of the required and of the optional libraries, and of GEOS, PROJ and GDAL."""
    requirements = load_requirements()
    yield make_program_fact("Python", platform.python_version(), texts)
    for libraries, is_required in ((requirements.required_libraries, True), (requirements.optional_libraries, False)):
        for name, oldest in libraries.items():
            yield _make_library_fact(examine_library(name, oldest), is_required, texts)
    for name, module, attribute in (
        ("GEOS", "shapely", "geos_version_string"),
        ("PROJ", "pyproj", "proj_version_str"),
        ("GDAL", "pyogrio", "__gdal_version_string__"),
    ):
        if examine_library(module, "0").state is LibraryState.OK:
            version = str(getattr(importlib.import_module(module), attribute))
            yield MachineFact(f"native.{name}", FactState.OK, f"{name} ({module})", version)
        else:
            reason = texts.get("environment", "library_absent", name=module)
            yield MachineFact(f"native.{name}", FactState.NOT_RUN, f"{name} ({module})", reason)


def _make_library_fact(library: Library, is_required: bool, texts: Texts) -> MachineFact:
    identifier = f"library.{library.name}"
    if library.state is LibraryState.OK:
        return MachineFact(identifier, FactState.OK, library.name, library.version)
    state = texts.get("environment", library.state)
    found = texts.get("environment", "library_needed", state=state, needed=library.oldest)
    detail = library.detail or library.version
    return MachineFact(
        identifier,
        FactState.MISSING if is_required else FactState.WARNING,
        library.name,
        f"{found} ({detail})" if detail else found,
        texts.get("environment_uses", library.name),
    )
