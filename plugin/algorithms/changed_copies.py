# SPDX-License-Identifier: GPL-2.0-or-later
"""批量修复、控制线退让、重编标识码、换带: write a copy of the data with fixes, new keys or another zone."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterEnum

from ..bridge.settings import get_report_language
from ..bridge.texts import mark_text, tr
from ..core.base.choices import ZONE_NUMBER_CHOICES
from .common import (
    SanxianAlgorithm,
    describe_norms,
    list_given,
    log_lines,
    log_written_files,
    run_in_thread,
    split_words,
)
from .inputs import read_required_source
from .parameters import (
    CSV_FILTER,
    NORMS,
    SOURCE_OF_COPY,
    Tool,
    declare_numbers,
    make_copy,
    make_file_output,
    make_number,
    make_switch,
    make_text,
    mark_advanced,
    parameter_kind,
)

#: The fix that resolves overlaps of the three control lines.
_LINE_FIX = "FIX010"


_FIX_RESULTS = declare_numbers(
    FINDINGS=mark_text("Problems"),
    SAFE=mark_text("Safe fixes"),
    CONFIRM=mark_text("Fixes to confirm"),
    REFUSED=mark_text("Not fixable"),
    APPLIED=mark_text("Fixes applied"),
)


_OPTIONS_OF_FIXES = (
    *mark_advanced(*NORMS),
    make_copy(mark_text("Copy with the fixes (format of the data)")),
    make_file_output("OUTPUT_TABLE", mark_text("Table of the fixes (CSV)"), CSV_FILTER),
)


class _FixingAlgorithm(SanxianAlgorithm):
    """Base class: check a source, and write a copy with fixes, a table of the fixes and a log of the changes.

    Subclasses have ``make_fix_run_options(parameters, context, output, table)``, which returns `FixRunOptions`;
    ``output``: path of the copy, ``table``: path of the table that lists the fixes.
    """

    def prepare(self, parameters, context, feedback):
        from ..core.fixes.run_fixes import check_fix_run_options

        self.options = self.read_norm_options(parameters, context)
        self.source = read_required_source(self, parameters, context)
        output, table = (self.parameterAsFileOutput(parameters, name, context) for name in ("OUTPUT", "OUTPUT_TABLE"))
        self.order = self.make_fix_run_options(parameters, context, output, table)
        check_fix_run_options(self.order, self.source)

    def execute(self, parameters, context, feedback):
        from ..core.fixes.run_fixes import count_groups, run_fixes

        run = run_in_thread(run_fixes, feedback, self.source, self.options, self.order)
        counts, texts = count_groups(run.batch), run.make_texts(self.options.lang)
        feedback.pushInfo(texts.get("summary", **counts))
        for entry in run.batch.entries:
            if entry.refusal is not None:
                feedback.pushInfo(f"{entry.finding.code} {texts.explain_refusal(entry.refusal)}")
        log_written_files(feedback, run.written)
        numbers = {name.upper(): counts[name] for name in ("findings", "safe", "confirm", "refused", "applied")}
        return {**list_given(OUTPUT=self.order.output, OUTPUT_TABLE=self.order.table), **numbers}


class ApplyFixes(_FixingAlgorithm):
    """Algorithm `apply_fixes`: fix problems in a copy of the data."""

    tool = Tool(
        identifier="apply_fixes",
        section="check",
        title=mark_text("Fix problems in a copy"),
        keywords=("fix", "repair", "correct", "修复", "整改", "批量修复", "缝隙", "重叠"),
        help_parts=(
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
        ),
        parameters=(
            SOURCE_OF_COPY,
            make_text("FIXES", mark_text("Fixes, separated by commas (empty: all)")),
            make_switch("SAFE_ONLY", mark_text("Apply safe fixes only"), True),
            *_OPTIONS_OF_FIXES,
        ),
        results=_FIX_RESULTS,
    )

    def make_fix_run_options(self, parameters, context, output, table):
        from ..core.fixes.run_fixes import FixRunOptions

        only = tuple(split_words(self.read_text_parameter(parameters, "FIXES", context)))
        return FixRunOptions(only, self.parameterAsBoolean(parameters, "SAFE_ONLY", context), output, table)


class ResolveOverlaps(_FixingAlgorithm):
    """Algorithm `resolve_overlaps`: cut control lines back by precedence."""

    tool = Tool(
        identifier="resolve_overlaps",
        section="check",
        title=mark_text("Resolve overlaps of control lines"),
        keywords=("overlap", "precedence", "cut", "重叠", "退让", "控制线", "开发边界", "永久基本农田", "生态保护红线"),
        help_parts=(
            mark_text(
                "Cuts the control lines of a copy back where they overlap: by statutory precedence, permanent basic "
                "farmland stays, then the ecological red line, then the urban development boundary. The new edge has "
                "the vertices of the line that stays. Where that line is inside, a window results.\n\n"
                "Sealed lines do not change: an overlap of farmland and red line is listed with the reason. Planning "
                "zones do not follow; check the copy again afterwards."
            ),
            describe_norms,
        ),
        parameters=(
            SOURCE_OF_COPY,
            make_text("ORDER", mark_text("Order, first the line that stays (empty: farmland,red_line,boundary)")),
            *_OPTIONS_OF_FIXES,
        ),
        results=_FIX_RESULTS,
    )

    def make_fix_run_options(self, parameters, context, output, table):
        from dataclasses import replace

        from ..core.fixes.declared.control_lines import parse_order
        from ..core.fixes.fix_declaration import load_all_fixes
        from ..core.fixes.run_fixes import FixRunOptions

        self.options = replace(self.options, rules=tuple(load_all_fixes()[_LINE_FIX].solves))
        order = ",".join(parse_order(self.read_text_parameter(parameters, "ORDER", context)))
        return FixRunOptions((_LINE_FIX,), False, output, table, parameters={_LINE_FIX: {"order": order}})


class RenumberBsm(SanxianAlgorithm):
    """Algorithm `renumber_bsm`: number features again in a copy of the data."""

    tool = Tool(
        identifier="renumber_bsm",
        section="layers",
        title=mark_text("Renumber keys (BSM)"),
        keywords=("BSM", "key", "renumber", "gap", "标识码", "重编", "编号", "空号", "对照表"),
        help_parts=(
            mark_text(
                "Writes a copy of the data in which the features of the chosen layers have new keys (BSM), in the "
                "order of the file, and a table of old and new keys. The data themselves do not change.\n\n"
                "A key is never assigned twice: new running numbers are above all numbers in use in the recognised "
                "plan layers and above those in the table of an earlier renumbering next to the data. Sealed layers, "
                "the survey and the divisions keep their keys.\n\n"
                "Waivers, work list, comparison of versions and comparison with the sealed edition follow the features "
                "by the table; next to the data (NAME.renumbered.csv) it is used automatically.\n\n"
                "List of gaps: running numbers between the keys of each layer that no feature has. Gaps are normal."
            ),
            describe_norms,
        ),
        parameters=(
            SOURCE_OF_COPY,
            make_text("LAYERS", mark_text("Layer codes, separated by commas (empty: all that may change)")),
            *mark_advanced(
                make_number(
                    "START", mark_text("First running number (0: after the highest in use)"), 0, is_integer=True
                ),
                *NORMS,
            ),
            make_copy(mark_text("Copy (format of the data)")),
            make_file_output(
                "OUTPUT_TABLE", mark_text("Table of old and new keys (empty: next to the copy)"), CSV_FILTER
            ),
            make_file_output("OUTPUT_GAPS", mark_text("List of gaps"), CSV_FILTER),
        ),
        results=declare_numbers(ROWS=mark_text("Numbered features"), GAPS=mark_text("Gaps")),
        repeatable_parameters=frozenset({"LAYERS"}),
    )

    def prepare(self, parameters, context, feedback):
        from ..core.exchange.renumber import RenumberOptions, check_renumber_options

        self.options = self.read_norm_options(parameters, context)
        self.source = read_required_source(self, parameters, context)
        names = "OUTPUT", "OUTPUT_TABLE", "OUTPUT_GAPS"
        outputs = [self.parameterAsFileOutput(parameters, name, context) for name in names]
        roles = tuple(self.read_names_parameter(parameters, "LAYERS", context))
        self.order = RenumberOptions(roles, *outputs, first_number=self.parameterAsInt(parameters, "START", context))
        check_renumber_options(self.source, self.order)

    def execute(self, parameters, context, feedback):
        from ..core.exchange.renumber import describe_renumbering, renumber_keys

        run = run_in_thread(renumber_keys, feedback, self.source, self.options, self.order)
        log_lines(feedback, describe_renumbering(run, self.options.lang))
        log_written_files(feedback, run.written)
        order, rows = self.order, sum(len(keys.keys) for keys in run.new_keys)
        files = list_given(OUTPUT=order.output, OUTPUT_TABLE=order.table_path, OUTPUT_GAPS=order.gaps)
        return {**files, "ROWS": rows, "GAPS": len(run.gaps)}


@parameter_kind
def _make_zone_number(name: str, label: str) -> QgsProcessingParameterEnum:
    titles = [tr("Keep unchanged"), tr("Add to eastings"), tr("Strip from eastings")]
    return QgsProcessingParameterEnum(name, label, titles, False, 0)


class ChangeCrsZone(SanxianAlgorithm):
    """Algorithm `change_crs_zone`: write a copy of the data in another CRS zone."""

    tool = Tool(
        identifier="change_crs_zone",
        section="layers",
        title=mark_text("Change CRS zone"),
        keywords=("zone", "CRS", "Gauss", "带号", "换带", "加带号", "去带号", "坐标系", "中央经线"),
        help_parts=(
            mark_text(
                "Writes a copy of the data with the zone number (带号) added to eastings or stripped from them, or in "
                "another 3-degree zone of CGCS2000. The data themselves do not change.\n\n"
                "The copy is read back: each vertex must be where it was on the ground (within 1 mm), else nothing is "
                "written. The table has the proof for each layer: CRS, largest move, statutory area before and after, "
                "and by how much an edge that was straight bends in the new zone.\n\n"
                "Layers in degrees stay. A layer with arcs cannot be brought into another zone: replace the arcs by "
                "vertices first (FIX017)."
            ),
        ),
        parameters=(
            SOURCE_OF_COPY,
            _make_zone_number("NUMBER", mark_text("Zone number")),
            make_number(
                "ZONE",
                mark_text("3-degree zone, 25 to 45 (0: the central meridian stays)"),
                0,
                is_integer=True,
                maxValue=45,
            ),
            make_copy(mark_text("Copy (format of the data)"), optional=False),
            make_file_output("OUTPUT_TABLE", mark_text("Proof: moves and areas of each layer"), CSV_FILTER),
        ),
        results=declare_numbers(LAYERS=mark_text("Converted layers"), MOVE=mark_text("Largest move of a vertex (m)")),
    )

    def prepare(self, parameters, context, feedback):
        from ..core.exchange.change_zone import ZoneNumber, check_zone_options

        self.source = read_required_source(self, parameters, context)
        self.output, self.table = (
            self.parameterAsFileOutput(parameters, name, context) for name in ("OUTPUT", "OUTPUT_TABLE")
        )
        self.zone = self.parameterAsInt(parameters, "ZONE", context)
        self.number = ZoneNumber(ZONE_NUMBER_CHOICES[self.parameterAsEnum(parameters, "NUMBER", context)])
        self.lang = get_report_language()
        check_zone_options(self.source, self.output, self.table)

    def execute(self, parameters, context, feedback):
        from ..core.exchange.change_zone import change_crs_zone, describe_zone_change

        run = run_in_thread(
            change_crs_zone,
            feedback,
            self.source,
            self.output,
            zone=self.zone,
            number=self.number,
            table=self.table,
            lang=self.lang,
        )
        log_lines(feedback, describe_zone_change(run, self.lang))
        log_written_files(feedback, run.written)
        figures = {"LAYERS": len(run.converted), "MOVE": max(layer.move_m for layer in run.converted)}
        return {**list_given(OUTPUT=self.output, OUTPUT_TABLE=self.table), **figures}
