# SPDX-License-Identifier: GPL-2.0-or-later
"""Parameters and results of the tools: their kinds, and each one that several tools share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from qgis.core import (
    Qgis,
    QgsProcessingOutputBoolean,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterCrs,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)

from ..bridge.settings import get_interface_language
from ..bridge.texts import tr
from ..core.base.choices import ACTIONS_ON_EXISTING, BASE_YEARS
from ..core.standard import list_standard_ids
from ..core.standard.edition import PLANNING_PHASES
from ..core.standard.options import get_offered_options
from ..core.standard.profile.profile_data import load_secrecy_levels

#: Class of an output of Processing, its name, and its label marked for translation.
Result = tuple[type[QgsProcessingOutputDefinition], str, str]
Parameter = QgsProcessingParameterDefinition
POLYGONS = Qgis.ProcessingSourceType.VectorPolygon
ANY_GEOMETRY = Qgis.ProcessingSourceType.VectorAnyGeometry
CSV_FILTER, WORKBOOK_FILTER = "CSV (*.csv)", "Excel (*.xlsx)"


@dataclass(frozen=True)
class Tool:
    """Description of an algorithm in the toolbox.

    ``identifier``: id of the tool, which never changes; ``section``: see `SanxianAlgorithm.group`; ``keywords``: for
    the search in the toolbox; ``help_parts``: paragraphs of the help text, marked for translation, or functions that
    return one; ``results``: those besides output parameters; ``needs_libraries_to_prepare``: ``prepare`` runs only with
    all libraries that a check needs, else they are required later; ``repeatable_parameters``: names of text parameters
    that hold several names (see `read_names_parameter`); on a command line they may be given several times.
    """

    identifier: str = ""
    section: str = ""
    title: str = ""
    keywords: tuple[str, ...] = ()
    help_parts: tuple[str | Callable[[], str], ...] = ()
    results: tuple[Result, ...] = ()
    needs_libraries_to_prepare: bool = True
    repeatable_parameters: frozenset[str] = frozenset()


# --- results
def declare_numbers(**labels: str) -> tuple[Result, ...]:
    """Return numeric results, name → marked label."""
    return tuple((QgsProcessingOutputNumber, name, label) for name, label in labels.items())


def declare_texts(**labels: str) -> tuple[Result, ...]:
    """Return results that are texts, name → marked label."""
    return tuple((QgsProcessingOutputString, name, label) for name, label in labels.items())


def declare_flags(**labels: str) -> tuple[Result, ...]:
    """Return results that are yes or no, name → marked label."""
    return tuple((QgsProcessingOutputBoolean, name, label) for name, label in labels.items())


# --- kinds of parameters
def mark_advanced(*parameters: Parameter) -> tuple[Parameter, ...]:
    """Mark parameters as advanced, so that dialogs fold them, and return them."""
    for parameter in parameters:
        parameter.setFlags(parameter.flags() | Qgis.ProcessingParameterFlag.Advanced)
    return parameters


def set_widget(parameter: Any, widget: str) -> Any:
    """Give a parameter a widget of the plugin; return the parameter.

    ``widget``: a class of gui.toolbox.parameter_widgets.
    """
    # Name the class: Processing imports it when a dialog opens, and without a desktop it cannot be imported.
    parameter.setMetadata(
        {"widget_wrapper": {"class": f"{__name__.rsplit('.', 2)[0]}.gui.toolbox.parameter_widgets.{widget}"}}
    )
    return parameter


def make_switch(name: str, label: str, default: bool = False) -> QgsProcessingParameterBoolean:
    """Return a parameter that is on or off."""
    return QgsProcessingParameterBoolean(name, label, default)


def make_text(
    name: str,
    label: str,
    choices: Iterable[str] = (),
    *,
    default: str | None = "",
    optional: bool = True,
    is_multiline: bool = False,
) -> QgsProcessingParameterString:
    """Return a text parameter.

    The dialog offers the ``choices``; a command line may give any text.
    """
    parameter = QgsProcessingParameterString(
        name, label, defaultValue=default, multiLine=is_multiline, optional=optional
    )
    if choices:
        hints = ["", *choices] if default == "" else [*choices]
        parameter.setMetadata({"widget_wrapper": {"value_hints": hints}})
    return parameter


def make_number(
    name: str, label: str, default: float | None = None, *, is_integer: bool = False, **limits: Any
) -> QgsProcessingParameterNumber:
    """Return a number parameter; without a default it is optional.

    ``limits``: ``minValue`` (0 by default) and ``maxValue``.
    """
    kinds = Qgis.ProcessingNumberParameterType
    kind = kinds.Integer if is_integer else kinds.Double
    return QgsProcessingParameterNumber(name, label, kind, default, default is None, **{"minValue": 0, **limits})


def make_choice(
    name: str,
    label: str,
    choices: Iterable[str],
    default: str = "",
    *,
    allows_many: bool = False,
    optional: bool = False,
) -> QgsProcessingParameterEnum:
    """Return a parameter with one of several fixed texts, the first by default, or with several of them."""
    texts = list(choices)
    return QgsProcessingParameterEnum(name, label, texts, allows_many, default or texts[0], optional, True)


def make_file(
    name: str, label: str, file_filter: str, *, optional: bool = True, offers_all: bool = True
) -> QgsProcessingParameterFile:
    """Return an input file parameter.

    The content of the file is validated when it is read, whatever its suffix. ``offers_all``: the dialog can also show
    files of other kinds.
    """
    shown = f"{file_filter};;{tr('All')} (*)" if offers_all else file_filter
    behavior = Qgis.ProcessingFileParameterBehavior.File
    return QgsProcessingParameterFile(name, label, behavior, optional=optional, fileFilter=shown)


def make_file_or_folder(
    name: str, label: str, widget: str = "PathParameterWidget", *, optional: bool = True
) -> QgsProcessingParameterFile:
    """Return a parameter that takes a file or a folder.

    ``widget``: a class of gui.toolbox.parameter_widgets.
    """
    # Only the filter (*) lets the user choose a folder.
    kinds = f"{tr('Planning data')} (*.gpkg *.shp *.geojson *.fgb *.parquet *.zip)"
    parameter = make_file(name, label, kinds, optional=optional)
    parameter.setHelp(
        tr(
            "A file, a folder of files, a zip of them, or a schema of a PostGIS database as text: "
            "postgresql://host/database?schema=NAME, service=NAME&schema=NAME, or connection=NAME&schema=NAME (a "
            "connection of QGIS's browser), without a password."
        )
    )
    return set_widget(parameter, widget)


def make_folder(name: str, label: str, *, optional: bool = True) -> QgsProcessingParameterFile:
    """Return an input folder parameter."""
    behavior = Qgis.ProcessingFileParameterBehavior.Folder
    return QgsProcessingParameterFile(name, label, behavior, optional=optional)


def make_layer(
    name: str, label: str, kind: Qgis.ProcessingSourceType = POLYGONS, *, optional: bool = False
) -> QgsProcessingParameterFeatureSource:
    """Return the parameter of a layer; the dialog offers also the layers of findings."""
    return QgsProcessingParameterFeatureSource(name, label, [kind], optional=optional)


def make_plan_layer(
    name: str, label: str, kind: Qgis.ProcessingSourceType = POLYGONS, *, optional: bool = False
) -> QgsProcessingParameterFeatureSource:
    """Return the parameter of a layer; the dialog does not offer the layers of findings."""
    return set_widget(make_layer(name, label, kind, optional=optional), "LayerWidget")


def make_file_output(
    name: str, label: str, file_filter: str, *, optional: bool = True
) -> QgsProcessingParameterFileDestination:
    """Return the parameter of an output file, which is not created by default."""
    return QgsProcessingParameterFileDestination(name, label, file_filter, optional=optional, createByDefault=False)


def make_folder_output(name: str, label: str, *, optional: bool = False) -> QgsProcessingParameterFolderDestination:
    """Return the parameter of an output folder, which is not created by default."""
    return QgsProcessingParameterFolderDestination(name, label, optional=optional, createByDefault=False)


def make_layer_output(
    name: str, label: str, kind: Qgis.ProcessingSourceType = POLYGONS, *, optional: bool = True
) -> QgsProcessingParameterFeatureSink:
    """Return the parameter of an output layer or table."""
    return QgsProcessingParameterFeatureSink(name, label, kind, optional=optional)


# --- the plan and its norm
def make_source() -> list[Parameter]:
    """Return the parameters SOURCE (file or folder) and LAYERS (of the project)."""
    source = tr("Source: file or folder (empty: project layers)")
    layers = tr("Layers of the project (empty: all)")
    return [
        make_file_or_folder("SOURCE", source, "SourceWidget"),
        QgsProcessingParameterMultipleLayers("LAYERS", layers, ANY_GEOMETRY, optional=True),
    ]


def make_required_source() -> QgsProcessingParameterFile:
    """Return the parameter SOURCE of tools that write a copy: a file or folder, which must be given."""
    source = make_file_or_folder("SOURCE", tr("Data: file or folder"), optional=False)
    source.setHelp(tr("A GeoPackage, a FileGDB, or a shapefile or a folder of them: a copy is written."))
    return source


def make_norms() -> list[Parameter]:
    """Return the parameters PROFILE and STANDARD."""
    profile = make_text("PROFILE", tr("Profile of the county (id, or path of a .toml file)"))
    standard = tr("Standard (empty: the profile's, else county_db)")
    return [
        set_widget(profile, "ProfileWidget"),
        *mark_advanced(make_text("STANDARD", standard, list_standard_ids())),
    ]


def make_standard() -> Parameter:
    """Return the parameter STANDARD of a tool without a profile."""
    return mark_advanced(make_text("STANDARD", tr("Standard (empty: county_db)"), list_standard_ids()))[0]


def make_role(roles: Iterable[str]) -> Parameter:
    """Return the parameter ROLE, which gives the role of the tool's layer."""
    return make_text("ROLE", tr("Role of the layer (empty: recognised)"), sorted(roles))


def get_label_by_table() -> dict[str, str]:
    """Return name of the option (`RunOptions`) → label of its parameter, for tables that users fill in."""
    return {
        "targets": tr("Township targets (xlsx or csv)"),
        "figures": tr("Figures of text and tables (xlsx or csv)"),
        "register": tr("Heritage register (xlsx or csv)"),
    }


def make_side_tables(names: Iterable[str]) -> list[Parameter]:
    """Return the parameters of tables that users fill in; ``names``: keys of `get_label_by_table`."""
    labels, kinds = get_label_by_table(), f"{tr('Tables')} (*.xlsx *.csv)"
    return [make_file(name.upper(), labels[name], kinds) for name in names]


def make_table(name: str, label: str) -> Parameter:
    """Return the parameter of a list or table that the user gives, CSV or Excel."""
    return make_file(name, label, f"{tr('Tables')} (*.csv *.xlsx)")


# --- several counties, townships and packages
def make_counties() -> list[Parameter]:
    """Return the parameters of the counties: their folder, or a list of them."""
    return [
        make_folder("FOLDER", tr("Folder with the data of the counties")),
        make_table("LIST", tr("List of counties (in place of the folder)")),
    ]


def make_package_form(label: str = "", name: str = "PACKAGE") -> Parameter:
    """Return the parameter of a package specification."""
    from ..core.package.package_spec.load import list_package_spec_ids

    label = label or tr("Package specification (id, or path of a .toml file; empty: county)")
    return make_text(name, label, list_package_spec_ids())


# --- databases and copies
def make_crs(label: str) -> Parameter:
    """Return the optional parameter CRS."""
    return QgsProcessingParameterCrs("CRS", label, optional=True)


def make_database_output(file_filter: str = "GeoPackage (*.gpkg);;FileGDB (*.gdb)") -> Parameter:
    """Return the parameter OUTPUT of a tool that writes a database."""
    return make_file_output("OUTPUT", tr("Database"), file_filter, optional=False)


def make_copy(label: str, *, optional: bool = True) -> Parameter:
    """Return the parameter OUTPUT of a copy of the data, in the formats that can be changed row by row."""
    return make_file_output(
        "OUTPUT", label, "GeoPackage (*.gpkg);;FileGDB (*.gdb);;Shapefile (*.shp)", optional=optional
    )


# --- documents
def make_workbook(name: str = "OUTPUT_XLSX") -> Parameter:
    """Return the parameter of an output workbook."""
    return make_file_output(name, tr("Workbook"), WORKBOOK_FILTER)


def make_documents(pdf: str, docx: str, html: str = "", json: str = "") -> list[Parameter]:
    """Return the parameters of a tool's documents with these labels; those without a label are left out."""
    kinds = (("PDF", pdf, "PDF"), ("DOCX", docx, "Word"), ("HTML", html, "HTML"), ("JSON", json, "JSON"))
    return [
        make_file_output(f"OUTPUT_{suffix}", label, f"{kind} (*.{suffix.lower()})")
        for suffix, label, kind in kinds
        if label
    ]


def make_signed_tables() -> list[Parameter]:
    """Return the parameters of a tool's tables as documents."""
    return make_documents(tr("Tables to be signed (PDF)"), tr("Tables to be signed (Word)"))


# --- single parameters of several tools
#: Name of a parameter that several tools have → function that makes it.
_MAKERS: dict[str, Callable[[str], Parameter]] = {
    "BASELINE": lambda name: make_file_or_folder(name, tr("Sealed edition: file or folder to compare with")),
    "BASE_YEAR": lambda name: mark_advanced(
        make_number(
            name, tr("Year of the base parcels"), is_integer=True, minValue=BASE_YEARS[0], maxValue=BASE_YEARS[1]
        )
    )[0],
    "DOCUMENTS": lambda name: make_folder(name, tr("Folder with documents, maps and tables")),
    "EXISTING": lambda name: set_widget(
        make_choice(name, tr("If the database exists"), ACTIONS_ON_EXISTING), "ExistingWidget"
    ),
    "LOAD": lambda name: mark_advanced(make_switch(name, tr("Load the layers into the project"), True))[0],
    "OUTPUT": lambda name: make_folder_output(name, tr("Folder of the results")),
    "OUTPUT_FINDINGS": lambda name: make_layer_output(name, tr("Findings")),
    "RENUMBERED": lambda name: mark_advanced(
        make_file(name, tr("Table of old and new keys, used to match waivers"), CSV_FILTER)
    )[0],
    "PERSONAL": lambda name: mark_advanced(make_switch(name, tr("Include personal data")))[0],
    "PERSONS": lambda name: make_text(name, tr("Persons (township=name; …)")),
    "PHASE": lambda name: make_text(
        # The dialog offers the phases in its language.
        name,
        tr("Phase of the plan"),
        PLANNING_PHASES.values() if get_interface_language() == "zh" else PLANNING_PHASES,
    ),
    "ROLES": lambda name: mark_advanced(make_text(name, tr("Roles: ROLE=layer;… or a file")))[0],
    # The dialog shows the names of scopes, a command line gives an id.
    "SCOPE": lambda name: set_widget(make_text(name, tr("Scope of the delivery")), "ScopeWidget"),
    "SECRECY": lambda name: make_text(name, tr("Secrecy level"), load_secrecy_levels().names),
    "SECRECY_REASON": lambda name: make_text(name, tr("Reason for a lower secrecy level")),
    "TARGETS": lambda name: make_table(name, tr("Targets of the city or province")),
    "WAIVERS": lambda name: make_file(name, tr("Waivers (empty: the .waivers.csv in the data folder)"), CSV_FILTER),
}


def make_shared(*names: str) -> list[Parameter]:
    """Return parameters that several tools have, by name."""
    return [_MAKERS[name](name) for name in names]


#: The order of the tool's parameters; further options follow.
_ORDER_OF_RUN_OPTIONS = (
    "scope", "phase", "roles", "base_year", "waivers", "baseline", "renumbered", "targets", "figures", "register",
)  # fmt: skip


def make_run_options(*first: str) -> tuple[list[Parameter], list[Parameter]]:
    """Return the parameters of all options of a check (`RunOptions`), but those of `make_norms`.

    ``first``: names of the options that are returned separately, before the others.
    """
    order = [*_ORDER_OF_RUN_OPTIONS, *get_offered_options()]
    names = [name for name in dict.fromkeys(order) if name not in ("profile", "standard")]
    parameter_by_name = {
        name: mark_advanced(*make_side_tables([name]))[0]
        if name in get_label_by_table()
        else make_shared(name.upper())[0]
        for name in names
    }
    return [parameter_by_name.pop(name) for name in first], [*parameter_by_name.values()]
