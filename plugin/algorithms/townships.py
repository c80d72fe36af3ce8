# SPDX-License-Identifier: GPL-2.0-or-later
"""乡镇工作包: split a county by township, merge edited packages into a copy of the county."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import (
    Qgis,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
)

from ..bridge import health
from ..bridge.new_project.assemble import write_township_project
from ..bridge.running.threads import run_in_python_thread
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from ..core.base.errors import InputError
from ..core.standard.messages.texts import Texts
from .common import (
    SanxianAlgorithm,
    convert_errors_for_processing,
    describe_norms,
    make_file_parameter,
    make_norm_parameters,
    make_progress_callback,
    make_text_parameter,
    make_workbook_parameter,
    mark_parameter_advanced,
)
from .county_inputs import make_table_filter
from .inputs import SOURCE, make_copy_parameter, make_required_source_parameter
from .report_log import log_lines, log_written_files

if TYPE_CHECKING:
    from ..core.counties.townships.split import SplitResult

DISTANCE, TARGETS, PERSONS, PROJECTS = "DISTANCE", "TARGETS", "PERSONS", "PROJECTS"
PACKAGES, PREFER, NEW_KEYS, SEAMS = "PACKAGES", "PREFER", "NEW_KEYS", "SEAMS"
OUTPUT, OUTPUT_TABLE = "OUTPUT", "OUTPUT_TABLE"
_DEFAULT_DISTANCE_M = 100.0
_PREFER_CHOICES = ("ask", "county", "package")


class _TownshipAlgorithm(SanxianAlgorithm):
    """Base class: read the data of the county."""

    toolbox_section = "package"

    def read_source_parameter(self, parameters, context) -> str:
        """Return the path of the data; raise InputError if it does not exist."""
        source = self.parameterAsFile(parameters, SOURCE, context).strip()
        if not Path(source).exists():
            raise InputError("source_missing", source=source)
        return source


class SplitTownships(_TownshipAlgorithm):
    """Algorithm `split_townships`: write a work package for each township."""

    identifier = "split_townships"
    keywords = ("township", "split", "package", "乡镇", "分发", "拆分", "工作包", "分乡镇")
    title = mark_text("Split into township packages")
    help_parts = (
        mark_text(
            "Writes a work package for each township: a GeoPackage with all layers of the county and the features of "
            "the township, read-only neighbours (neighbours.gpkg), symbols, a project with forms, the targets of the "
            "township, and a manifest of all that was handed out. The data do not change.\n\n"
            "Each feature is in exactly one package: a feature that crosses a border belongs to the township with the "
            "largest area of it, and the manifest lists it. Features in no township and tables without shape are in "
            "the package county.\n\n"
            "Hand out the whole folder of a township, and keep its manifest: “Merge township packages” needs it. An "
            "output folder that has files is never replaced.\n\n"
            "Persons: code or name of a township, equals sign and name, separated by semicolons."
        ),
        describe_norms,
    )

    def initAlgorithm(self, configuration=None):
        projects = QgsProcessingParameterBoolean(PROJECTS, tr("Write a project for each package"), True)
        self.add_parameters(
            make_required_source_parameter(),
            QgsProcessingParameterNumber(
                DISTANCE,
                tr("Distance of read-only neighbours (m)"),
                Qgis.ProcessingNumberParameterType.Double,
                defaultValue=_DEFAULT_DISTANCE_M,
                minValue=0,
            ),
            make_file_parameter(TARGETS, tr("Targets by township"), make_table_filter()),
            make_text_parameter(PERSONS, tr("Persons (township=name; …)")),
            mark_parameter_advanced(projects),
            *map(mark_parameter_advanced, make_norm_parameters()),
            QgsProcessingParameterFolderDestination(
                OUTPUT, tr("Folder of the packages (new or empty)"), createByDefault=False
            ),
        )
        self.add_numeric_outputs(("PACKAGES", tr("Packages")), ("ROWS", tr("Features")))

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        from ..core.counties.townships.split import SplitOptions, parse_persons

        output = self.parameterAsString(parameters, OUTPUT, context).strip()
        if not output:
            raise InputError("package_no_output")
        self.options = SplitOptions(
            self.read_source_parameter(parameters, context),
            Path(output),
            self.read_norm_options(parameters, context),
            self.parameterAsDouble(parameters, DISTANCE, context),
            self.parameterAsFile(parameters, TARGETS, context).strip(),
            parse_persons(self.read_text_parameter(parameters, PERSONS, context)),
        )
        self.with_projects = self.parameterAsBool(parameters, PROJECTS, context)
        self.result: SplitResult | None = None

    def execute(self, parameters, context, feedback):
        from ..core.counties.townships.split import split_townships
        from ..core.counties.townships.township_sentences import describe_split

        result = run_in_python_thread(split_townships)(
            self.options, progress=make_progress_callback(feedback), cancellation=Cancellation(feedback.isCanceled)
        )
        log_lines(feedback, describe_split(result, Texts(self.options.check.lang)))
        log_written_files(feedback, [str(one.folder) for one in result.packages])
        self.result = result
        rows = sum(one.manifest.row_count for one in result.packages)
        return {OUTPUT: str(self.options.output), "PACKAGES": len(result.packages), "ROWS": rows}

    def postProcessAlgorithm(self, context, feedback):
        """Write the projects: QGIS makes layers on the main thread."""
        if self.result is not None and self.with_projects:
            with convert_errors_for_processing():
                for package in self.result.packages:
                    write_township_project(package, self.result.roles, self.result.norm, self.options.check.profile)
        return {}


class MergeTownships(_TownshipAlgorithm):
    """Algorithm `merge_townships`: merge edited packages into a copy of the county."""

    identifier = "merge_townships"
    keywords = ("township", "merge", "package", "conflict", "乡镇", "合并", "工作包", "矛盾", "接边", "汇总")
    title = mark_text("Merge township packages")
    help_parts = (
        mark_text(
            "Merges edited township packages into a copy of the county. Neither the county nor a package changes.\n\n"
            "Each row is compared three ways: the row handed out, the row in the county now, and the row in the "
            "package. What only a package changed, added or deleted is merged. A contradiction is never lost: both "
            "sides changed a row differently, one deleted what the other changed, a read-only neighbour was changed, "
            "new rows have one key, two packages of one township differ. The workbook lists all versions, and the "
            "layers next to it (NAME_contradictions.gpkg) have their shapes.\n\n"
            "Contradictions: ask writes the county's version and lists the row as undecided, county and package "
            "decide for one side. Changes of neighbours are never merged.\n\n"
            "New keys: new features without a key, or with a key in use, are numbered above all numbers in use.\n\n"
            "Seams: gaps, overlaps, stops, shifts and changes of code at township borders that the merge has made. A "
            "layer that is missing in a package is not taken for a deletion; new fields and layers are reported, not "
            "merged. Give the folder with the packages, or one package."
        ),
        describe_norms,
    )

    def initAlgorithm(self, configuration=None):
        behaviour = Qgis.ProcessingFileParameterBehavior.Folder
        choices = list(_PREFER_CHOICES)
        self.add_parameters(
            make_required_source_parameter(),
            QgsProcessingParameterFile(PACKAGES, tr("Folder with the edited packages"), behaviour),
            QgsProcessingParameterEnum(
                PREFER, tr("Contradictions"), choices, defaultValue="ask", usesStaticStrings=True
            ),
            QgsProcessingParameterBoolean(NEW_KEYS, tr("Number new features whose key is in use"), False),
            QgsProcessingParameterBoolean(SEAMS, tr("Search seams between townships"), True),
            mark_parameter_advanced(make_text_parameter(PERSONS, tr("Persons (township=name; …)"))),
            *map(mark_parameter_advanced, make_norm_parameters()),
            make_copy_parameter(OUTPUT, tr("Merged copy (format of the data)"), optional=False),
            make_workbook_parameter(OUTPUT_TABLE),
        )
        self.add_numeric_outputs(
            ("CHANGES", tr("Merged changes")),
            ("CONTRADICTIONS", tr("Contradictions")),
            ("UNDECIDED", tr("Undecided contradictions")),
            ("SEAM_COUNT", tr("New seams")),
        )

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        from ..core.counties.townships.decide import Prefer
        from ..core.counties.townships.merge import MergeOptions, check_merge_options
        from ..core.counties.townships.split import parse_persons

        folder = self.parameterAsFile(parameters, PACKAGES, context).strip()
        self.options = MergeOptions(
            self.read_source_parameter(parameters, context),
            (folder,) if folder else (),
            self.parameterAsFileOutput(parameters, OUTPUT, context),
            self.parameterAsFileOutput(parameters, OUTPUT_TABLE, context),
            Prefer(self.parameterAsEnumString(parameters, PREFER, context)),
            self.parameterAsBool(parameters, NEW_KEYS, context),
            parse_persons(self.read_text_parameter(parameters, PERSONS, context)),
            self.parameterAsBool(parameters, SEAMS, context),
            self.read_norm_options(parameters, context),
        )
        check_merge_options(self.options)

    def execute(self, parameters, context, feedback):
        from ..core.counties.townships.decide import Outcome
        from ..core.counties.townships.merge import merge_townships
        from ..core.counties.townships.township_sentences import describe_merge

        result = run_in_python_thread(merge_townships)(
            self.options, progress=make_progress_callback(feedback), cancellation=Cancellation(feedback.isCanceled)
        )
        log_lines(feedback, describe_merge(result.log, Texts(self.options.check.lang)))
        log_written_files(feedback, result.written)
        log = result.log
        files = {OUTPUT: self.options.output, OUTPUT_TABLE: self.options.table}
        return {
            **{name: path for name, path in files.items() if path},
            "CHANGES": sum(one.outcome is Outcome.APPLIED for one in log.changes),
            "CONTRADICTIONS": len(log.contradictions),
            "UNDECIDED": log.open_count,
            "SEAM_COUNT": len(log.seams),
        }
