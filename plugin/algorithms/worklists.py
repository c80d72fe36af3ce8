# SPDX-License-Identifier: GPL-2.0-or-later
"""拆分工作清单、合并工作清单: divide a work list among people, and merge their changes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsProcessing,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterMultipleLayers,
)

from ..bridge.running.threads import run_in_python_thread
from ..bridge.settings import get_interface_language
from ..bridge.texts import mark_text, tr
from .common import SanxianAlgorithm
from .report_log import log_lines, log_written_files

_WORKBOOK_SUFFIX = ".xlsx"


def _make_file_parameter(name: str, title: str, *, optional: bool = False) -> QgsProcessingParameterFile:
    return QgsProcessingParameterFile(
        name, title, Qgis.ProcessingFileParameterBehavior.File, optional=optional, fileFilter="CSV (*.csv)"
    )


class SplitWorklist(SanxianAlgorithm):
    """Algorithm `split_worklist`: write a part of a work list for each township or person."""

    toolbox_section = "check"
    identifier = "split_worklist"
    keywords = ("work list", "split", "工作清单", "拆分", "乡镇", "负责人", "分派")
    title = mark_text("Split work list")
    help_parts = (
        mark_text(
            "Writes a part of a work list (NAME.worklist.csv) for each township or person. The list does not "
            "change.\n\n"
            "Each row of a part records what it was at the split, so that “Merge work lists” finds what changed "
            "since. A part of an earlier split with changes that are not merged is never replaced."
        ),
    )

    def initAlgorithm(self, configuration=None):
        self.addParameter(_make_file_parameter("INPUT", tr("Work list")))
        choices = ["township", "assignee"]
        by = QgsProcessingParameterEnum("BY", tr("Split by"), choices, defaultValue="township", usesStaticStrings=True)
        self.add_parameters(
            by, QgsProcessingParameterFolderDestination("OUTPUT", tr("Folder for the parts"), createByDefault=False)
        )
        self.add_numeric_outputs(("PARTS", tr("Parts")), ("ROWS", tr("Rows")))

    def prepare(self, parameters, context, feedback):
        self.source = self.parameterAsFile(parameters, "INPUT", context).strip()
        self.column = self.parameterAsEnumString(parameters, "BY", context)
        self.folder = self.parameterAsFileOutput(parameters, "OUTPUT", context)

    def execute(self, parameters, context, feedback):
        from ..core.render.worklist.merge import split_worklist

        parts = run_in_python_thread(split_worklist)(self.source, self.column, self.folder)
        log_written_files(feedback, [part.path for part in parts])
        return {"OUTPUT": self.folder, "PARTS": len(parts), "ROWS": sum(part.count for part in parts)}


class MergeWorklist(SanxianAlgorithm):
    """Algorithm `merge_worklist`: merge parts of a work list, or a ledger that was filled in."""

    toolbox_section = "check"
    identifier = "merge_worklist"
    keywords = ("work list", "merge", "ledger", "工作清单", "合并", "台账", "冲突")
    title = mark_text("Merge work lists")
    help_parts = (
        mark_text(
            "Merges parts of a work list, or a findings ledger (xlsx) that was filled in, into the list, which is "
            "changed. Of a ledger only state, assignee and remark are taken.\n\n"
            "A row that both sides changed to different values since the split is a conflict: the list is unchanged, "
            "and the table of conflicts names both versions. Fill its column 采用 with 本清单 (the list) or 来稿 (the "
            "part), and merge again with that table."
        ),
    )

    def initAlgorithm(self, configuration=None):
        self.add_parameters(
            _make_file_parameter("INPUT", tr("Work list")),
            QgsProcessingParameterMultipleLayers(
                "PARTS", tr("Parts, or a ledger (xlsx)"), QgsProcessing.SourceType.TypeFile
            ),
            _make_file_parameter("CHOICES", tr("Table of conflicts, filled in"), optional=True),
            QgsProcessingParameterFileDestination(
                "OUTPUT_TABLE", tr("Table of conflicts"), "CSV (*.csv)", None, True, False
            ),
        )
        self.add_numeric_outputs(
            ("TAKEN", tr("Rows updated")), ("ADDED", tr("Rows added")), ("CONFLICTS", tr("Conflicts"))
        )

    def prepare(self, parameters, context, feedback):
        self.source = self.parameterAsFile(parameters, "INPUT", context).strip()
        self.paths = self.parameterAsFileList(parameters, "PARTS", context)
        self.choices = self.parameterAsFile(parameters, "CHOICES", context).strip()
        self.table = self.parameterAsFileOutput(parameters, "OUTPUT_TABLE", context)

    def execute(self, parameters, context, feedback):
        from ..core.render.words import ReportTexts
        from ..core.render.worklist_messages import describe_merge

        merged = self._merge()
        log_lines(feedback, describe_merge(merged, ReportTexts(get_interface_language())))
        log_written_files(feedback, [Path(path) for path in (self.source, self.table) if path])
        counts = {"TAKEN": merged.taken, "ADDED": merged.added, "CONFLICTS": len(merged.conflicts)}
        return {**({"OUTPUT_TABLE": self.table} if self.table else {}), **counts}

    @run_in_python_thread
    def _merge(self):
        from ..core.base.files.writing import check_writable
        from ..core.render.document.ledger_import import read_ledger
        from ..core.render.worklist.file import read_worklist
        from ..core.render.worklist.merge_files import NamedPart, merge_into_file, read_choices, write_conflicts

        if self.table:
            check_writable(self.table, [self.source, *self.paths])
        parts = []
        for path in self.paths:
            is_ledger = path.lower().endswith(_WORKBOOK_SUFFIX)
            rows = read_ledger(path, datetime.now()) if is_ledger else read_worklist(path)
            parts.append(NamedPart(Path(path).name, rows, is_ledger))
        merged = merge_into_file(self.source, parts, read_choices(self.choices) if self.choices else {})
        if self.table:
            write_conflicts(self.table, merged.conflicts)
        return merged
