# SPDX-License-Identifier: GPL-2.0-or-later
"""Formats of layers: each is written and read back; drivers of Access databases are searched."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ...base.connection_text import describe_exception
from ...base.files.filegdb_driver import does_driver_damage_rows
from ...standard.messages.texts import Texts
from .doctor_report import FactState, MachineFact
from .libraries import FormatRequirement, describe_libraries, list_unusable_libraries, load_requirements

#: The row that is written: a square in zone 38 of CGCS2000 with a Chinese text.
_TRIAL_WKT = "POLYGON ((38600000 4380000, 38600010 4380000, 38600010 4380010, 38600000 4380010, 38600000 4380000))"
_TRIAL_CRS, _TRIAL_FIELD, _TRIAL_TEXT = "EPSG:4526", "XZQMC", "浑源县"
_PERSONAL_GEODATABASE_DRIVER = "PGeo"
_ODBC_DRIVER_LIST = Path("/etc/odbcinst.ini")


class TrialDiffers(Exception):
    """Raised if a written layer is read back with another shape, text or CRS."""


def iterate_format_facts(texts: Texts) -> Iterator[MachineFact]:
    """Yield the lines of the formats that the plugin writes, of osgeo, and of Access databases (MDB)."""
    unusable = list_unusable_libraries(("numpy", "shapely", "pyogrio"))
    for requirement in load_requirements().formats:
        identifier, name = f"format.{requirement.driver}", requirement.name
        if unusable:
            reason = texts.get("environment", "needs", libraries=describe_libraries(unusable, texts))
            yield MachineFact(identifier, FactState.NOT_RUN, name, reason)
            continue
        try:
            with tempfile.TemporaryDirectory() as folder:
                write_and_read_back(Path(folder), requirement)
        except Exception as error:
            # Whatever the driver raises, the format cannot be used.
            state = FactState.MISSING if requirement.required else FactState.WARNING
            found = texts.get("environment", "format_fails", detail=describe_exception(error))
            yield MachineFact(identifier, state, name, found, texts.get("environment_uses", requirement.driver))
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
    yield _make_mdb_tables_fact(texts)


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
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\ODBC\ODBCINST.INI\ODBC Drivers") as key:
                names = [winreg.EnumValue(key, n)[0] for n in range(winreg.QueryInfoKey(key)[1])]
        except OSError:
            return False
    else:
        try:
            names = re.findall(r"^\[(.+)\]", driver_list.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
        except OSError:
            return False
    return any(re.search("mdb|access", name, re.IGNORECASE) for name in names)


def _make_mdb_tables_fact(texts: Texts) -> MachineFact:
    """Return the line of the Access driver that writes tables of a package (MDB)."""
    from ...package.tables.access_database import find_access_driver

    driver, name = find_access_driver(), texts.get("environment", "mdb_tables")
    if isinstance(driver, str):
        remedy = texts.get("environment_uses", "mdb_tables")
        return MachineFact("format.mdb_tables", FactState.WARNING, name, texts.get("causes", driver), remedy)
    return MachineFact("format.mdb_tables", FactState.OK, name, driver.odbc_name)
