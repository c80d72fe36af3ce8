# SPDX-License-Identifier: GPL-2.0-or-later
"""Base class of the algorithms: parameters and results, errors as messages, progress."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from qgis.core import QgsProcessingAlgorithm, QgsProcessingException
from qgis.PyQt.QtGui import QIcon

from ..bridge import health, help_pages
from ..bridge.layers.properties import format_crs_for_pyproj
from ..bridge.running.threads import run_in_python_thread
from ..bridge.settings import get_interface_language, get_report_language
from ..bridge.texts import tr, translate_marked
from ..core.base.errors import Cancellation, Cancelled, InputError, SanxianError
from ..core.base.files.writing import name_refused_file
from ..core.checks.check import RunOptions
from ..core.standard import Standard, list_standard_ids, load_standard
from ..core.standard.messages.texts import Texts
from ..core.standard.profile import Norm, list_profile_ids
from ..paths import ICONS_FOLDER
from .inputs import find_parameter_problem, has_value
from .parameters import Parameter, Tool


class PluginIcon:
    """Base of the provider and its algorithms, which have the icon of the plugin."""

    def icon(self):
        return QIcon(self.svgIconPath())

    def svgIconPath(self):
        return str(ICONS_FOLDER / "sanxian.svg")


class SanxianAlgorithm(PluginIcon, QgsProcessingAlgorithm):
    """Base class of the algorithms: errors are messages with a remedy.

    Subclasses have a description, ``tool``, and implement ``prepare`` and ``execute``. ``prepare``
    runs on the main thread and reads everything needed from layers and project; ``execute`` runs in any thread.
    """

    tool: Tool
    #: Topic of the manual that explains the tool (see `bridge.help_pages`); empty for the tool's name.
    manual_topic = ""
    #: Parameter that the user left empty → its value from the project, as `read_plan_inputs` sets it.
    options_from_project: Mapping[str, object] = MappingProxyType({})

    def name(self):
        return self.tool.identifier

    def displayName(self):
        return translate_marked(self.tool.title)

    def shortHelpString(self):
        return "\n\n".join(part() if callable(part) else translate_marked(part) for part in self.tool.help_parts)

    def tags(self):
        return list(self.tool.keywords)

    def group(self):
        return {
            "check": tr("Checks and figures"),
            "layers": tr("Layers and fields"),
            "package": tr("Submission package"),
            "exchange": tr("Exchange formats"),
            "yearly": tr("Yearly maintenance"),
            "environment": tr("Environment"),
        }[self.tool.section]

    def groupId(self):
        return self.tool.section

    def helpUrl(self):
        """Return the URL of the tool's section in the manual.

        If the manual is missing, return the URL of a page that contains the tool's help text.
        """
        topic = self.manual_topic or self.name()
        return help_pages.get_manual_url(topic) or help_pages.get_or_write_help_page_url(self)

    def createInstance(self):
        return type(self)()

    def list_parameters(self) -> Iterable[Parameter]:
        """Return the parameters of the tool, in the order of its dialog."""
        return self.tool.parameters

    def initAlgorithm(self, configuration=None):
        for parameter in self.list_parameters():
            self.addParameter(parameter.create())
        for output, name, label in self.tool.results:
            self.addOutput(output(name, translate_marked(label)))

    def prepare(self, parameters, context, feedback) -> None:
        """Read parameters, take snapshots of layers, check that outputs can be written."""

    def read_target(self, parameters, context) -> str:
        """Return the path of the file to write (``OUTPUT``); raise InputError without one."""
        if not (target := self.parameterAsFileOutput(parameters, "OUTPUT", context)):
            raise InputError("output_missing")
        return target

    def checkParameterValues(self, parameters, context):
        """Return (True, "") if the parameters are usable, else False with a message that names a remedy.

        The plugin inspects the parameters before QGIS, whose messages name no remedy.
        """
        if (problem := find_parameter_problem(self, parameters, context)) is not None:
            return False, Texts(get_interface_language()).explain_error(problem)
        return super().checkParameterValues(parameters, context)

    def prepareAlgorithm(self, parameters, context, feedback):
        self.cancellation = Cancellation(feedback.isCanceled)
        with convert_errors_for_processing():
            if self.tool.needs_libraries_to_prepare:
                health.require_libraries(self.cancellation)
            self.prepare(parameters, context, feedback)
        return True

    def processAlgorithm(self, parameters, context, feedback):
        self.cancellation = Cancellation(feedback.isCanceled)
        if self.options_from_project:
            settings = ", ".join(f"{name}={value}" for name, value in self.options_from_project.items())
            feedback.pushInfo(Texts(get_interface_language()).get("toolbox", "county_of_project", settings=settings))
        try:
            with convert_errors_for_processing():
                return self.execute(parameters, context, feedback)
        except Cancelled:
            feedback.pushInfo(Texts(get_interface_language()).get("toolbox", "cancelled"))
            return {}

    def read_text_parameter(self, parameters, name, context) -> str:
        """Return the value of a text parameter without surrounding blanks; empty without a value."""
        return self.parameterAsString(parameters, name, context).strip()

    def read_number(self, parameters, name, context, *, is_integer: bool = False) -> float | None:
        """Return the value of a number parameter; None without a value, or if the tool lacks the parameter."""
        if self.parameterDefinition(name) is None or not has_value(parameters, name):
            return None
        return (self.parameterAsInt if is_integer else self.parameterAsDouble)(parameters, name, context)

    def read_names_parameter(self, parameters, name, context) -> list[str]:
        """Return the names in a text parameter, separated as `split_words` describes."""
        if isinstance(parameter_value := parameters.get(name), list | tuple):
            return [word for text in parameter_value for word in split_words(str(text))]
        return split_words(self.read_text_parameter(parameters, name, context))

    def read_norm_options(self, parameters, context) -> RunOptions:
        """Return check options with the parameters PROFILE and STANDARD, in the language of reports."""
        profile, standard = (self.read_text_parameter(parameters, name, context) for name in ("PROFILE", "STANDARD"))
        return RunOptions(profile=profile, standard=standard, lang=get_report_language())

    def read_standard(self, parameters, context) -> Standard:
        """Return the standard of a tool without a profile (``STANDARD``)."""
        return load_standard(self.read_text_parameter(parameters, "STANDARD", context) or "county_db")

    def read_crs(self, parameters, context) -> str:
        """Return the CRS as text for pyproj; the text of the user if QGIS does not know it, empty without one."""
        system = self.parameterAsCrs(parameters, "CRS", context)
        return format_crs_for_pyproj(system) if system.isValid() else str(parameters.get("CRS") or "")

    def read_input_file(self, parameters, context) -> str:
        """Return the path of the file to read (``INPUT``); raise InputError if it does not exist."""
        if not (path := self.parameterAsFile(parameters, "INPUT", context).strip()) or not Path(path).is_file():
            raise InputError("source_missing", source=path)
        return path

    def read_output_folder(self, parameters, context) -> Path:
        """Return the folder of results (``OUTPUT``); raise InputError without one."""
        if not (folder := self.parameterAsString(parameters, "OUTPUT", context).strip()):
            raise InputError("package_no_output")
        return Path(folder)

    def read_documents_folder(self, parameters, context) -> Path | None:
        """Return the folder of a package's documents, None without one; raise InputError if it does not exist."""
        folder = self.parameterAsString(parameters, "DOCUMENTS", context).strip()
        if folder and not Path(folder).is_dir():
            raise InputError("package_no_documents", folder=folder)
        return Path(folder) if folder else None


def run_in_thread(function: Callable[..., Any], feedback, *args: Any, **options: Any) -> Any:
    """Call a function of the core in a thread of Python, with progress and cancellation by ``feedback``."""
    return run_in_python_thread(function)(
        *args,
        **options,
        progress=make_progress_callback(feedback),
        cancellation=Cancellation(feedback.isCanceled),
    )


def list_given(**paths: str) -> dict[str, str]:
    """Return the outputs that have a path."""
    return {name: path for name, path in paths.items() if path}


def split_words(text: str) -> list[str]:
    """Return the words of a text, separated by blanks, commas or semicolons (also Chinese ones)."""
    return [word for word in re.split(r"[\s,;，；、]+", text) if word]


@contextmanager
def convert_errors_for_processing() -> Iterator[None]:
    """Convert errors of the plugin in the ``with`` block to QgsProcessingException.

    The messages are in the user's language.
    """
    try:
        with name_refused_file():
            yield
    except SanxianError as error:
        raise QgsProcessingException(Texts(get_interface_language()).explain_error(error)) from error


def make_progress_callback(feedback, start: float = 0.0, end: float = 1.0) -> Callable[[float, str], None]:
    """Return a progress callback for the core that reports to ``feedback`` of Processing.

    The core calls it with the completed share (0–1) of the part from ``start`` to ``end`` of the run, and a text.
    """

    def report_progress(share: float, text: str) -> None:
        feedback.setProgress(100 * (start + (end - start) * share))
        if text:
            feedback.setProgressText(text)

    return report_progress


def describe_norms() -> str:
    """Return a help text that lists the standards and profiles."""
    text = tr("Standards: {standards}. Profiles: {profiles}.")
    return text.format(standards=", ".join(list_standard_ids()), profiles=", ".join(list_profile_ids()))


# --- the log


def log_lines(feedback, lines: Iterable[str]) -> None:
    """Log lines of text."""
    for line in lines:
        feedback.pushInfo(line)


def log_warnings(feedback, lines: Iterable[str]) -> None:
    """Log lines of text as warnings."""
    for line in lines:
        feedback.pushWarning(line)


def log_levels(feedback, lines: Iterable[tuple[str, str]]) -> list[str]:
    """Log sentences by their levels; return those that are errors or warnings."""
    levels_and_texts = list(lines)
    log_by_level = {"info": feedback.pushInfo, "error": feedback.reportError}
    for level, text in levels_and_texts:
        log_by_level.get(level, feedback.pushWarning)(text)
    return [text for level, text in levels_and_texts if level != "info"]


def log_written_files(feedback, paths: Iterable[str]) -> None:
    """Log the paths of the written files; empty paths are skipped."""
    log_lines(
        feedback, (Texts(get_interface_language()).get("toolbox", "written", path=path) for path in filter(None, paths))
    )


def log_copy_of_sealed_layer(feedback, role: str, norm: Norm) -> None:
    """Log that a copy was written, if the layer with code ``role`` is approved data (封库) and must not change."""
    from ..core.standard.profile.norm import is_sealed

    if is_sealed(role, norm):
        template = norm.standard.templates.get(role)
        texts = Texts(get_interface_language())
        name = template.name if template is not None and texts.lang == "zh" else role
        feedback.pushInfo(texts.get("toolbox", "sealed_copy", layer=name))
