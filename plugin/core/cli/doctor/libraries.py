# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plugin requires of a machine: versions of Python and libraries, and formats of layers.

Each format is written and read back; drivers of Access databases are searched.
"""

from __future__ import annotations

import importlib
import platform
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial
from pathlib import Path

from ....paths import ENVIRONMENT_REQUIREMENTS
from ...base.connection_text import describe_exception
from ...base.files.data import read_toml_record
from ...base.files.filegdb_driver import does_driver_damage_rows
from ...standard.messages.texts import Texts

#: The row that is written: a square in zone 38 of CGCS2000 with a Chinese text.
_TRIAL_WKT = "POLYGON ((38600000 4380000, 38600010 4380000, 38600010 4380010, 38600000 4380010, 38600000 4380000))"
_TRIAL_CRS, _TRIAL_FIELD, _TRIAL_TEXT = "EPSG:4526", "XZQMC", "浑源县"
_PERSONAL_GEODATABASE_DRIVER = "PGeo"
_ODBC_DRIVER_LIST = Path("/etc/odbcinst.ini")


class FactState(StrEnum):
    """The state of a line: 可用 / 警告 / 缺少 / 结果不符 / 未运行.

    MISSING and FAILED mean that checks cannot run or give wrong results here; the others do not.
    """

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"
    FAILED = "failed"
    NOT_RUN = "not_run"


@dataclass(frozen=True)
class MachineFact:
    """A line of the environment check.

    ``identifier`` never changes (``library.geopandas``). ``name``: what was examined; ``found``: its version or what
    was found; ``remedy``: what does not work without it and how to get it, empty if nothing is to be done. Texts are
    in the user's language and name no folder of this machine.
    """

    identifier: str
    state: FactState
    name: str
    found: str
    remedy: str = ""


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
    """Oldest versions of programs and libraries by name, formats, free disk space (GB), and a projected point.

    ``legal_review_months``: months after which a law or standard should be reviewed again.
    """

    programs: dict[str, str]
    required_libraries: dict[str, str]
    optional_libraries: dict[str, str]
    formats: tuple[FormatRequirement, ...]
    disk_warning_gb: float
    disk_minimum_gb: float
    legal_review_months: int
    projection: ProjectionSample


#: Returns the requirements.
load_requirements = cache(partial(read_toml_record, Requirements, ENVIRONMENT_REQUIREMENTS))


@dataclass(frozen=True)
class Library:
    """A library on this machine; ``oldest``: the oldest version that works.

    ``version`` is empty if it is missing or has no version; ``detail``: the error of its import.
    """

    name: str
    oldest: str
    version: str = ""
    detail: str = ""

    @property
    def is_usable(self) -> bool:
        """Return True if the library was imported and is not too old."""
        return bool(self.version) and is_version_at_least(self.version, self.oldest)


def examine_library(name: str, oldest: str) -> Library:
    """Import and try a library, and return its version."""
    try:
        library = importlib.import_module(name)
        if name == "shapely":
            # Beside another GEOS in one program, as on Linux, it is imported and fails at the first text.
            library.to_wkt(library.from_wkt(_TRIAL_WKT))
        return Library(name, oldest, str(getattr(library, "__version__", "")))
    except ModuleNotFoundError as error:
        # A library that exists but lacks another one counts as missing; its message names the other one.
        return Library(name, oldest, detail="" if error.name == name else str(error))
    except Exception as error:
        # Built for another numpy or GEOS, a DLL not found: whatever the cause, nothing can use the library.
        return Library(name, oldest, detail=describe_exception(error))


def is_version_at_least(version: str, oldest: str) -> bool:
    """Return True if a version such as 3.40.6-Name is not older than ``oldest``."""
    numbers, oldest_numbers = (re.findall(r"\d+", one.split("-")[0])[:3] for one in (version, oldest))
    return [*map(int, numbers)] >= [*map(int, oldest_numbers)]


def list_unusable_libraries(names: Iterable[str] | None = None) -> list[Library]:
    """Return the required libraries that are missing or too old; ``names``: only these."""
    required = load_requirements().required_libraries
    libraries = (examine_library(name, required[name]) for name in (required if names is None else names))
    return [one for one in libraries if not one.is_usable]


def describe_libraries(libraries: Iterable[Library], texts: Texts) -> str:
    """Return the states of libraries as text for a sentence: ``geopandas ≥ 1.0 (missing)``."""
    return ", ".join(
        f"{one.name} ≥ {one.oldest} ({one.detail or one.version or texts.get('environment', 'missing')})"
        for one in libraries
    )


def describe_needed_libraries(libraries: Iterable[Library], texts: Texts) -> str:
    """Return why something was not run that needs these libraries."""
    return texts.get("environment", "needs", libraries=describe_libraries(libraries, texts))


def describe_library_installation(texts: Texts) -> str:
    """Return a text on how to install missing Python libraries on this operating system."""
    return texts.get("environment", {"Windows": "windows", "Darwin": "macos"}.get(platform.system(), "linux"))


def make_program_fact(name: str, version: str, texts: Texts) -> MachineFact:
    """Return the line of a program, such as Python, that has an oldest working version."""
    oldest = load_requirements().programs[name]
    is_new = is_version_at_least(version, oldest)
    remedy = "" if is_new else texts.get("environment", "program_old", name=name, needed=oldest)
    return MachineFact(f"program.{name}", FactState.OK if is_new else FactState.MISSING, name, version, remedy)


def iterate_library_facts(texts: Texts) -> Iterator[MachineFact]:
    """Yield the lines of Python, of the required and of the optional libraries, and of GEOS, PROJ and GDAL."""
    requirements = load_requirements()
    yield make_program_fact("Python", platform.python_version(), texts)
    for libraries, is_required in ((requirements.required_libraries, True), (requirements.optional_libraries, False)):
        for name, oldest in libraries.items():
            identifier, library = f"library.{name}", examine_library(name, oldest)
            if library.is_usable:
                yield MachineFact(identifier, FactState.OK, name, library.version)
                continue
            state = texts.get("environment", "old" if library.version else "missing")
            detail = library.detail or library.version
            found = texts.get("environment", "library_needed", state=state, needed=oldest)
            yield MachineFact(
                identifier,
                FactState.MISSING if is_required else FactState.WARNING,
                name,
                f"{found} ({detail})" if detail else found,
                texts.get("environment_uses", name),
            )
    for name, module, attribute in (
        ("GEOS", "shapely", "geos_version_string"),
        ("PROJ", "pyproj", "proj_version_str"),
        ("GDAL", "pyogrio", "__gdal_version_string__"),
    ):
        is_usable = examine_library(module, "0").is_usable
        found = (
            getattr(importlib.import_module(module), attribute)
            if is_usable
            else texts.get("environment", "library_absent", name=module)
        )
        yield MachineFact(
            f"native.{name}", FactState.OK if is_usable else FactState.NOT_RUN, f"{name} ({module})", str(found)
        )


class TrialDiffers(Exception):
    """Raised if a written layer is read back with another shape, text or CRS."""


def iterate_format_facts(texts: Texts) -> Iterator[MachineFact]:
    """Yield the lines of the formats that the plugin writes, of osgeo, and of Access databases (MDB).

    The tables of a package need a driver of Access.
    """
    from ...package.tables.access_database import find_access_driver

    unusable = list_unusable_libraries(("numpy", "shapely", "pyogrio"))
    for requirement in load_requirements().formats:
        identifier, name = f"format.{requirement.driver}", requirement.name
        if unusable:
            yield MachineFact(identifier, FactState.NOT_RUN, name, describe_needed_libraries(unusable, texts))
            continue
        try:
            with tempfile.TemporaryDirectory() as folder:
                write_and_read_back(Path(folder), requirement)
        except Exception as error:
            # Whatever the driver raises, the format cannot be used.
            state = FactState.MISSING if requirement.required else FactState.WARNING
            yield MachineFact(
                identifier,
                state,
                name,
                texts.get("environment", "format_fails", detail=describe_exception(error)),
                texts.get("environment_uses", requirement.driver),
            )
        else:
            yield MachineFact(identifier, FactState.OK, name, texts.get("environment", "format_works"))
    yield _make_osgeo_fact(texts)
    names: set[str] = set()
    with suppress(ImportError):
        from osgeo import gdal

        names |= {gdal.GetDriver(number).ShortName for number in range(gdal.GetDriverCount())}
    with suppress(ImportError):
        import pyogrio

        names |= set(pyogrio.list_drivers())
    has_gdal_driver = _PERSONAL_GEODATABASE_DRIVER in names
    is_usable = has_gdal_driver and has_access_odbc_driver()
    key = "found" if is_usable else "no_odbc" if has_gdal_driver else "absent"
    yield MachineFact(
        "format.mdb_layers",
        FactState.OK if is_usable else FactState.WARNING,
        texts.get("environment", "mdb_layers"),
        texts.get("environment", f"mdb_layers_{key}"),
        "" if is_usable else texts.get("environment_uses", "mdb_layers"),
    )
    driver, name = find_access_driver(), texts.get("environment", "mdb_tables")
    if isinstance(driver, str):
        yield MachineFact(
            "format.mdb_tables",
            FactState.WARNING,
            name,
            texts.get("causes", driver),
            texts.get("environment_uses", "mdb_tables"),
        )
    else:
        yield MachineFact("format.mdb_tables", FactState.OK, name, driver.odbc_name)


def write_and_read_back(folder: Path, requirement: FormatRequirement) -> None:
    """Write a layer of one row in a format and read it again.

    Raises what the driver raises, and TrialDiffers if the row or its CRS differ.
    """
    import numpy as np
    import shapely
    from pyogrio.raw import read, write

    path = folder / f"试写{requirement.suffix}"
    shape = shapely.from_wkt(_TRIAL_WKT)
    write(
        path,
        shapely.to_wkb(np.array([shape])),
        [np.array([_TRIAL_TEXT], dtype=object)],
        [_TRIAL_FIELD],
        geometry_type="Polygon",
        crs=_TRIAL_CRS,
        driver=requirement.driver,
        layer="CZKFBJ" if requirement.suffix != ".shp" else None,
        encoding="UTF-8" if requirement.suffix == ".shp" else None,
    )
    metadata, _, shapes, (values,) = read(path)
    (found,) = shapely.from_wkb(shapes)
    if not shapely.equals(found, shape) and shapely.area(shapely.symmetric_difference(found, shape)) > 0.001:
        raise TrialDiffers(shapely.to_wkt(found))
    if list(values) != [_TRIAL_TEXT]:
        raise TrialDiffers(f"{_TRIAL_FIELD} = {values[0]}")
    if metadata["crs"] != _TRIAL_CRS:
        raise TrialDiffers(str(metadata["crs"])[:80])


def _make_osgeo_fact(texts: Texts) -> MachineFact:
    """Return the line of osgeo, which makes new databases with domains and feature datasets."""
    identifier, name = "format.osgeo", texts.get("environment", "osgeo")
    try:
        from osgeo import gdal
    except ImportError as error:
        return MachineFact(
            identifier,
            FactState.WARNING,
            name,
            texts.get("environment", "library_absent", name="osgeo")
            if isinstance(error, ModuleNotFoundError)
            else describe_exception(error),
            texts.get("environment_uses", "osgeo"),
        )
    version = str(gdal.VersionInfo("RELEASE_NAME"))
    driver = gdal.GetDriverByName("OpenFileGDB")
    if driver is None or driver.GetMetadataItem("DCAP_CREATE") != "YES":
        return MachineFact(identifier, FactState.WARNING, name, version, texts.get("environment_uses", "osgeo"))
    if does_driver_damage_rows():
        return MachineFact(identifier, FactState.WARNING, name, version, texts.get("environment_uses", "filegdb_edits"))
    return MachineFact(identifier, FactState.OK, name, version)


def has_access_odbc_driver(driver_list: Path = _ODBC_DRIVER_LIST) -> bool:
    """Return True if the system has an ODBC driver for Access, without which GDAL cannot open an MDB.

    ``driver_list``: the file that lists the drivers on systems other than Windows.
    """
    try:
        if sys.platform == "win32":
            import winreg

            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\ODBC\ODBCINST.INI\ODBC Drivers") as key:
                names = [winreg.EnumValue(key, n)[0] for n in range(winreg.QueryInfoKey(key)[1])]
        else:
            names = re.findall(r"^\[(.+)\]", driver_list.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    except OSError:
        return False
    return any(re.search("mdb|access", name, re.IGNORECASE) for name in names)
