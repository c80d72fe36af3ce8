# SPDX-License-Identifier: GPL-2.0-or-later
"""版本对比、局部优化、年度动态维护、年度耕地占补: compare an earlier edition with a later one."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from ..bridge.checking.plan_comparisons import (
    compare_line,
    compare_versions,
    make_changed_areas_table,
    make_cultivated_table,
    make_dossier,
    make_parcels_table,
    make_statement,
    make_statement_document,
)
from ..bridge.settings import get_interface_language
from ..bridge.texts import mark_text, tr
from ..core.base.choices import ADJUSTED_LINES
from ..core.base.connection_text import is_connection
from ..core.base.errors import Cancellation, InputError
from ..core.standard import load_standard
from ..core.standard.messages.texts import Texts
from .common import (
    SanxianAlgorithm,
    describe_norms,
    log_lines,
    log_warnings,
    log_written_files,
    make_progress_callback,
    run_in_thread,
)
from .inputs import check_source, read_layer_parameter, read_plan_inputs
from .outputs import StudyOutputs
from .parameters import (
    CSV_FILTER,
    NORMS,
    POLYGONS,
    ROLES,
    SIGNED_TABLES,
    SOURCE_AND_LAYERS,
    Tool,
    declare_flags,
    declare_numbers,
    declare_texts,
    make_documents,
    make_file,
    make_file_or_folder,
    make_file_output,
    make_folder_output,
    make_layer_output,
    make_number,
    make_plan_layer,
    make_role,
    make_text,
    make_workbook,
    mark_advanced,
)


class BoundaryAdjustment(SanxianAlgorithm):
    """Algorithm `boundary_adjustment`: write the dossier of a change of a control line."""

    tool = Tool(
        identifier="boundary_adjustment",
        section="check",
        title=mark_text("Adjustment dossier"),
        keywords=("adjustment", "boundary", "dossier", "局部优化", "调入", "调出", "城镇开发边界", "论证", "扩展倍数"),
        help_parts=(
            mark_text(
                "Compares a control line (城镇开发边界, 永久基本农田 or 生态保护红线) of an earlier edition with that "
                "of a county: every connected part of the difference is a parcel that moved in or out, with its "
                "township, statutory area, land classes, ownership, farmland, cultivated land and other lines that it "
                "takes, and zones before and after. The inputs are not changed.\n\n"
                "Earlier edition: the sealed edition, or a former file of the layer or the county. If it has the other "
                "lines and the planning zones too, they are used.\n\n"
                "Criteria: area and expansion ratio are not increased; no permanent basic farmland and no ecological "
                "red line is taken; the cultivated net area is not increased; parcels moved in are large enough and "
                "adjoin the line. Thresholds are settings of the profile ([adjustment]). Those of mark C, read in no "
                "text, give at best a conditional outcome. Data that are missing are named, and their criteria are not "
                "determined. Slivers below both minimums of the tolerance are counted, not listed.\n\n"
                "Results: a layer of the parcels, a workbook, and the dossier with a map (Word, PDF, HTML)."
            ),
            describe_norms,
        ),
        parameters=(
            make_file_or_folder("BEFORE", mark_text("Earlier edition: file or folder"), optional=False),
            *SOURCE_AND_LAYERS,
            *NORMS,
            make_text("LINE", mark_text("Control line (empty: urban development boundary)"), ADJUSTED_LINES),
            ROLES,
            make_layer_output("OUTPUT", mark_text("Parcels moved in and out"), POLYGONS),
            make_workbook(),
            *SIGNED_TABLES,
            make_file_output("OUTPUT_HTML", mark_text("Dossier (HTML)"), "HTML (*.html)"),
        ),
        results=(
            *declare_numbers(
                AREA_IN=mark_text("Moved in (m²)"),
                AREA_OUT=mark_text("Moved out (m²)"),
                PARCELS_IN=mark_text("Parcels moved in"),
                PARCELS_OUT=mark_text("Parcels moved out"),
            ),
            *declare_texts(VERDICT=mark_text("Verdict")),
        ),
        needs_libraries_to_prepare=False,
    )

    def prepare(self, parameters, context, feedback):
        self.before = self.parameterAsFile(parameters, "BEFORE", context).strip()
        if not Path(self.before).exists():
            raise InputError("source_missing", source=self.before)
        inputs = [*read_plan_inputs(self, parameters, context), self.before]
        self.line = self.read_text_parameter(parameters, "LINE", context) or ADJUSTED_LINES[0]
        self.outputs = StudyOutputs(self, parameters, context, tr("Parcels moved in and out"), inputs)

    def execute(self, parameters, context, feedback):
        from ..core.studies.adjustment.adjustment_outputs import (
            describe_reason,
            describe_verdict,
            list_missing_sentences,
            write_adjustment_workbook,
        )
        from ..core.studies.adjustment.adjustment_result import AdjustmentOptions

        result = compare_line(
            self.path_or_snapshots,
            AdjustmentOptions(self.before, self.line, self.options),
            source=self.origin,
            progress=make_progress_callback(feedback),
            cancellation=self.cancellation,
        )
        texts = Texts(result.lang)
        feedback.pushInfo(describe_verdict(result, texts))
        for one in result.criteria:
            outcome = texts.get("adjustment_outcomes", str(one.outcome))
            name, reason = texts.get("adjustment_criteria", one.id), describe_reason(one, texts)
            feedback.pushInfo(f"{outcome}  {name}  {reason}".rstrip())
        log_lines(feedback, list_missing_sentences(result, texts))
        results = self.outputs.write(
            feedback,
            lambda: make_dossier(result, self.cancellation),
            lambda path: write_adjustment_workbook(result, path, texts),
            lambda: make_parcels_table(result),
            self.cancellation,
        )
        return {
            **results,
            "AREA_IN": result.comparison.sum_area_m2("in"),
            "AREA_OUT": result.comparison.sum_area_m2("out"),
            "PARCELS_IN": len(result.list_parcels("in")),
            "PARCELS_OUT": len(result.list_parcels("out")),
            "VERDICT": str(result.verdict),
        }


class ChangeStatement(SanxianAlgorithm):
    """Algorithm `change_statement`: write the statement of a change of a control line."""

    tool = Tool(
        identifier="change_statement",
        section="check",
        title=mark_text("Statement of an adjustment"),
        keywords=("statement", "adjustment", "ledger", "局部优化", "调整说明", "台账", "缘由", "三条控制线", "说明"),
        help_parts=(
            mark_text(
                "Writes the statement of a change of a control line (局部优化说明): causes, parcels, lines and main "
                "figures before and after, townships, and conformity to each requirement with its source, mark and "
                "figure. Every figure names the table that has it; a sentence is printed only if its figures are "
                "known. Files are read as saved. Inputs are not changed.\n\n"
                "Two editions: the parcels are their differences. Ledger: causes and approvals as the office filled "
                "them in; a blank one stays blank and is listed. A table has the columns 序号, 方式, 面积（平方米）, "
                "缘由, 批准文件, as the workbook of this tool; a layer has the parcels as polygons with the kind "
                "(kind_name or 方式: 调入, 调出), cause and document, as the layers of the adjustment dossier and of "
                "the comparison of editions. A ledger that does not fit the parcels is refused.\n\n"
                "A ledger layer without a later edition: the edition after the change is the earlier one with the "
                "land of the ledger moved in and out. One edition alone: the chapter on the three control lines "
                "(areas, overlaps, expansion ratio, townships).\n\n"
                "Whether the change is one of the permitted cases is for the office to state; it is always listed as "
                "undetermined. Requirements are the setting [adjustment] requirements."
            ),
            describe_norms,
        ),
        parameters=(
            make_file_or_folder("BEFORE", mark_text("Edition before the change, or the only one"), optional=False),
            make_file_or_folder("AFTER", mark_text("Edition after the change")),
            make_file_or_folder("LEDGER", mark_text("Ledger (table or layer)")),
            *NORMS,
            make_text("LINE", mark_text("Control line (empty: urban development boundary)"), ADJUSTED_LINES),
            ROLES,
            make_workbook(),
            *make_documents(mark_text("Statement (PDF)"), mark_text("Statement (Word)"), mark_text("Statement (HTML)")),
        ),
        results=declare_flags(OPEN=mark_text("Something is not met, not judged or not filled in")),
        needs_libraries_to_prepare=False,
    )

    def prepare(self, parameters, context, feedback):
        names = ("BEFORE", "AFTER", "LEDGER")
        self.paths = tuple(self.parameterAsFile(parameters, one, context).strip() for one in names)
        inputs = [one for one in self.paths if one]
        for path in inputs:
            if not is_connection(path) and not Path(path).exists():
                raise InputError("source_missing", source=path)
        self.line = self.read_text_parameter(parameters, "LINE", context) or ADJUSTED_LINES[0]
        roles = self.read_text_parameter(parameters, "ROLES", context)
        self.options = replace(self.read_norm_options(parameters, context), roles=roles)
        self.outputs = StudyOutputs(self, parameters, context, "", inputs)

    def execute(self, parameters, context, feedback):
        from ..core.studies.adjustment.statement import StatementOrder

        cancellation = Cancellation(feedback.isCanceled)
        statement = make_statement(
            StatementOrder(*self.paths, line=self.line),
            self.options,
            progress=make_progress_callback(feedback),
            cancellation=cancellation,
        )
        log_lines(feedback, statement.list_sentences())
        results = self.outputs.write(
            feedback,
            lambda: make_statement_document(statement, cancellation),
            statement.write_workbook,
            None,
            cancellation,
        )
        return {**results, "OPEN": statement.is_open}


class CompareVersions(SanxianAlgorithm):
    """Algorithm `compare_versions`: compare two versions of a layer."""

    tool = Tool(
        identifier="compare_versions",
        section="check",
        title=mark_text("Compare editions"),
        keywords=(
            "versions",
            "sealed",
            "compare",
            "difference",
            "版本对比",
            "封库",
            "一致性",
            "调入",
            "调出",
            "属性变更",
        ),
        help_parts=(
            mark_text(
                "Compares two editions of a layer, such as the sealed one and the plan's: land that moved in, moved "
                "out, or has other attributes, each with statutory area (and net area where the layer has it), by "
                "township; and whether the two editions are identical. The inputs are not changed.\n\n"
                "Features are paired by key (BSM) and by shape; features without a pair are overlaid. The order of "
                "features, the start and direction of rings, another coordinate system and differences below the "
                "cluster tolerance are not changes; all other differences are. An edition that is shifted as a whole "
                "is compared without the shift, which is stated in metres.\n\n"
                "Townships: with their layer, figures are also given by township; land is divided at township borders. "
                "Table of old and new keys: for features that were renumbered between the editions.\n\n"
                "The workbook has the balance (before − out + in = after), the townships, and every part with a cause "
                "and a document to fill in; the layer has the same parts."
            ),
            describe_norms,
        ),
        parameters=(
            make_plan_layer("BEFORE", mark_text("Earlier edition")),
            make_plan_layer("AFTER", mark_text("Later edition")),
            make_role(lambda: sorted(r for r, one in load_standard().templates.items() if one.geometry == "polygon")),
            make_plan_layer("TOWNSHIPS", mark_text("Townships"), optional=True),
            *mark_advanced(make_file("RENUMBERED", mark_text("Table of old and new keys"), CSV_FILTER), *NORMS),
            make_layer_output("OUTPUT", mark_text("Moved or changed parts"), POLYGONS),
            make_workbook(),
            *SIGNED_TABLES,
        ),
        results=(
            *declare_numbers(
                AREA_IN=mark_text("Moved in (m²)"),
                AREA_OUT=mark_text("Moved out (m²)"),
                AREA_CHANGED=mark_text("Changed attributes (m²)"),
                PARTS=mark_text("Parts"),
                SHIFT_EAST=mark_text("Shift of the whole edition to the east (m)"),
                SHIFT_NORTH=mark_text("Shift of the whole edition to the north (m)"),
                SHIFT_ROWS=mark_text("Features that differ by the shift only"),
            ),
            *declare_flags(IDENTICAL=mark_text("Identical")),
            *declare_texts(VERDICT=mark_text("Verdict")),
        ),
        needs_libraries_to_prepare=False,
    )

    def prepare(self, parameters, context, feedback):
        self.options = self.read_norm_options(parameters, context)
        self.layer_snapshots = [
            read_layer_parameter(self, parameters, name, context) for name in ("BEFORE", "AFTER", "TOWNSHIPS")
        ]
        if self.layer_snapshots[0] is None or self.layer_snapshots[1] is None:
            raise InputError("no_layers")
        if self.layer_snapshots[0].layer_id and self.layer_snapshots[0].layer_id == self.layer_snapshots[1].layer_id:
            # QGIS replaces the path of a project layer by that layer, including its edits.
            if context.project() is not None and context.project().mapLayer(self.layer_snapshots[0].layer_id):
                raise InputError("versions_same_layer", layer=self.layer_snapshots[0].name)
            raise InputError("versions_same_file", file=Path(self.layer_snapshots[0].file_path).name)
        self.renumbered = self.read_text_parameter(parameters, "RENUMBERED", context)
        inputs = [shot.file_path for shot in self.layer_snapshots if shot is not None]
        inputs += filter(None, [self.renumbered])
        self.outputs = StudyOutputs(self, parameters, context, tr("Moved or changed parts"), inputs)

    def execute(self, parameters, context, feedback):
        from ..core.cli.comparing import format_comparison_summary
        from ..core.render.versions.comparison_tables import (
            list_difference_sentences,
            make_comparison_document,
            write_comparison_workbook,
        )

        cancellation, lang = Cancellation(feedback.isCanceled), self.options.lang
        plan_comparison = compare_versions(
            *self.layer_snapshots,
            self.options,
            role=self.read_text_parameter(parameters, "ROLE", context),
            renumbered=self.renumbered,
            progress=make_progress_callback(feedback),
            cancellation=cancellation,
        )
        comparison, texts = plan_comparison.comparison, Texts(get_interface_language())
        log = feedback.pushInfo if comparison.is_identical else feedback.pushWarning
        log(format_comparison_summary(plan_comparison, texts))
        log_lines(feedback, list_difference_sentences(plan_comparison, texts))
        results = self.outputs.write(
            feedback,
            lambda: make_comparison_document(plan_comparison, Texts(lang)),
            lambda path: write_comparison_workbook(plan_comparison, path, Texts(lang)),
            lambda: make_changed_areas_table(plan_comparison, lang),
            cancellation,
        )
        areas = {f"AREA_{kind.upper()}": comparison.sum_area_m2(kind) for kind in ("in", "out", "changed")}
        shift = comparison.shift
        return {
            **results,
            **areas,
            "SHIFT_EAST": shift.east_m if shift else 0.0,
            "SHIFT_NORTH": shift.north_m if shift else 0.0,
            "SHIFT_ROWS": shift.row_count if shift else 0,
            "PARTS": len(comparison.changed_pieces),
            "IDENTICAL": comparison.is_identical,
            "VERDICT": "identical" if comparison.is_identical else "different",
        }


class YearlyUpdateAlgorithm(SanxianAlgorithm):
    """Algorithm `yearly_update`: compare the filed database with the current one."""

    tool = Tool(
        identifier="yearly_update",
        section="yearly",
        title=mark_text("Yearly maintenance package"),
        keywords=(
            "yearly",
            "maintenance",
            "年度动态维护",
            "动态维护",
            "更新",
            "调入",
            "调出",
            "属性变更",
            "WHQ",
            "WHC",
            "WHH",
        ),
        help_parts=(
            mark_text(
                "Compares the current database with the edition filed with the ministry and writes the geodatabase "
                "of yearly maintenance: three classes for each maintained layer that changed, before (WHQ), change "
                "(WHC) and after (WHH). The inputs are not changed.\n\n"
                "Zones and uses: parcels whose code changed. City lines, flood and heritage lines: land that moved "
                "in or out. Every change has a number; reason, source of flexible quota and kind of expansion "
                "accounting are left empty for manual entry. Changes of a kind that the layer does not allow are "
                "reported, not written.\n\n"
                "The balance of areas by layer, zone and township (xlsx, JSON) is written to the same folder. An "
                "existing geodatabase is not replaced, because reasons may have been entered."
            ),
            describe_norms,
        ),
        parameters=(
            make_file_or_folder("FILED", mark_text("Filed database (.gdb, .gpkg or folder)"), optional=False),
            make_file_or_folder("CURRENT", mark_text("Current database (.gdb, .gpkg or folder)"), optional=False),
            make_number(
                "YEAR", mark_text("Year"), lambda: date.today().year, is_integer=True, minValue=2000, maxValue=2099
            ),
            *mark_advanced(*NORMS),
            make_folder_output("OUTPUT", mark_text("Folder in which the geodatabase is made")),
        ),
        results=(
            *declare_texts(DATABASE=mark_text("Geodatabase")),
            *declare_numbers(
                COUNT_IN=mark_text("Polygons moved in"),
                COUNT_OUT=mark_text("Polygons moved out"),
                COUNT_CHANGED=mark_text("Polygons with changed attributes"),
                LAYERS=mark_text("Layers that changed"),
            ),
        ),
    )

    def prepare(self, parameters, context, feedback):
        self.options = self.read_norm_options(parameters, context)
        self.sources = [self.parameterAsFile(parameters, name, context).strip() for name in ("FILED", "CURRENT")]
        for source in filter(is_connection, self.sources):
            check_source(source)
        self.year = self.parameterAsInt(parameters, "YEAR", context)
        self.folder = str(self.read_output_folder(parameters, context))

    def execute(self, parameters, context, feedback):
        from ..core.studies.yearly.balance import list_notes, summarise_layers
        from ..core.studies.yearly.maintenance import KIND_CODES
        from ..core.studies.yearly.make import compute_and_write_update

        yearly_update, written_update = run_in_thread(
            compute_and_write_update, feedback, *self.sources, self.year, self.folder, self.options
        )
        texts = Texts(get_interface_language())
        log_lines(feedback, summarise_layers(yearly_update, texts))
        log_warnings(feedback, list_notes(yearly_update, texts))
        log_warnings(feedback, [problem.format_as_sentence(texts) for problem in written_update.problems])
        log_written_files(feedback, [str(path) for path in written_update.written_files])
        return {
            "OUTPUT": self.folder,
            "DATABASE": str(written_update.written_files[0]),
            "LAYERS": len(yearly_update.changed_layers),
            **{
                f"COUNT_{kind.upper()}": sum(one.count_changes(kind) for one in yearly_update.changed_layers)
                for kind in KIND_CODES
            },
        }


class CultivatedChangesAlgorithm(SanxianAlgorithm):
    """Algorithm `cultivated_changes`: changes of cultivated land by two surveys and by certificates."""

    tool = Tool(
        identifier="cultivated_changes",
        section="yearly",
        title=mark_text("Yearly balance of cultivated land"),
        keywords=(
            "yearly",
            "cultivated",
            "survey",
            "耕地",
            "占补平衡",
            "进出平衡",
            "一本账",
            "国土变更调查",
            "补充耕地",
            "转用",
            "稳定耕地",
        ),
        help_parts=(
            mark_text(
                "Compares the parcels (DLTB) of two land change surveys: cultivated land that the year took and added, "
                "by township, class before and after, and cause, with net area, field ridges and stable land (WDGD) "
                "apart. The inputs are not changed.\n\n"
                "Surveys show changes of land, not approvals. Approved conversions and accepted supplements come from "
                "the layers or lists that the county gives, and are listed next to the survey with the difference; "
                "what was not given is stated, never 0.\n\n"
                "Causes follow from a table of classes before and after (setting cultivated.causes, mark C): other "
                "pairs are listed without a cause. The year decides whether there is one balance or two (setting "
                "indicators.unified_balance_from).\n\n"
                "Results: a layer of the changed parcels, a workbook, and the tables to be signed."
            ),
            describe_norms,
        ),
        parameters=(
            make_file_or_folder("BEFORE", mark_text("Earlier survey (.gdb, .gpkg or folder)"), optional=False),
            make_file_or_folder("AFTER", mark_text("Later survey (.gdb, .gpkg or folder)"), optional=False),
            make_number(
                "YEAR", mark_text("Year"), lambda: date.today().year, is_integer=True, minValue=2000, maxValue=2099
            ),
            make_file_or_folder("APPROVED", mark_text("Approved conversions (layer or list)")),
            make_file_or_folder("ACCEPTED", mark_text("Accepted supplements (layer or list)")),
            *mark_advanced(*NORMS),
            make_layer_output("OUTPUT", mark_text("Parcels of changed cultivated land"), POLYGONS),
            make_workbook(),
            *SIGNED_TABLES,
        ),
        results=declare_numbers(
            AREA_OUT=mark_text("Cultivated land lost by survey, net (m²)"),
            AREA_IN=mark_text("Cultivated land gained by survey, net (m²)"),
            PARCELS=mark_text("Changed parcels"),
            UNMATCHED=mark_text("Changed parcels without a cause"),
        ),
    )

    def prepare(self, parameters, context, feedback):
        from ..core.studies.yearly.cultivated_result import SurveyOrder

        self.options = self.read_norm_options(parameters, context)
        names = ("BEFORE", "AFTER", "APPROVED", "ACCEPTED")
        before, after, *certificates = (self.parameterAsFile(parameters, one, context).strip() for one in names)
        for source in filter(is_connection, (before, after)):
            check_source(source)
        self.order = SurveyOrder(before, after, self.parameterAsInt(parameters, "YEAR", context), *certificates)
        label = tr("Parcels of changed cultivated land")
        self.outputs = StudyOutputs(self, parameters, context, label, self.order.inputs)

    def execute(self, parameters, context, feedback):
        from ..core.studies.yearly.cultivated_changes import compare_surveys
        from ..core.studies.yearly.cultivated_tables import CultivatedTables

        result = run_in_thread(compare_surveys, feedback, self.order, self.options)
        tables = CultivatedTables(result, Texts(self.options.lang))
        log_lines(feedback, tables.summarise())
        log_warnings(feedback, tables.list_notes())
        results = self.outputs.write(
            feedback,
            tables.make_document,
            tables.write_workbook,
            lambda: make_cultivated_table(tables),
            Cancellation(feedback.isCanceled),
        )
        areas = {
            f"AREA_{kind.upper()}": sum(one.net_m2 for one in result.changes if one.kind == kind)
            for kind in ("out", "in")
        }
        unmatched = sum(one.cause is None for one in result.changes)
        return {**results, **areas, "PARCELS": len(result.changes), "UNMATCHED": unmatched}
