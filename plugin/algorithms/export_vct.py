# SPDX-License-Identifier: GPL-2.0-or-later
"""导出 VCT: write layers of a plan as a VCT 3.0 file."""

from __future__ import annotations

from qgis.core import QgsProcessingOutputNumber, QgsProcessingParameterFileDestination

from ..bridge import health
from ..bridge.layers.reading import read_snapshots
from ..bridge.running.threads import run_in_python_thread
from ..bridge.settings import get_interface_language
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from ..core.base.errors import InputError
from ..core.standard import load_standard
from ..core.standard.messages.texts import Texts
from .common import SanxianAlgorithm, make_progress_callback, make_standard_parameter
from .inputs import check_source, make_source_parameters, read_layer_list_parameter, read_project_layers
from .report_log import log_warnings, log_written_files


class ExportVct(SanxianAlgorithm):
    """Algorithm `export_vct`: write layers as a VCT 3.0 file."""

    toolbox_section = "exchange"
    identifier = "export_vct"
    keywords = ("vct", "export", "exchange", "GB/T 17798", "导出", "交换格式", "汇交", "地理空间数据交换格式")
    title = mark_text("Export VCT")
    help_parts = (
        mark_text(
            "Writes layers as one VCT 3.0 file (GB/T 17798), in GBK: header, feature codes, table structures, "
            "points, lines, polygons and attributes.\n\n"
            "A boundary with identical vertices in two polygons of a layer is written once, as a line that both "
            "refer to, with opposite signs. Outer rings run clockwise, holes anticlockwise. Coordinates have "
            "four decimals (degrees ten). Each part of a multipart feature becomes a record, with consecutive "
            "ids and the same attributes; Import VCT merges them again. A point layer with a field VCT_TEXT (and "
            "VCT_ANGLE, degrees) is written as annotation.\n\n"
            "All layers must be in one coordinate system: CGCS2000 degrees, or a zone of 3° or 6°. A character "
            "that GBK lacks stops the run, with a message that names layer, feature and field; commas and line "
            "ends in texts become “，” and spaces. Lengths, names and feature codes are those of the templates; a "
            "field is widened for longer values, and no value is cut.\n\n"
            "These parts are not verified against the text of the standard (mark C) and are settings in vct.toml of "
            "the standard's folder: data mark, notation of projection parameters, decimals, spare feature codes. "
            "Changes made while writing are listed in the log. Verify the file with Import VCT."
        ),
    )

    def initAlgorithm(self, configuration=None):
        self.add_parameters(
            *make_source_parameters(),
            make_standard_parameter(),
            QgsProcessingParameterFileDestination("OUTPUT", tr("VCT file"), "VCT (*.vct)", createByDefault=False),
        )
        for name, label in (
            ("LAYERS_WRITTEN", tr("Layers written")),
            ("FEATURES", tr("Features")),
            ("ROWS", tr("Rows")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        from ..core.base.files.writing import check_writable

        self.templates = load_standard(
            self.read_text_parameter(parameters, "STANDARD", context) or "county_db"
        ).templates
        self.source = self.parameterAsFile(parameters, "SOURCE", context).strip()
        chosen_layers = read_layer_list_parameter(self, parameters, "LAYERS", context)
        if self.source and chosen_layers:
            raise InputError("source_and_layers")
        if self.source:
            check_source(self.source)
        self.layer_snapshots = [] if self.source else chosen_layers or read_project_layers(context)
        if not self.source and not self.layer_snapshots:
            raise InputError("vct_no_layers")
        self.target = self.read_target(parameters, context)
        check_writable(self.target, [self.source] if self.source else [shot.file_path for shot in self.layer_snapshots])

    def execute(self, parameters, context, feedback):
        cancellation = Cancellation(feedback.isCanceled)
        export_result = self._write_vct_file(make_progress_callback(feedback), cancellation)
        texts = Texts(get_interface_language())
        if self.source:
            from ..core.plan.loading.unread_files import describe_unread_files

            log_warnings(feedback, describe_unread_files(self.source, texts, cancellation))
        for key, params in export_result.notes:
            feedback.pushWarning(texts.format_notice(key, params))
        for name, rows in export_result.row_counts.items():
            feedback.pushInfo(texts.get("toolbox", "vct_layer", layer=name, rows=rows))
        feedback.pushInfo(texts.get("toolbox", "vct_lines", lines=export_result.boundary_line_count))
        log_written_files(feedback, [self.target])
        counts = {"LAYERS_WRITTEN": len(export_result.row_counts), "FEATURES": sum(export_result.shape_counts.values())}
        return {"OUTPUT": self.target, **counts, "ROWS": sum(export_result.row_counts.values())}

    @run_in_python_thread
    def _write_vct_file(self, progress, cancellation: Cancellation):
        from ..core.exchange.vct.write import read_layers_in_turn, write_vct

        if self.source:
            layers = read_layers_in_turn(self.source, progress=progress, cancellation=cancellation)
        else:
            layers = read_snapshots(self.layer_snapshots, progress=progress, cancellation=cancellation)
        return write_vct(self.target, layers, templates=self.templates, cancellation=cancellation)
