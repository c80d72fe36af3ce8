# SPDX-License-Identifier: GPL-2.0-or-later
"""批量修复、控制线退让: check a plan and write a copy of it with fixes applied."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterBoolean

from ..bridge import health
from ..bridge.running.threads import run_in_python_thread
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from .common import (
    SanxianAlgorithm,
    describe_norms,
    make_norm_parameters,
    make_progress_callback,
    make_text_parameter,
    mark_parameter_advanced,
    split_words,
)
from .inputs import (
    make_copy_parameter,
    make_required_source_parameter,
    make_table_parameter,
    read_required_source,
)
from .report_log import log_written_files

FIXES, SAFE_ONLY, ORDER, OUTPUT, OUTPUT_TABLE = "FIXES", "SAFE_ONLY", "ORDER", "OUTPUT", "OUTPUT_TABLE"
#: The fix that resolves overlaps of the three control lines.
_LINE_FIX = "FIX010"


class _FixingAlgorithm(SanxianAlgorithm):
    """Base class: check a source, and write a copy with fixes, a table of the fixes and a log of the changes.

    Subclasses have ``add_specific_parameters()``, which adds the parameters of this algorithm alone, and
    ``make_fix_run_options(parameters, context, output, table)``, which returns `FixRunOptions`; ``output``: path of
    the copy, ``table``: path of the table that lists the fixes.
    """

    toolbox_section = "check"

    def initAlgorithm(self, configuration=None):
        self.addParameter(make_required_source_parameter())
        self.add_specific_parameters()
        self.add_parameters(
            *map(mark_parameter_advanced, make_norm_parameters()),
            make_copy_parameter(OUTPUT, tr("Copy with the fixes (format of the data)")),
            make_table_parameter(OUTPUT_TABLE, tr("Table of the fixes (CSV)")),
        )
        self.add_numeric_outputs(
            ("FINDINGS", tr("Problems")),
            ("SAFE", tr("Safe fixes")),
            ("CONFIRM", tr("Fixes to confirm")),
            ("REFUSED", tr("Not fixable")),
            ("APPLIED", tr("Fixes applied")),
        )

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        from ..core.fixes.run_fixes import check_fix_run_options

        self.options = self.read_norm_options(parameters, context)
        self.source = read_required_source(self, parameters, context)
        output, table = (self.parameterAsFileOutput(parameters, name, context) for name in (OUTPUT, OUTPUT_TABLE))
        self.order = self.make_fix_run_options(parameters, context, output, table)
        check_fix_run_options(self.order, self.source)

    def execute(self, parameters, context, feedback):
        from ..core.fixes.run_fixes import count_groups, run_fixes

        run = run_in_python_thread(run_fixes)(
            self.source,
            self.options,
            self.order,
            progress=make_progress_callback(feedback),
            cancellation=Cancellation(feedback.isCanceled),
        )
        counts, texts = count_groups(run.batch), run.make_texts(self.options.lang)
        feedback.pushInfo(texts.get("summary", **counts))
        for entry in run.batch.entries:
            if entry.refusal is not None:
                feedback.pushInfo(f"{entry.finding.code} {texts.explain_refusal(entry.refusal)}")
        log_written_files(feedback, run.written)
        numbers = {name.upper(): counts[name] for name in ("findings", "safe", "confirm", "refused", "applied")}
        files = {OUTPUT: self.order.output, OUTPUT_TABLE: self.order.table}
        return {**{name: path for name, path in files.items() if path}, **numbers}


class ApplyFixes(_FixingAlgorithm):
    """Algorithm `apply_fixes`: fix problems in a copy of the data."""

    identifier = "apply_fixes"
    keywords = ("fix", "repair", "correct", "修复", "整改", "批量修复", "缝隙", "重叠")
    title = mark_text("Fix problems in a copy")
    help_parts = (
        mark_text(
            "Checks the data, proposes a fix for each problem, applies the fixes to a copy and lists them in a "
            "table. The data themselves do not change.\n\n"
            "A fix is safe if it changes one layer, moves land below the limits for slivers only (or none), ends "
            "the problem and adds no other. Deleted features, windows and changed codes of zones are never safe. "
            "Sealed layers, the survey and the divisions do not change; the table gives the reason.\n\n"
            "Areas balance: before − out + in = after. A log of the changes is written to the folder of the copy. "
            "Check the copy again afterwards: totals of the county are known only then."
        ),
        describe_norms,
    )

    def add_specific_parameters(self):
        self.add_parameters(
            make_text_parameter(FIXES, tr("Fixes, separated by commas (empty: all)")),
            QgsProcessingParameterBoolean(SAFE_ONLY, tr("Apply safe fixes only"), True),
        )

    def make_fix_run_options(self, parameters, context, output, table):
        from ..core.fixes.run_fixes import FixRunOptions

        only = tuple(split_words(self.read_text_parameter(parameters, FIXES, context)))
        safe_only = self.parameterAsBoolean(parameters, SAFE_ONLY, context)
        return FixRunOptions(only, safe_only, output, table)


class ResolveOverlaps(_FixingAlgorithm):
    """Algorithm `resolve_overlaps`: cut control lines back by precedence."""

    identifier = "resolve_overlaps"
    keywords = ("overlap", "precedence", "cut", "重叠", "退让", "控制线", "开发边界", "永久基本农田", "生态保护红线")
    title = mark_text("Resolve overlaps of control lines")
    help_parts = (
        mark_text(
            "Cuts the control lines of a copy back where they overlap: by statutory precedence, permanent basic "
            "farmland stays, then the ecological red line, then the urban development boundary. The new edge has "
            "the vertices of the line that stays. Where that line is inside, a window results.\n\n"
            "Sealed lines do not change: an overlap of farmland and red line is listed with the reason. Planning "
            "zones do not follow; check the copy again afterwards."
        ),
        describe_norms,
    )

    def add_specific_parameters(self):
        order = tr("Order, first the line that stays (empty: farmland,red_line,boundary)")
        self.addParameter(make_text_parameter(ORDER, order))

    def make_fix_run_options(self, parameters, context, output, table):
        from dataclasses import replace

        from ..core.fixes.declared.control_lines import parse_order
        from ..core.fixes.fix_declaration import load_all_fixes
        from ..core.fixes.run_fixes import FixRunOptions

        self.options = replace(self.options, rules=tuple(load_all_fixes()[_LINE_FIX].solves))
        order = ",".join(parse_order(self.read_text_parameter(parameters, ORDER, context)))
        return FixRunOptions((_LINE_FIX,), False, output, table, parameters={_LINE_FIX: {"order": order}})
