# SPDX-License-Identifier: GPL-2.0-or-later
"""Parameters and results of the tools: their kinds, and each one that several tools share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache, partial, wraps
from typing import Any, Concatenate, ParamSpec

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
from ..bridge.texts import mark_text, tr, translate_marked
from ..core.base.choices import ACTIONS_ON_EXISTING, BASE_YEARS
from ..core.base.files.data import list_data_ids
from ..core.standard import list_standard_ids
from ..core.standard.edition import PLANNING_PHASES
from ..core.standard.profile.profile_data import load_secrecy_levels
from ..paths import PACKAGE_SPECS_FOLDER

#: Class of an output of Processing, its name, and its label marked for translation.
Result = tuple[type[QgsProcessingOutputDefinition], str, str]
#: Texts that a dialog offers, or a function that lists them when the dialog opens.
Choices = Iterable[str] | Callable[[], Iterable[str]]
Options = ParamSpec("Options")
POLYGONS = Qgis.ProcessingSourceType.VectorPolygon
ANY_GEOMETRY = Qgis.ProcessingSourceType.VectorAnyGeometry
CSV_FILTER, WORKBOOK_FILTER = "CSV (*.csv)", "Excel (*.xlsx)"


@dataclass(frozen=True)
class Parameter:
    """Description of a parameter, of which each dialog creates its own in the user's language.

    ``label`` and ``help``: marked for translation; ``make``: returns the parameter with this name and the translated
    label; ``widget``: a class of gui.toolbox.parameter_widgets.
    """

    name: str
    label: str
    make: Callable[[str, str], QgsProcessingParameterDefinition]
    help: str = ""
    widget: str = ""
    is_advanced: bool = False

    def create(self) -> QgsProcessingParameterDefinition:
        """Return a new parameter for Processing."""
        parameter = self.make(self.name, translate_marked(self.label))
        if self.help:
            parameter.setHelp(translate_marked(self.help))
        if self.widget:
            # Name the class: Processing imports it when a dialog opens, and without a desktop it cannot be imported.
            module = f"{__name__.rsplit('.', 2)[0]}.gui.toolbox.parameter_widgets"
            parameter.setMetadata({"widget_wrapper": {"class": f"{module}.{self.widget}"}})
        if self.is_advanced:
            parameter.setFlags(parameter.flags() | Qgis.ProcessingParameterFlag.Advanced)
        return parameter


@dataclass(frozen=True)
class Tool:
    """Description of an algorithm in the toolbox.

    ``identifier``: id of the tool, which never changes; ``section``: see `SanxianAlgorithm.group`; ``keywords``: for
    the search in the toolbox; ``help_parts``: paragraphs of the help text, marked for translation, or functions that
    return one; ``parameters``: in the order of the dialog; ``results``: those besides output parameters;
    ``needs_libraries_to_prepare``: ``prepare`` runs only with all libraries that a check needs, else they are required
    later; ``repeatable_parameters``: names of text parameters that hold several names (see `read_names_parameter`); on
    a command line they may be given several times.
    """

    identifier: str = ""
    section: str = ""
    title: str = ""
    keywords: tuple[str, ...] = ()
    help_parts: tuple[str | Callable[[], str], ...] = ()
    parameters: tuple[Parameter, ...] = ()
    results: tuple[Result, ...] = ()
    needs_libraries_to_prepare: bool = True
    repeatable_parameters: frozenset[str] = frozenset()


# --- results
def _declare(output: type[QgsProcessingOutputDefinition], **labels: str) -> tuple[Result, ...]:
    """Return results of one class, name → marked label."""
    return tuple((output, name, label) for name, label in labels.items())


declare_numbers = partial(_declare, QgsProcessingOutputNumber)
declare_texts = partial(_declare, QgsProcessingOutputString)
declare_flags = partial(_declare, QgsProcessingOutputBoolean)


# --- kinds of parameters
def describe_parameter(
    make: Callable[..., QgsProcessingParameterDefinition], name: str, label: str, *args: Any, **options: Any
) -> Parameter:
    """Return the description of a parameter that ``make`` creates; the label is marked, not translated."""
    return Parameter(name, label, lambda name, translated: make(name, translated, *args, **options))


def parameter_kind(
    make: Callable[Concatenate[str, str, Options], QgsProcessingParameterDefinition],
) -> Callable[Concatenate[str, str, Options], Parameter]:
    """Convert a function that makes a parameter to one that describes it (see `describe_parameter`)."""
    return wraps(make)(partial(describe_parameter, make))


def mark_advanced(*parameters: Parameter) -> tuple[Parameter, ...]:
    """Return the parameters as advanced ones, which dialogs fold."""
    return tuple(replace(one, is_advanced=True) for one in parameters)


def set_widget(parameter: Parameter, widget: str) -> Parameter:
    """Return the parameter with a widget of the plugin, a class of gui.toolbox.parameter_widgets."""
    return replace(parameter, widget=widget)


@parameter_kind
def make_switch(name: str, label: str, default: bool = False) -> QgsProcessingParameterBoolean:
    """Return a parameter that is on or off."""
    return QgsProcessingParameterBoolean(name, label, default)


#: Every rule of the toolbox offers the shipped standards: they are searched once.
_list_offered_standards = cache(list_standard_ids)


@parameter_kind
def make_text(
    name: str,
    label: str,
    choices: Choices = (),
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
    if hints := [*(choices() if callable(choices) else choices)]:
        hints = ["", *hints] if default == "" else hints
        parameter.setMetadata({"widget_wrapper": {"value_hints": hints}})
    return parameter


@parameter_kind
def make_number(
    name: str,
    label: str,
    default: float | Callable[[], float] | None = None,
    *,
    is_integer: bool = False,
    decimals: int | None = None,
    **limits: Any,
) -> QgsProcessingParameterNumber:
    """Return a number parameter; without a default it is optional.

    ``default``: a number, or a function that returns it when the dialog opens; ``decimals``: digits after the point
    that the dialog shows; ``limits``: ``minValue`` (0 by default) and ``maxValue``.
    """
    kinds = Qgis.ProcessingNumberParameterType
    kind = kinds.Integer if is_integer else kinds.Double
    value = default() if callable(default) else default
    parameter = QgsProcessingParameterNumber(name, label, kind, value, value is None, **{"minValue": 0, **limits})
    if decimals is not None:
        parameter.setMetadata({"widget_wrapper": {"decimals": decimals}})
    return parameter


@parameter_kind
def make_choice(
    name: str,
    label: str,
    choices: Choices,
    default: str = "",
    *,
    allows_many: bool = False,
    optional: bool = False,
) -> QgsProcessingParameterEnum:
    """Return a parameter with one of several fixed texts, the first by default, or with several of them."""
    texts = [*(choices() if callable(choices) else choices)]
    return QgsProcessingParameterEnum(name, label, texts, allows_many, default or texts[0], optional, True)


@parameter_kind
def make_file(
    name: str, label: str, file_filter: str, *, optional: bool = True, offers_all: bool = True
) -> QgsProcessingParameterFile:
    """Return an input file parameter.

    The content of the file is validated when it is read, whatever its suffix. ``file_filter``: marked for translation
    if it has words; ``offers_all``: the dialog can also show files of other kinds.
    """
    shown = translate_marked(file_filter) + (f";;{tr('All')} (*)" if offers_all else "")
    behavior = Qgis.ProcessingFileParameterBehavior.File
    return QgsProcessingParameterFile(name, label, behavior, optional=optional, fileFilter=shown)


def make_file_or_folder(
    name: str, label: str, widget: str = "PathParameterWidget", *, optional: bool = True
) -> Parameter:
    """Return a parameter that takes a file or a folder.

    ``widget``: a class of gui.toolbox.parameter_widgets.
    """
    # Only the filter (*) lets the user choose a folder.
    kinds = mark_text("Planning data (*.gpkg *.shp *.geojson *.fgb *.parquet *.zip)")
    return replace(
        make_file(name, label, kinds, optional=optional),
        help=mark_text(
            "A file, a folder of files, a zip of them, or a schema of a PostGIS database as text: "
            "postgresql://host/database?schema=NAME, service=NAME&schema=NAME, or connection=NAME&schema=NAME (a "
            "connection of QGIS's browser), without a password."
        ),
        widget=widget,
    )


@parameter_kind
def make_layer(
    name: str, label: str, kind: Qgis.ProcessingSourceType = POLYGONS, *, optional: bool = False
) -> QgsProcessingParameterFeatureSource:
    """Return the parameter of a layer; the dialog offers also the layers of findings."""
    return QgsProcessingParameterFeatureSource(name, label, [kind], optional=optional)


def make_plan_layer(
    name: str, label: str, kind: Qgis.ProcessingSourceType = POLYGONS, *, optional: bool = False
) -> Parameter:
    """Return the parameter of a layer; the dialog does not offer the layers of findings."""
    return set_widget(make_layer(name, label, kind, optional=optional), "LayerWidget")


@parameter_kind
def make_file_output(
    name: str, label: str, file_filter: str, *, optional: bool = True
) -> QgsProcessingParameterFileDestination:
    """Return the parameter of an output file, which is not created by default.

    ``file_filter``: marked for translation if it has words.
    """
    return QgsProcessingParameterFileDestination(
        name, label, translate_marked(file_filter), optional=optional, createByDefault=False
    )


#: Parameters of Processing as they are: an input folder; several layers (with the kind of Processing for them, files);
#: an output folder, by default not a temporary one; an optional output layer or table.
make_folder = partial(
    describe_parameter, QgsProcessingParameterFile, behavior=Qgis.ProcessingFileParameterBehavior.Folder, optional=True
)
make_layers = partial(describe_parameter, QgsProcessingParameterMultipleLayers)
make_folder_output = partial(describe_parameter, QgsProcessingParameterFolderDestination, createByDefault=False)
make_layer_output = partial(describe_parameter, QgsProcessingParameterFeatureSink, optional=True)


# --- the plan and its norm
#: File or folder, and layers of the project.
SOURCE_AND_LAYERS = (
    make_file_or_folder("SOURCE", mark_text("Source: file or folder (empty: project layers)"), "SourceWidget"),
    make_layers("LAYERS", mark_text("Layers of the project (empty: all)"), ANY_GEOMETRY, optional=True),
)
#: A file or folder, which must be given, of tools that write a copy.
SOURCE_OF_COPY = replace(
    make_file_or_folder("SOURCE", mark_text("Data: file or folder"), optional=False),
    help=mark_text("A GeoPackage, a FileGDB, or a shapefile or a folder of them: a copy is written."),
)
_PROFILE = make_text("PROFILE", mark_text("Profile of the county (id, or path of a .toml file)"))
NORMS = (
    set_widget(_PROFILE, "ProfileWidget"),
    *mark_advanced(
        make_text("STANDARD", mark_text("Standard (empty: the profile's, else county_db)"), _list_offered_standards)
    ),
)
#: The standard of a tool without a profile.
(STANDARD,) = mark_advanced(make_text("STANDARD", mark_text("Standard (empty: county_db)"), _list_offered_standards))


#: The role of the tool's layer, one of the given roles; a list or table that the user gives.
make_role = partial(make_text, "ROLE", mark_text("Role of the layer (empty: recognised)"))
make_table = partial(make_file, file_filter=mark_text("Tables (*.csv *.xlsx)"))
#: Name of the option (`RunOptions`) → parameter of a table that users fill in.
SIDE_TABLES = {
    "targets": make_table("TARGETS", mark_text("Township targets (xlsx or csv)")),
    "figures": make_table("FIGURES", mark_text("Figures of text and tables (xlsx or csv)")),
    "register": make_table("REGISTER", mark_text("Heritage register (xlsx or csv)")),
}
#: The dialog shows the names of scopes, a command line gives an id.
SCOPE = set_widget(make_text("SCOPE", mark_text("Scope of the delivery")), "ScopeWidget")
PHASE = make_text(
    "PHASE",
    mark_text("Phase of the plan"),
    # The dialog offers the phases in its language.
    lambda: PLANNING_PHASES.values() if get_interface_language() == "zh" else PLANNING_PHASES,
)
BASELINE = make_file_or_folder("BASELINE", mark_text("Sealed edition: file or folder to compare with"))
WAIVERS = make_file("WAIVERS", mark_text("Waivers (empty: the .waivers.csv in the data folder)"), CSV_FILTER)
ROLES, BASE_YEAR, RENUMBERED = mark_advanced(
    make_text("ROLES", mark_text("Roles: ROLE=layer;… or a file")),
    make_number(
        "BASE_YEAR",
        mark_text("Year of the base parcels"),
        is_integer=True,
        minValue=BASE_YEARS[0],
        maxValue=BASE_YEARS[1],
    ),
    make_file("RENUMBERED", mark_text("Table of old and new keys, used to match waivers"), CSV_FILTER),
)
FURTHER_RUN_OPTIONS = (BASE_YEAR, WAIVERS, BASELINE, RENUMBERED, *mark_advanced(*SIDE_TABLES.values()))
#: All options that a check offers (`RunOptions`) but those of `NORMS`.
RUN_OPTIONS = (SCOPE, PHASE, ROLES, *FURTHER_RUN_OPTIONS)

# --- several counties, townships and packages
#: The folder of the counties, or a list of them.
COUNTIES = (
    make_folder("FOLDER", mark_text("Folder with the data of the counties")),
    make_table("LIST", mark_text("List of counties (in place of the folder)")),
)
FORMER_ROUND = make_folder("FORMER", mark_text("Results of the earlier round, to compare with"))
TARGETS_OF_PARENT = make_table("TARGETS", mark_text("Targets of the city or province"))
PERSONS = make_text("PERSONS", mark_text("Persons (township=name; …)"))
DOCUMENTS = make_folder("DOCUMENTS", mark_text("Folder with documents, maps and tables"))
SECRECY = make_text("SECRECY", mark_text("Secrecy level"), lambda: load_secrecy_levels().names)
SECRECY_REASON = make_text("SECRECY_REASON", mark_text("Reason for a lower secrecy level"))
(PERSONAL,) = mark_advanced(make_switch("PERSONAL", mark_text("Include personal data")))


def make_package_form(label: str = "", name: str = "PACKAGE") -> Parameter:
    """Return the parameter of a package specification."""
    label = label or mark_text("Package specification (id, or path of a .toml file; empty: county)")
    return make_text(name, label, lambda: list_data_ids(PACKAGE_SPECS_FOLDER))


# --- databases and copies
EXISTING = set_widget(
    make_choice("EXISTING", mark_text("If the database exists"), ACTIONS_ON_EXISTING), "ExistingWidget"
)
(LOAD,) = mark_advanced(make_switch("LOAD", mark_text("Load the layers into the project"), True))


make_crs = partial(describe_parameter, QgsProcessingParameterCrs, "CRS", optional=True)
#: The database that a tool writes; a copy of the data, in the formats that can be changed row by row.
make_database_output = partial(
    make_file_output,
    "OUTPUT",
    mark_text("Database"),
    file_filter="GeoPackage (*.gpkg);;FileGDB (*.gdb)",
    optional=False,
)
make_copy = partial(make_file_output, "OUTPUT", file_filter="GeoPackage (*.gpkg);;FileGDB (*.gdb);;Shapefile (*.shp)")

# --- documents and results
FOLDER_OF_RESULTS = make_folder_output("OUTPUT", mark_text("Folder of the results"))
FINDINGS = make_layer_output("OUTPUT_FINDINGS", mark_text("Findings"))


def make_workbook(name: str = "OUTPUT_XLSX") -> Parameter:
    """Return the parameter of an output workbook."""
    return make_file_output(name, mark_text("Workbook"), WORKBOOK_FILTER)


def make_documents(pdf: str, docx: str, html: str = "", json: str = "") -> tuple[Parameter, ...]:
    """Return the parameters of a tool's documents with these labels; those without a label are left out."""
    kinds = (("PDF", pdf, "PDF"), ("DOCX", docx, "Word"), ("HTML", html, "HTML"), ("JSON", json, "JSON"))
    return tuple(
        make_file_output(f"OUTPUT_{suffix}", label, f"{kind} (*.{suffix.lower()})")
        for suffix, label, kind in kinds
        if label
    )


#: A tool's tables as documents.
SIGNED_TABLES = make_documents(mark_text("Tables to be signed (PDF)"), mark_text("Tables to be signed (Word)"))
