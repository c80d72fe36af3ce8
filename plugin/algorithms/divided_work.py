# SPDX-License-Identifier: GPL-2.0-or-later
"""乡镇工作包、工作清单: divide a county or a work list among people, and merge what they changed."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import (
    QgsProcessing,
)

from ..bridge.new_project.assemble import write_township_project
from ..bridge.running.threads import run_in_python_thread
from ..bridge.settings import get_interface_language
from ..bridge.texts import mark_text
from ..core.base.choices import NEIGHBOUR_DISTANCE_M, PREFERRED_SIDES, WORKLIST_COLUMNS
from ..core.base.errors import Cancellation, InputError
from ..core.base.files.writing import check_writable
from ..core.render.words import ReportTexts
from ..core.render.worklist.merge import merge_into_file, read_choices, split_worklist, write_conflicts
from ..core.standard.messages.texts import Texts
from .common import (
    SanxianAlgorithm,
    convert_errors_for_processing,
    describe_norms,
    list_given,
    log_lines,
    log_written_files,
    make_progress_callback,
    run_in_thread,
)
from .parameters import (
    CSV_FILTER,
    NORMS,
    PERSONS,
    SOURCE_OF_COPY,
    Tool,
    declare_numbers,
    make_choice,
    make_copy,
    make_file,
    make_file_output,
    make_folder,
    make_folder_output,
    make_layers,
    make_number,
    make_switch,
    make_table,
    make_workbook,
    mark_advanced,
)

if TYPE_CHECKING:
    from ..core.counties.townships.split import SplitResult


#: Share of the progress at the end of the packages; their projects follow.
_PACKAGES_SHARE = 0.5


def _read_county(algorithm: SanxianAlgorithm, parameters, context) -> str:
    """Return the path of the data of the county; raise InputError if it does not exist."""
    source = algorithm.parameterAsFile(parameters, "SOURCE", context).strip()
    if not Path(source).exists():
        raise InputError("source_missing", source=source)
    return source


class SplitTownships(SanxianAlgorithm):
    """Algorithm `split_townships`: write a work package for each township."""

    tool = Tool(
        identifier="split_townships",
        section="package",
        title=mark_text("Split into township packages"),
        keywords=("township", "split", "package", "乡镇", "分发", "拆分", "工作包", "分乡镇"),
        help_parts=(
            mark_text(
                "Writes a work package for each township: a GeoPackage with all layers of the county and the features "
                "of the township, read-only neighbours (neighbours.gpkg), symbols, a project with forms, the targets "
                "of the township, and a manifest of all that was handed out. The data do not change.\n\n"
                "Each feature is in exactly one package: a feature that crosses a border belongs to the township with "
                "the largest area of it, and the manifest lists it. Features in no township and tables without shape "
                "are in the package county.\n\n"
                "Hand out the whole folder of a township, and keep its manifest: “Merge township packages” needs it. "
                "An output folder that has files is never replaced.\n\n"
                "Persons: code or name of a township, equals sign and name, separated by semicolons."
            ),
            describe_norms,
        ),
        parameters=(
            SOURCE_OF_COPY,
            make_number("DISTANCE", mark_text("Distance of read-only neighbours (m)"), NEIGHBOUR_DISTANCE_M),
            make_table("TARGETS", mark_text("Targets by township")),
            PERSONS,
            *mark_advanced(make_switch("PROJECTS", mark_text("Write a project for each package"), True), *NORMS),
            make_folder_output("OUTPUT", mark_text("Folder of the packages (new or empty)")),
        ),
        results=declare_numbers(PACKAGES=mark_text("Packages"), ROWS=mark_text("Features")),
    )

    def prepare(self, parameters, context, feedback):
        from ..core.counties.townships.split import SplitOptions, parse_persons

        self.options = SplitOptions(
            _read_county(self, parameters, context),
            self.read_output_folder(parameters, context),
            self.read_norm_options(parameters, context),
            self.parameterAsDouble(parameters, "DISTANCE", context),
            self.parameterAsFile(parameters, "TARGETS", context).strip(),
            parse_persons(self.read_text_parameter(parameters, "PERSONS", context)),
        )
        self.with_projects = self.parameterAsBool(parameters, "PROJECTS", context)
        self.result: SplitResult | None = None

    def execute(self, parameters, context, feedback):
        from ..core.counties.townships.log import describe_split
        from ..core.counties.townships.split import split_townships

        end = _PACKAGES_SHARE if self.with_projects else 1.0
        result = run_in_python_thread(split_townships)(
            self.options,
            progress=make_progress_callback(feedback, end=end),
            cancellation=Cancellation(feedback.isCanceled),
        )
        log_lines(feedback, describe_split(result, Texts(self.options.check.lang)))
        log_written_files(feedback, [str(one.folder) for one in result.packages])
        self.result = result
        rows = sum(one.manifest.row_count for one in result.packages)
        return {"OUTPUT": str(self.options.output), "PACKAGES": len(result.packages), "ROWS": rows}

    def postProcessAlgorithm(self, context, feedback):
        """Write the projects: QGIS makes layers on the main thread."""
        if self.result is not None and self.with_projects:
            with convert_errors_for_processing():
                report_progress = make_progress_callback(feedback, _PACKAGES_SHARE)
                for number, package in enumerate(self.result.packages, 1):
                    write_township_project(package, self.result.roles, self.result.norm, self.options.check.profile)
                    report_progress(number / len(self.result.packages), "")
        return {}


class MergeTownships(SanxianAlgorithm):
    """Algorithm `merge_townships`: merge edited packages into a copy of the county."""

    tool = Tool(
        identifier="merge_townships",
        section="package",
        title=mark_text("Merge township packages"),
        keywords=("township", "merge", "package", "conflict", "乡镇", "合并", "工作包", "矛盾", "接边", "汇总"),
        help_parts=(
            mark_text(
                "Merges edited township packages into a copy of the county. Neither the county nor a package "
                "changes.\n\n"
                "Each row is compared three ways: the row handed out, the row in the county now, and the row in the "
                "package. What only a package changed, added or deleted is merged. A contradiction is never lost: both "
                "sides changed a row differently, one deleted what the other changed, a read-only neighbour was "
                "changed, new rows have one key, two packages of one township differ. The workbook lists all versions, "
                "and the layers next to it (NAME_contradictions.gpkg) have their shapes.\n\n"
                "Contradictions: ask writes the county's version and lists the row as undecided, county and package "
                "decide for one side. Changes of neighbours are never merged.\n\n"
                "New keys: new features without a key, or with a key in use, are numbered above all numbers in use.\n\n"
                "Seams: gaps, overlaps, stops, shifts and changes of code at township borders that the merge has made. "
                "A layer that is missing in a package is not taken for a deletion; new fields and layers are reported, "
                "not merged. Give the folder with the packages, or one package."
            ),
            describe_norms,
        ),
        parameters=(
            SOURCE_OF_COPY,
            make_folder("PACKAGES", mark_text("Folder with the edited packages"), optional=False),
            make_choice("PREFER", mark_text("Contradictions"), PREFERRED_SIDES),
            make_switch("NEW_KEYS", mark_text("Number new features whose key is in use")),
            make_switch("SEAMS", mark_text("Search seams between townships"), True),
            *mark_advanced(PERSONS, *NORMS),
            make_copy(mark_text("Merged copy (format of the data)"), optional=False),
            make_workbook("OUTPUT_TABLE"),
        ),
        results=declare_numbers(
            CHANGES=mark_text("Merged changes"),
            CONTRADICTIONS=mark_text("Contradictions"),
            UNDECIDED=mark_text("Undecided contradictions"),
            SEAM_COUNT=mark_text("New seams"),
        ),
    )

    def prepare(self, parameters, context, feedback):
        from ..core.counties.townships.decide import Prefer
        from ..core.counties.townships.merge import MergeOptions, check_merge_options
        from ..core.counties.townships.split import parse_persons

        folder = self.parameterAsFile(parameters, "PACKAGES", context).strip()
        self.options = MergeOptions(
            _read_county(self, parameters, context),
            (folder,) if folder else (),
            self.parameterAsFileOutput(parameters, "OUTPUT", context),
            self.parameterAsFileOutput(parameters, "OUTPUT_TABLE", context),
            Prefer(self.parameterAsEnumString(parameters, "PREFER", context)),
            self.parameterAsBool(parameters, "NEW_KEYS", context),
            parse_persons(self.read_text_parameter(parameters, "PERSONS", context)),
            self.parameterAsBool(parameters, "SEAMS", context),
            self.read_norm_options(parameters, context),
        )
        check_merge_options(self.options)

    def execute(self, parameters, context, feedback):
        from ..core.counties.townships.decide import Outcome
        from ..core.counties.townships.log import describe_merge
        from ..core.counties.townships.merge import merge_townships

        result = run_in_thread(merge_townships, feedback, self.options)
        log_lines(feedback, describe_merge(result.log, Texts(self.options.check.lang)))
        log_written_files(feedback, result.written)
        log = result.log
        return {
            **list_given(OUTPUT=self.options.output, OUTPUT_TABLE=self.options.table),
            "CHANGES": sum(one.edit.outcome is Outcome.APPLIED for one in log.changes),
            "CONTRADICTIONS": len(log.contradictions),
            "UNDECIDED": log.open_count,
            "SEAM_COUNT": len(log.seams),
        }


_make_csv = partial(make_file, file_filter=CSV_FILTER, optional=False, offers_all=False)


class SplitWorklist(SanxianAlgorithm):
    """Algorithm `split_worklist`: write a part of a work list for each township or person."""

    tool = Tool(
        identifier="split_worklist",
        section="check",
        title=mark_text("Split work list"),
        keywords=("work list", "split", "工作清单", "拆分", "乡镇", "负责人", "分派"),
        help_parts=(
            mark_text(
                "Writes a part of a work list (NAME.worklist.csv) for each township or person, as a workbook "
                "(NAME.TOWNSHIP.worklist.xlsx). The list does not change.\n\n"
                "Each row of a part records what it was at the split, so that “Merge work lists” finds what changed "
                "since. A part of an earlier split with changes that are not merged is never replaced."
            ),
        ),
        parameters=(
            _make_csv("INPUT", mark_text("Work list")),
            make_choice("BY", mark_text("Split by"), WORKLIST_COLUMNS),
            make_folder_output("OUTPUT", mark_text("Folder for the parts")),
        ),
        results=declare_numbers(PARTS=mark_text("Parts"), ROWS=mark_text("Rows")),
        needs_libraries_to_prepare=False,
    )

    def execute(self, parameters, context, feedback):
        source = self.parameterAsFile(parameters, "INPUT", context).strip()
        folder = self.parameterAsFileOutput(parameters, "OUTPUT", context)
        column = self.parameterAsEnumString(parameters, "BY", context)
        parts = run_in_python_thread(split_worklist)(source, column, folder)
        log_written_files(feedback, [part.path for part in parts])
        return {"OUTPUT": folder, "PARTS": len(parts), "ROWS": sum(part.count for part in parts)}


class MergeWorklist(SanxianAlgorithm):
    """Algorithm `merge_worklist`: merge parts of a work list, or a ledger that was filled in."""

    tool = Tool(
        identifier="merge_worklist",
        section="check",
        title=mark_text("Merge work lists"),
        keywords=("work list", "merge", "ledger", "工作清单", "合并", "台账", "冲突"),
        help_parts=(
            mark_text(
                "Merges parts of a work list, or a findings ledger (xlsx) that was filled in, into the list, which is "
                "changed. Of a ledger only state, assignee and remark are taken.\n\n"
                "A row that both sides changed to different values since the split is a conflict: the list is "
                "unchanged, and the table of conflicts names both versions. Fill its column 采用 with 本清单 (the "
                "list) or 来稿 (the part), and merge again with that table."
            ),
        ),
        parameters=(
            _make_csv("INPUT", mark_text("Work list")),
            make_layers(
                "PARTS", mark_text("Parts (xlsx or CSV), or a ledger (xlsx)"), QgsProcessing.SourceType.TypeFile
            ),
            _make_csv("CHOICES", mark_text("Table of conflicts, filled in"), optional=True),
            make_file_output("OUTPUT_TABLE", mark_text("Table of conflicts"), CSV_FILTER),
        ),
        results=declare_numbers(
            TAKEN=mark_text("Rows updated"), ADDED=mark_text("Rows added"), CONFLICTS=mark_text("Conflicts")
        ),
        needs_libraries_to_prepare=False,
    )

    def execute(self, parameters, context, feedback):
        from ..core.render.document.ledger import read_part_or_ledger
        from ..core.render.worklist.update import describe_merge

        source = self.parameterAsFile(parameters, "INPUT", context).strip()
        choices = self.parameterAsFile(parameters, "CHOICES", context).strip()
        paths = self.parameterAsFileList(parameters, "PARTS", context)
        table = self.parameterAsFileOutput(parameters, "OUTPUT_TABLE", context)

        @run_in_python_thread
        def merge():
            if table:
                check_writable(table, [source, *paths])
            parts = [read_part_or_ledger(path, datetime.now()) for path in paths]
            merged = merge_into_file(source, parts, read_choices(choices) if choices else {})
            if table:
                write_conflicts(table, merged.conflicts)
            return merged

        merged = merge()
        log_lines(feedback, describe_merge(merged, ReportTexts(get_interface_language())))
        log_written_files(feedback, (source, table))
        counts = {"TAKEN": merged.taken, "ADDED": merged.added, "CONFLICTS": len(merged.conflicts)}
        return {**list_given(OUTPUT_TABLE=table), **counts}
