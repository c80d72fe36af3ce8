# SPDX-License-Identifier: GPL-2.0-or-later
"""导入 VCT: import a VCT 3.0 file into a GeoPackage."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    Qgis,
    QgsProcessingContext,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
)

from ..bridge import health
from ..bridge.checking import findings_layer
from ..bridge.checking.check import check_project_or_folder
from ..bridge.editing import attribute_forms
from ..bridge.editing.styled_layers import find_sources_by_layer_name, get_position_by_role
from ..bridge.layers import styles
from ..bridge.layers.properties import IMPORTED_PROPERTY, set_assigned_role
from ..bridge.project import county
from ..bridge.running.threads import run_in_python_thread
from ..bridge.settings import get_interface_language
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from ..core.base.errors import InputError
from ..core.checks.check import RunOptions
from ..core.standard import load_standard
from ..core.standard.messages.texts import Texts
from ..core.standard.profile import Norm
from .common import SanxianAlgorithm, make_progress_callback, make_standard_parameter, mark_parameter_advanced
from .outputs import make_post_processor
from .report_log import log_warnings, log_written_files

#: Share of the progress that the import takes when the database is checked afterwards.
_IMPORT_SHARE_OF_PROGRESS = 0.5


class ImportVct(SanxianAlgorithm):
    """Algorithm `import_vct`: import a VCT file, load its layers and check them."""

    toolbox_section = "exchange"
    identifier = "import_vct"
    keywords = ("vct", "import", "exchange", "GB/T 17798", "导入", "交换格式", "入库", "地理空间数据交换格式")
    title = mark_text("Import VCT")
    help_parts = (
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
    )

    def initAlgorithm(self, configuration=None):
        file = Qgis.ProcessingFileParameterBehavior.File
        check_label = tr("Check the imported data (off: only import)")
        self.add_parameters(
            QgsProcessingParameterFile("INPUT", tr("VCT file"), file, fileFilter=f"VCT (*.vct *.VCT);;{tr('All')} (*)"),
            make_standard_parameter(),
            QgsProcessingParameterFileDestination(
                "OUTPUT", tr("Database"), "GeoPackage (*.gpkg)", createByDefault=False
            ),
            mark_parameter_advanced(
                QgsProcessingParameterBoolean("LOAD", tr("Load the layers into the project"), True)
            ),
            mark_parameter_advanced(QgsProcessingParameterBoolean("CHECK", check_label, True)),
        )
        self.addOutput(QgsProcessingOutputNumber("LAYERS", tr("Layers made")))
        self.addOutput(QgsProcessingOutputNumber("ROWS", tr("Rows")))
        self.addOutput(QgsProcessingOutputString("REMARKS", tr("Remarks")))
        self.addOutput(QgsProcessingOutputString("VERDICT", tr("Verdict")))
        self.addOutput(QgsProcessingOutputNumber("ERRORS", tr("Errors")))
        self.addOutput(QgsProcessingOutputNumber("WARNINGS", tr("Warnings")))

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        self.standard = load_standard(self.read_text_parameter(parameters, "STANDARD", context) or "county_db")
        self.source = self.parameterAsFile(parameters, "INPUT", context).strip()
        if not self.source or not Path(self.source).is_file():
            raise InputError("source_missing", source=self.source)
        self.target = self.read_target(parameters, context)
        self.load = self.parameterAsBool(parameters, "LOAD", context) and context.project() is not None
        self.options = self._read_check_options(parameters, context)
        # The forms take the county from the project's profile.
        self.norm = (
            Norm(self.standard, county.make_check_options(context.project()).resolve_norm().profile)
            if self.load
            else None
        )

    def execute(self, parameters, context, feedback):
        from ..core.exchange.vct.database import convert_vct_to_database

        progress_of_all = make_progress_callback(feedback)
        part = _IMPORT_SHARE_OF_PROGRESS if self.options is not None else 1.0
        cancellation = Cancellation(feedback.isCanceled)
        import_result = run_in_python_thread(convert_vct_to_database)(
            self.source,
            self.target,
            templates=self.standard.templates,
            progress=lambda share, text: progress_of_all(part * share, text),
            cancellation=cancellation,
        )
        texts = Texts(get_interface_language())
        remarks = [texts.format_notice(key, params) for key, params in import_result.notes]
        log_warnings(feedback, remarks)
        for name, rows in import_result.row_counts.items():
            feedback.pushInfo(texts.get("toolbox", "vct_layer", layer=name, rows=rows))
        feedback.pushInfo(texts.get("toolbox", "vct_crs", crs=import_result.crs))
        log_written_files(feedback, [self.target])
        if self.norm is not None:
            self._register_layers(import_result.row_counts, context)
        counts = {"LAYERS": len(import_result.row_counts), "ROWS": sum(import_result.row_counts.values())}
        results = {"OUTPUT": self.target, **counts, "REMARKS": "\n".join(remarks)}
        if self.options is not None:
            results |= self._check_database(
                feedback, lambda share, text: progress_of_all(part + (1 - part) * share, text), cancellation
            )
        return results

    def _read_check_options(self, parameters, context) -> RunOptions | None:
        """Return the options for a check after the import, from the project's county settings.

        None if the parameter CHECK is off.
        """
        if not self.parameterAsBool(parameters, "CHECK", context):
            return None
        project = context.project()
        project_options = county.make_check_options(project) if project is not None else RunOptions()
        standard = self.read_text_parameter(parameters, "STANDARD", context) or project_options.standard
        return RunOptions(
            standard=standard,
            profile=project_options.profile,
            phase=project_options.phase,
            lang=get_interface_language(),
        )

    def _check_database(self, feedback, progress, cancellation) -> dict[str, object]:
        """Check the imported database, log a summary, and return output name → verdict or number of findings."""
        from ..core.exchange.vct.database import check_imported_plan

        options = self.options
        import_check = check_imported_plan(
            lambda: check_project_or_folder(self.target, options, progress=progress, cancellation=cancellation).report,
            Texts(get_interface_language()),
        )
        for line in import_check.summary_sentences:
            (feedback.pushInfo if import_check.verdict == "pass" else feedback.pushWarning)(line)
        return {
            "VERDICT": import_check.verdict,
            "ERRORS": import_check.error_count,
            "WARNINGS": import_check.warning_count,
        }

    def _register_layers(self, table_names, context) -> None:
        """Register the imported layers, so that QGIS loads them in a layer tree group named after the VCT file."""
        sources = find_sources_by_layer_name(Path(self.target))
        order = get_position_by_role(self.standard)
        for name in table_names:
            if name not in sources:
                continue
            role = name.upper()
            template = self.standard.templates.get(role)
            layer_title = f"{template.name} {role}" if template else name
            details = QgsProcessingContext.LayerDetails(layer_title, context.project(), "OUTPUT")
            details.forceName = True
            details.groupName = tr("VCT {name}").format(name=Path(self.source).stem)
            # The highest key is drawn on top: control lines above the areas that would hide them, as in a new
            # project.
            details.layerSortKey = len(order) - order[role] if role in order else 0
            details.setPostProcessor(
                make_post_processor(sources[name], _make_styling_action(role if template else "", self.norm))
            )
            context.addLayerToLoadOnCompletion(sources[name], details)


def _make_styling_action(role, norm):
    """Return a function that applies role, symbols and form of a layer's template to the loaded layer.

    ``role``: code of the plan layer, empty if unknown. The function also moves the findings layer above the new layer.
    """

    def style_layer(layer, context):
        layer.setCustomProperty(IMPORTED_PROPERTY, 1)
        if context.project() is not None:
            findings_layer.move_findings_group_to_top(context.project())
        if not role:
            return
        set_assigned_role(layer, role)
        styles.apply_role_style(layer, role)
        template = attribute_forms.find_matching_template(layer, role, norm.standard)
        if template is not None:
            attribute_forms.apply_template_form(layer, template, norm)

    return style_layer
