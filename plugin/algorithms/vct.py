# SPDX-License-Identifier: GPL-2.0-or-later
"""导出 VCT、导入 VCT: layers of a plan to and from VCT 3.0 files."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from ..bridge.checking import findings_layer
from ..bridge.checking.check import check_project_or_folder
from ..bridge.editing import attribute_forms
from ..bridge.editing.styled_layers import find_sources_by_layer_name, get_position_by_role
from ..bridge.layers import styles
from ..bridge.layers.properties import IMPORTED_PROPERTY, set_assigned_role
from ..bridge.layers.reading import read_snapshots
from ..bridge.project import county
from ..bridge.running.threads import run_in_python_thread
from ..bridge.settings import get_interface_language
from ..bridge.texts import mark_text, tr
from ..core.base.errors import InputError
from ..core.base.files.writing import check_writable
from ..core.checks.check import RunOptions
from ..core.standard.messages.texts import Texts
from ..core.standard.profile import Norm
from .common import SanxianAlgorithm, log_lines, log_warnings, log_written_files, make_progress_callback
from .inputs import read_layer_list_parameter, read_project_layers, read_source_without_layers
from .outputs import load_layer
from .parameters import (
    LOAD,
    SOURCE_AND_LAYERS,
    STANDARD,
    Tool,
    declare_numbers,
    declare_texts,
    make_database_output,
    make_file,
    make_file_output,
    make_switch,
    mark_advanced,
)

#: Share of the progress that the import takes when the database is checked afterwards.
_IMPORT_SHARE_OF_PROGRESS = 0.5


class ExportVct(SanxianAlgorithm):
    """Algorithm `export_vct`: write layers as a VCT 3.0 file."""

    tool = Tool(
        identifier="export_vct",
        section="exchange",
        title=mark_text("Export VCT"),
        keywords=("vct", "export", "exchange", "GB/T 17798", "导出", "交换格式", "汇交", "地理空间数据交换格式"),
        help_parts=(
            mark_text(
                "Writes layers as one VCT 3.0 file (GB/T 17798), in GBK: header, feature codes, table structures, "
                "points, lines, polygons and attributes.\n\n"
                "A boundary with identical vertices in two polygons of a layer is written once, as a line that both "
                "refer to, with opposite signs. Outer rings run clockwise, holes anticlockwise. Coordinates have four "
                "decimals (degrees ten). Each part of a multipart feature becomes a record, with consecutive ids and "
                "the same attributes; Import VCT merges them again. A point layer with a field VCT_TEXT (and "
                "VCT_ANGLE, degrees) is written as annotation.\n\n"
                "All layers must be in one coordinate system: CGCS2000 degrees, or a zone of 3° or 6°. A character "
                "that GBK lacks stops the run, with a message that names layer, feature and field; commas and line "
                "ends in texts become “，” and spaces. Lengths, names and feature codes are those of the templates; a "
                "field is widened for longer values, and no value is cut.\n\n"
                "These parts are not verified against the text of the standard (mark C) and are settings in vct.toml "
                "of the standard's folder: data mark, notation of projection parameters, decimals, spare feature "
                "codes. Changes made while writing are listed in the log. Verify the file with Import VCT."
            ),
        ),
        parameters=(
            *SOURCE_AND_LAYERS,
            STANDARD,
            make_file_output("OUTPUT", mark_text("VCT file"), "VCT (*.vct)", optional=False),
        ),
        results=declare_numbers(
            LAYERS_WRITTEN=mark_text("Layers written"), FEATURES=mark_text("Features"), ROWS=mark_text("Rows")
        ),
    )

    def prepare(self, parameters, context, feedback):
        self.templates = self.read_standard(parameters, context).templates
        chosen_layers = read_layer_list_parameter(self, parameters, "LAYERS", context)
        self.source = read_source_without_layers(self, parameters, context, chosen_layers)
        self.layer_snapshots = [] if self.source else chosen_layers or read_project_layers(context)
        if not self.source and not self.layer_snapshots:
            raise InputError("vct_no_layers")
        self.target = self.read_target(parameters, context)
        check_writable(self.target, [self.source] if self.source else [shot.file_path for shot in self.layer_snapshots])

    def execute(self, parameters, context, feedback):
        from ..core.exchange.vct.write import read_layers_in_turn, write_vct

        @run_in_python_thread
        def write() -> Any:
            progress = make_progress_callback(feedback)
            if self.source:
                layers = read_layers_in_turn(self.source, progress=progress, cancellation=self.cancellation)
            else:
                layers = read_snapshots(self.layer_snapshots, progress=progress, cancellation=self.cancellation)
            return write_vct(self.target, layers, templates=self.templates, cancellation=self.cancellation)

        export_result = write()
        texts = Texts(get_interface_language())
        if self.source:
            from ..core.plan.loading.unread_files import describe_unread_files

            log_warnings(feedback, describe_unread_files(self.source, texts, self.cancellation))
        log_warnings(feedback, (texts.format_notice(key, params) for key, params in export_result.notes))
        for name, rows in export_result.row_counts.items():
            feedback.pushInfo(texts.get("toolbox", "vct_layer", layer=name, rows=rows))
        feedback.pushInfo(texts.get("toolbox", "vct_lines", lines=export_result.boundary_line_count))
        log_written_files(feedback, [self.target])
        counts = {"LAYERS_WRITTEN": len(export_result.row_counts), "FEATURES": sum(export_result.shape_counts.values())}
        return {"OUTPUT": self.target, **counts, "ROWS": sum(export_result.row_counts.values())}


class ImportVct(SanxianAlgorithm):
    """Algorithm `import_vct`: import a VCT file, load its layers and check them."""

    tool = Tool(
        identifier="import_vct",
        section="exchange",
        title=mark_text("Import VCT"),
        keywords=("vct", "import", "exchange", "GB/T 17798", "导入", "交换格式", "入库", "地理空间数据交换格式"),
        help_parts=(
            mark_text(
                "Converts a VCT 3.0 file (GB/T 17798) to a GeoPackage: each table becomes a layer with the fields, "
                "types and lengths that the file declares, and with Chinese names for fields of the standard. Both "
                "kinds of header are read (LANDUSE-VCT and CNSDTF-VCT), in CGCS2000 degrees or a zone of 3° or 6°.\n\n"
                "Polygons are built from the lines that neighbours share, so shared boundaries have identical "
                "vertices. Rows without a shape and shapes without a row are kept and reported. Records with "
                "consecutive ids and identical values, including BSM, are merged into one multipart feature. "
                "Annotation becomes points with text and angle (VCT_TEXT, VCT_ANGLE).\n\n"
                "A damaged file (truncated, a wrong count, a reference to a missing line, not GBK) stops the run "
                "with its line number, and no incomplete database is left. Arcs and splines are not supported.\n\n"
                "After the import the default check runs on the database; verdict, errors, warnings and the rules "
                "with most findings are written to the log. The imported data are kept regardless of the result.\n\n"
                "In QGIS Desktop the layers are added as a group, with the symbols and forms of their templates. A "
                "VCT file that is dropped on the map is imported as well; the reader of QGIS takes the suffix .vct "
                "for another format (Idrisi)."
            ),
        ),
        parameters=(
            make_file("INPUT", mark_text("VCT file"), "VCT (*.vct *.VCT)", optional=False),
            STANDARD,
            make_database_output(file_filter="GeoPackage (*.gpkg)"),
            LOAD,
            *mark_advanced(make_switch("CHECK", mark_text("Check the imported data (off: only import)"), True)),
        ),
        results=(
            *declare_numbers(LAYERS=mark_text("Layers made"), ROWS=mark_text("Rows")),
            *declare_texts(REMARKS=mark_text("Remarks"), VERDICT=mark_text("Verdict")),
            *declare_numbers(ERRORS=mark_text("Errors"), WARNINGS=mark_text("Warnings")),
        ),
    )

    def prepare(self, parameters, context, feedback):
        self.standard = self.read_standard(parameters, context)
        self.source = self.read_input_file(parameters, context)
        self.target = self.read_target(parameters, context)
        project = context.project()
        of_project = county.make_check_options(project) if project is not None else RunOptions()
        #: Options of the check after the import, None without it.
        self.options = None
        if self.parameterAsBool(parameters, "CHECK", context):
            standard = self.read_text_parameter(parameters, "STANDARD", context) or of_project.standard
            self.options = RunOptions(
                standard=standard, profile=of_project.profile, phase=of_project.phase, lang=get_interface_language()
            )
        # The forms take the county from the project's profile.
        loads = self.parameterAsBool(parameters, "LOAD", context) and project is not None
        self.norm = Norm(self.standard, of_project.resolve_norm().profile) if loads else None

    def execute(self, parameters, context, feedback):
        from ..core.exchange.vct.database import check_imported_plan, convert_vct_to_database

        part = _IMPORT_SHARE_OF_PROGRESS if self.options is not None else 1.0
        import_result = run_in_python_thread(convert_vct_to_database)(
            self.source,
            self.target,
            templates=self.standard.templates,
            progress=make_progress_callback(feedback, end=part),
            cancellation=self.cancellation,
        )
        texts = Texts(get_interface_language())
        remarks = [texts.format_notice(key, params) for key, params in import_result.notes]
        log_warnings(feedback, remarks)
        for name, rows in import_result.row_counts.items():
            feedback.pushInfo(texts.get("toolbox", "vct_layer", layer=name, rows=rows))
        feedback.pushInfo(texts.get("toolbox", "vct_crs", crs=import_result.crs))
        log_written_files(feedback, [self.target])
        if self.norm is not None:
            sources, order = find_sources_by_layer_name(Path(self.target)), get_position_by_role(self.standard)
            group = tr("VCT {name}").format(name=Path(self.source).stem)
            for name in filter(sources.__contains__, import_result.row_counts):
                role, template = name.upper(), self.standard.templates.get(name.upper())
                load_layer(
                    context,
                    sources[name],
                    f"{template.name} {role}" if template else name,
                    partial(_style_imported_layer, role if template else "", self.norm),
                    group=group,
                    # Control lines above the areas that would hide them, as in a new project.
                    sort_key=len(order) - order[role] if role in order else 0,
                )
        counts = {"LAYERS": len(import_result.row_counts), "ROWS": sum(import_result.row_counts.values())}
        results = {"OUTPUT": self.target, **counts, "REMARKS": "\n".join(remarks)}
        if self.options is not None:
            checked = check_imported_plan(
                lambda: (
                    check_project_or_folder(
                        self.target,
                        self.options,
                        progress=make_progress_callback(feedback, part),
                        cancellation=self.cancellation,
                    ).report
                ),
                texts,
            )
            (log_lines if checked.verdict == "pass" else log_warnings)(feedback, checked.summary_sentences)
            results |= {
                "VERDICT": checked.verdict,
                "ERRORS": checked.error_count,
                "WARNINGS": checked.warning_count,
            }
        return results


def _style_imported_layer(role, norm, layer, context):
    """Apply role, symbols and form of a layer's template to the loaded layer; move the findings layer above it.

    ``role``: code of the plan layer, empty if unknown.
    """
    layer.setCustomProperty(IMPORTED_PROPERTY, 1)
    if context.project() is not None:
        findings_layer.move_findings_group_to_top(context.project())
    if role:
        set_assigned_role(layer, role)
        styles.apply_role_style(layer, role)
        if (template := attribute_forms.find_matching_template(layer, role, norm.standard)) is not None:
            attribute_forms.apply_template_form(layer, template, norm)
