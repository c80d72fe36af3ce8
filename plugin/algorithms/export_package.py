# SPDX-License-Identifier: GPL-2.0-or-later
"""导出成果包: check the plan and create its submission package if it passes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
)

from ..bridge import health
from ..bridge.checking.check import check_project_or_folder
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from ..core.base.errors import InputError
from ..core.standard.profile.document import override_document
from ..core.standard.profile.profile_data import DocumentInfo, load_secrecy_levels
from .check_plan import CheckPlan
from .common import make_progress_callback, make_text_parameter, mark_parameter_advanced
from .report_log import log_options_from_project, log_package, log_report, log_written_files

PACKAGE, DOCUMENTS, MAPS, PERSONAL, FORCE, OUTPUT = "PACKAGE", "DOCUMENTS", "MAPS", "PERSONAL", "FORCE", "OUTPUT"
SECRECY, SECRECY_REASON = "SECRECY", "SECRECY_REASON"
#: Share of the progress that the check takes.
_CHECK_SHARE_OF_PROGRESS = 0.4


class ExportPackage(CheckPlan):
    """Algorithm `export_package`: check a plan with all rules and write its package."""

    toolbox_section = "package"
    identifier = "export_package"
    keywords = ("package", "submission", "FileGDB", "manifest", "汇交", "成果包", "上报", "一张图", "入库")
    title = mark_text("Export the submission package")
    help_parts = (
        mark_text(
            "Checks the plan and, if it passes, makes the submission package: a folder named after the county, "
            "with layers, documents, tables, maps, metadata and a manifest.\n\n"
            "A package specification defines contents and names: county, city, or the path of a custom .toml "
            "file (a copy of resources/packages/county.toml). The manifest lists the parts of the specification "
            "without a verified source (mark C).\n\n"
            "Values are not cut, rounded or guessed: a text too long for its field, a character that the "
            "encoding lacks, or an empty required field stops the export, with a message that names layer, "
            "feature and field. Every written layer is read with another library and compared with the plan, row "
            "by row and vertex by vertex (0.0001 m).\n\n"
            "Documents, maps and tables are found by their names in the given folder and copied into the "
            "package. Personal data are not written by default.\n\n"
            "Force: the package is made even if the plan does not pass or parts are missing; manifest and "
            "metadata state this. An existing package is replaced as a whole; if an error occurs, the existing "
            "package is not changed."
        ),
        mark_text(
            "Maps: the plugin makes the maps that the specification lists and the folder lacks, from the "
            "exported layers and with the resolution of the specification. Log and manifest list the maps that "
            "were not made, with the reasons. Put other maps (from export_maps or another program) into the "
            "folder under the required name; they are copied unchanged. The window does not respond while a page "
            "is drawn; Cancel takes effect between pages."
        ),
        mark_text(
            "Document information: secrecy level, authorities, date and map approval number are taken from the "
            "project (if its layers are exported), or else from [document] of the county profile, or else from "
            "the package specification; a secrecy level given here precedes all of them. Without a secrecy level "
            "nothing is exported. A level below that of project, profile or specification requires a reason, "
            "which is written to manifest and report. The map approval number is printed on public results only."
        ),
    )

    def initAlgorithm(self, configuration=None):
        from ..core.package.package_spec.read import list_package_spec_ids

        self.add_check_parameters(has_rule_choice=False)
        form = make_text_parameter(
            PACKAGE, tr("Package specification (id, or path of a .toml file; empty: county)"), list_package_spec_ids()
        )
        folder = Qgis.ProcessingFileParameterBehavior.Folder
        documents = tr("Folder with documents, maps and tables")
        maps = tr("Make the maps that the folder lacks")
        personal = QgsProcessingParameterBoolean(PERSONAL, tr("Include personal data"), defaultValue=False)
        force = tr("Force: make the package even if the plan does not pass")
        output = tr("Folder in which the package is made")
        self.add_parameters(
            form,
            QgsProcessingParameterFile(DOCUMENTS, documents, folder, optional=True),
            QgsProcessingParameterBoolean(MAPS, maps, defaultValue=True),
            mark_parameter_advanced(personal),
            QgsProcessingParameterBoolean(FORCE, force, defaultValue=False),
            make_text_parameter(SECRECY, tr("Secrecy level"), list(load_secrecy_levels().names)),
            make_text_parameter(SECRECY_REASON, tr("Reason for a lower secrecy level")),
            QgsProcessingParameterFolderDestination(OUTPUT, output, createByDefault=False),
        )
        self.add_check_outputs()
        self.addOutput(QgsProcessingOutputString("DIGEST", tr("SHA-256 of the manifest")))

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        from ..core.package.export import ExportOrder, make_options_for_package
        from ..core.package.package_spec.load import load_package_spec

        form = load_package_spec(self.read_text_parameter(parameters, PACKAGE, context) or "county")
        self.prepare_check(parameters, context)
        self.options = make_options_for_package(self.options, form)
        output = self.parameterAsString(parameters, OUTPUT, context).strip()
        if not output:
            raise InputError("package_no_output")
        documents = self.parameterAsString(parameters, DOCUMENTS, context).strip()
        if documents and not Path(documents).is_dir():
            raise InputError("package_no_documents", folder=documents)
        given_info = DocumentInfo(
            secrecy=self.read_text_parameter(parameters, SECRECY, context),
            secrecy_reason=self.read_text_parameter(parameters, SECRECY_REASON, context),
        )
        # A reason without a secrecy level has no effect.
        info, lowering = self.options.document_info, None
        if given_info.secrecy:
            info, lowering = override_document(given_info, info or DocumentInfo())
        self.options = replace(self.options, document_info=info)
        self.order = ExportOrder(
            form,
            Path(output),
            Path(documents) if documents else None,
            is_forced=self.parameterAsBoolean(parameters, FORCE, context),
            keeps_personal_fields=self.parameterAsBoolean(parameters, PERSONAL, context),
            makes_maps=self.parameterAsBoolean(parameters, MAPS, context),
            document_info=info,
            lowered_secrecy=(lowering,) if lowering is not None else (),
        )

    def execute(self, parameters, context, feedback):
        from ..bridge.package.tasks import export_project_package

        cancellation, progress = Cancellation(feedback.isCanceled), make_progress_callback(feedback)
        log_options_from_project(feedback, self.options_from_project)
        check_result = check_project_or_folder(
            self.path_or_snapshots,
            self.options,
            source=self.origin,
            progress=lambda share, text: progress(_CHECK_SHARE_OF_PROGRESS * share, text),
            cancellation=cancellation,
        )
        log_report(feedback, check_result)
        cancellation.raise_if_cancelled()
        exported_package = export_project_package(
            check_result,
            self.order,
            progress=lambda share, text: progress(
                _CHECK_SHARE_OF_PROGRESS + (1 - _CHECK_SHARE_OF_PROGRESS) * share, text
            ),
            cancellation=cancellation,
        )
        log_package(feedback, exported_package)
        log_written_files(feedback, [str(exported_package.path)])
        summary = check_result.report.summary
        results = {key.upper(): summary[key] for key in ("errors", "warnings", "skipped", "verdict")}
        return {OUTPUT: str(exported_package.path), "DIGEST": exported_package.manifest_digest, **results}
