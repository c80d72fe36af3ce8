# SPDX-License-Identifier: GPL-2.0-or-later
"""Inputs of the tools on several counties: a folder or a list of them, and a folder of results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
)

from ..bridge.texts import tr
from ..core.base.connection_text import make_source
from ..core.base.errors import InputError
from .common import SanxianAlgorithm, make_file_parameter
from .inputs import check_connection


def make_table_filter() -> str:
    """Return the file filter of tables."""
    return f"{tr('Tables')} (*.csv *.xlsx)"


def make_county_parameters() -> list[QgsProcessingParameterDefinition]:
    """Return the parameters of the counties: their folder, or a list of them."""
    behaviour = Qgis.ProcessingFileParameterBehavior.Folder
    folder = QgsProcessingParameterFile("FOLDER", tr("Folder with the data of the counties"), behaviour, optional=True)
    return [folder, make_file_parameter("LIST", tr("List of counties (in place of the folder)"), make_table_filter())]


def make_results_parameter() -> QgsProcessingParameterDefinition:
    """Return the parameter of the folder of results."""
    return QgsProcessingParameterFolderDestination("OUTPUT", tr("Folder of the results"), createByDefault=False)


def read_source_and_output(algorithm: SanxianAlgorithm, parameters: Any, context: Any) -> tuple[str | Path, Path]:
    """Return the folder, list or database of the counties, and the folder of results.

    Raise InputError unless one of folder and list is given, and without a folder of results.
    """
    folder, table = (algorithm.parameterAsFile(parameters, name, context).strip() for name in ("FOLDER", "LIST"))
    if bool(folder) == bool(table):
        raise InputError("counties_folder_or_list")
    output = algorithm.parameterAsString(parameters, "OUTPUT", context).strip()
    if not output:
        raise InputError("package_no_output")
    return make_source(check_connection(folder or table)), Path(output)
