# SPDX-License-Identifier: GPL-2.0-or-later
"""Base class of the algorithms: errors as messages, progress, common parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from qgis.core import (
    Qgis,
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)
from qgis.PyQt.QtGui import QIcon

from ..bridge import help_pages
from ..bridge.settings import get_interface_language, get_report_language
from ..bridge.texts import tr, translate_marked
from ..core.base.errors import Cancelled, InputError, SanxianError
from ..core.checks.check import RunOptions
from ..core.standard import list_standard_ids
from ..core.standard.messages.texts import Texts
from ..core.standard.profile import list_profile_ids
from ..paths import ICONS_FOLDER
from .inputs import ROLES, find_parameter_problem


class SanxianAlgorithm(QgsProcessingAlgorithm):
    """Base class of the algorithms: errors are messages with a remedy.

    Subclasses implement ``prepare`` and ``execute``. ``prepare`` runs on the main thread and reads everything needed
    from layers and project; ``execute`` runs in any thread. Subclasses set ``identifier`` (id of the tool, which never
    changes), ``toolbox_section`` (see `group`), ``keywords`` for the search in the toolbox, ``title``, and
    ``help_parts``: paragraphs of the help text, marked for translation, or functions that return one.
    ``repeatable_parameters``: names of text parameters that hold several names (see `read_names_parameter`); on a
    command line they may be given several times.
    """

    identifier: str = ""
    toolbox_section: str = ""
    keywords: tuple[str, ...] = ()
    title: str = ""
    help_parts: tuple[str | Callable[[], str], ...] = ()
    repeatable_parameters: frozenset[str] = frozenset()

    def name(self):
        return self.identifier

    def displayName(self):
        return translate_marked(self.title)

    def shortHelpString(self):
        return "\n\n".join(part() if callable(part) else translate_marked(part) for part in self.help_parts)

    def tags(self):
        return list(self.keywords)

    def group(self):
        return {
            "check": tr("Checks and figures"),
            "layers": tr("Layers and fields"),
            "package": tr("Submission package"),
            "exchange": tr("Exchange formats"),
            "yearly": tr("Yearly maintenance"),
            "environment": tr("Environment"),
        }[self.toolbox_section]

    def groupId(self):
        return self.toolbox_section

    def get_manual_topic(self) -> str:
        """Return the topic of the manual that explains the tool (see `bridge.help_pages`)."""
        return self.name()

    def helpUrl(self):
        """Return the URL of the tool's section in the manual.

        If the manual is missing, return the URL of a page that contains the tool's help text.
        """
        return help_pages.get_manual_url(self.get_manual_topic()) or help_pages.get_or_write_help_page_url(self)

    def createInstance(self):
        return type(self)()

    def icon(self):
        return QIcon(str(ICONS_FOLDER / "sanxian.svg"))

    def svgIconPath(self):
        return str(ICONS_FOLDER / "sanxian.svg")

    def prepare(self, parameters, context, feedback) -> None:
        """Read parameters, take snapshots of layers, check that outputs can be written."""

    def read_target(self, parameters, context) -> str:
        """Return the path of the file to write (``OUTPUT``); raise InputError without one."""
        target = self.parameterAsFileOutput(parameters, "OUTPUT", context)
        if not target:
            raise InputError("output_missing")
        return target

    def checkParameterValues(self, parameters, context):
        """Return (True, "") if the parameters are usable, else False with a message that names a remedy.

        The plugin inspects the parameters before QGIS, whose messages name no remedy.
        """
        problem = find_parameter_problem(self, parameters, context)
        if problem is not None:
            return False, Texts(get_interface_language()).explain_error(problem)
        return super().checkParameterValues(parameters, context)

    def prepareAlgorithm(self, parameters, context, feedback):
        with convert_errors_for_processing():
            self.prepare(parameters, context, feedback)
        return True

    def processAlgorithm(self, parameters, context, feedback):
        try:
            with convert_errors_for_processing():
                return self.execute(parameters, context, feedback)
        except Cancelled:
            feedback.pushInfo(Texts(get_interface_language()).get("toolbox", "cancelled"))
            return {}

    def read_text_parameter(self, parameters, name, context) -> str:
        """Return the value of a text parameter without surrounding blanks; empty without a value."""
        return self.parameterAsString(parameters, name, context).strip()

    def read_names_parameter(self, parameters, name, context) -> list[str]:
        """Return the names in a text parameter, separated as `split_words` describes."""
        parameter_value = parameters.get(name)
        if isinstance(parameter_value, list | tuple):
            return [word for text in parameter_value for word in split_words(str(text))]
        return split_words(self.read_text_parameter(parameters, name, context))

    def read_norm_options(self, parameters, context) -> RunOptions:
        """Return check options with the parameters PROFILE and STANDARD, in the language of reports."""
        profile, standard = (self.read_text_parameter(parameters, name, context) for name in ("PROFILE", "STANDARD"))
        return RunOptions(profile=profile, standard=standard, lang=get_report_language())

    def add_parameters(self, *parameters: QgsProcessingParameterDefinition) -> None:
        """Add parameters to the tool, in the order of its dialog."""
        for parameter in parameters:
            self.addParameter(parameter)

    def add_numeric_outputs(self, *numbers: tuple[str, str]) -> None:
        """Add numeric outputs to the tool, each as (name, label)."""
        for name, label in numbers:
            self.addOutput(QgsProcessingOutputNumber(name, label))


def split_words(text: str) -> list[str]:
    """Return the words of a text, separated by blanks, commas or semicolons (also Chinese ones)."""
    return [word for word in re.split(r"[\s,;，；、]+", text) if word]


@contextmanager
def convert_errors_for_processing() -> Iterator[None]:
    """Convert errors of the plugin in the ``with`` block to QgsProcessingException.

    The messages are in the user's language.
    """
    try:
        yield
    except SanxianError as error:
        raise QgsProcessingException(Texts(get_interface_language()).explain_error(error)) from error


def make_progress_callback(feedback) -> Callable[[float, str], None]:
    """Return a progress callback for the core that reports to ``feedback`` of Processing.

    The core calls it with the completed share (0–1) and a text.
    """

    def report_progress(share: float, text: str) -> None:
        feedback.setProgress(100 * share)
        if text:
            feedback.setProgressText(text)

    return report_progress


def mark_parameter_advanced(parameter: QgsProcessingParameterDefinition) -> QgsProcessingParameterDefinition:
    """Mark a parameter as advanced, so that dialogs fold it, and return it."""
    parameter.setFlags(parameter.flags() | Qgis.ProcessingParameterFlag.Advanced)
    return parameter


def make_base_year_parameter(name: str) -> QgsProcessingParameterNumber:
    """Return the parameter for the year of the land-use data from which the expansion ratio is computed."""
    integer = Qgis.ProcessingNumberParameterType.Integer
    label = tr("Year of the base parcels")
    return QgsProcessingParameterNumber(name, label, integer, optional=True, minValue=1990, maxValue=2100)


OUTPUT_PDF, OUTPUT_DOCX = "OUTPUT_PDF", "OUTPUT_DOCX"


def make_file_outputs(*outputs: tuple[str, str, str]) -> list[QgsProcessingParameterFileDestination]:
    """Return the parameters of output files (name, label, filter of the dialog), not created by default."""
    return [
        QgsProcessingParameterFileDestination(name, label, file_filter, optional=True, createByDefault=False)
        for name, label, file_filter in outputs
    ]


def make_workbook_parameter(name: str) -> QgsProcessingParameterFileDestination:
    """Return the parameter of an output workbook, which is not created by default."""
    return make_file_outputs((name, tr("Workbook"), "Excel (*.xlsx)"))[0]


def make_document_parameters() -> list[QgsProcessingParameterFileDestination]:
    """Return the parameters of a tool's documents (Word, PDF), which are not created by default."""
    return make_file_outputs(
        (OUTPUT_PDF, tr("Tables to be signed (PDF)"), "PDF (*.pdf)"),
        (OUTPUT_DOCX, tr("Tables to be signed (Word)"), "Word (*.docx)"),
    )


def make_text_parameter(name: str, label: str, choices: list[str] | None = None) -> QgsProcessingParameterString:
    """Return an optional text parameter.

    The dialog offers the ``choices``; a command line may give any text.
    """
    parameter = QgsProcessingParameterString(name, label, defaultValue="", optional=True)
    if choices:
        parameter.setMetadata({"widget_wrapper": {"value_hints": ["", *choices]}})
    return parameter


def make_file_parameter(name: str, label: str, file_filter: str) -> QgsProcessingParameterFile:
    """Return an optional input file parameter.

    The content of the file is validated when it is read, whatever its suffix.
    """
    filter_with_all = f"{file_filter};;{tr('All')} (*)"
    return QgsProcessingParameterFile(
        name, label, Qgis.ProcessingFileParameterBehavior.File, optional=True, fileFilter=filter_with_all
    )


def get_label_by_table() -> dict[str, str]:
    """Return name of the option (`RunOptions`) → label of its parameter, for tables that users fill in."""
    return {
        "targets": tr("Township targets (xlsx or csv)"),
        "figures": tr("Figures of text and tables (xlsx or csv)"),
        "register": tr("Heritage register (xlsx or csv)"),
    }


def make_roles_parameter() -> QgsProcessingParameterDefinition:
    """Return the parameter ROLES, which assigns layers to roles."""
    return mark_parameter_advanced(make_text_parameter(ROLES, tr("Roles: ROLE=layer;… or a file")))


def make_standard_parameter() -> QgsProcessingParameterDefinition:
    """Return the parameter STANDARD of a tool without a profile."""
    return mark_parameter_advanced(
        make_text_parameter("STANDARD", tr("Standard (empty: county_db)"), list_standard_ids())
    )


def make_table_parameter(name: str) -> QgsProcessingParameterFile:
    """Return the file parameter for a table that users fill in; ``name``: a key of `get_label_by_table`."""
    return make_file_parameter(name.upper(), get_label_by_table()[name], f"{tr('Tables')} (*.xlsx *.csv)")


def make_norm_parameters() -> list[QgsProcessingParameterDefinition]:
    """Return the parameters PROFILE and STANDARD."""
    profile = tr("Profile of the county (id, or path of a .toml file)")
    standard = tr("Standard (empty: the profile's, else county_db)")
    county = make_text_parameter("PROFILE", profile)
    # Name the class: Processing imports it when a dialog opens, and without a desktop it cannot be imported.
    county.setMetadata(
        {"widget_wrapper": {"class": f"{__name__.rsplit('.', 2)[0]}.gui.toolbox.create_widgets.ProfileWidget"}}
    )
    return [county, mark_parameter_advanced(make_text_parameter("STANDARD", standard, list_standard_ids()))]


def describe_norms() -> str:
    """Return a help text that lists the standards and profiles."""
    text = tr("Standards: {standards}. Profiles: {profiles}.")
    return text.format(standards=", ".join(list_standard_ids()), profiles=", ".join(list_profile_ids()))
