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
from ..bridge.checking.check import check_plan
from ..bridge.texts import tr
from ..core.cancellation import Cancellation
from ..core.errors import InputError
from ..core.profile.document import DocumentInfo, load_secrecy_levels, override_document
from .check_plan import CheckPlan
from .common import advanced, progress_to, text_parameter
from .report_log import log_county, log_package, log_report, log_written_files

PACKAGE, DOCUMENTS, MAPS, PERSONAL, FORCE, OUTPUT = "PACKAGE", "DOCUMENTS", "MAPS", "PERSONAL", "FORCE", "OUTPUT"
SECRECY, SECRECY_REASON = "SECRECY", "SECRECY_REASON"
#: Share of the progress that the check takes.
_SHARE_OF_CHECK = 0.4


class ExportPackage(CheckPlan):
    """Algorithm `export_package`: check a plan with all rules and write its package."""

    section = "package"
    identifier = "export_package"
    keywords = ("package", "submission", "FileGDB", "manifest", "汇交", "成果包", "上报", "一张图", "入库")

    def displayName(self):
        return tr("Export the submission package")

    def shortHelpString(self):
        text = tr(
            "Checks the plan and, when it passes, makes the package that is handed in: a folder named after the "
            "county, with "
            "layers, documents, tables, maps, metadata and a manifest.\n\n"
            "What is in it and how things are called is a form: county, city, or the path of a .toml file of your own "
            "(copy "
            "resources/packages/county.toml). Parts of a form that nobody has read in a text (mark C) are named in "
            "the manifest.\n\n"
            "Nothing is cut, rounded or guessed: texts too long for their field, characters that the encoding lacks, "
            "empty "
            "required fields stop the export, with layer, feature and field. Every layer is read again by another "
            "library and "
            "compared with the plan, row by row and vertex by vertex (0.0001 m).\n\n"
            "Documents, maps and tables are found by their names in the folder given and put in their places. What "
            "tells of persons "
            "stays out unless asked for.\n\n"
            "Force: a package is made although the plan does not pass or something is missing; its manifest and "
            "metadata say "
            "so. A former package in the same place is replaced as a whole; when anything goes wrong, it stays as it "
            "is."
        )
        maps = tr(
            "Maps: those that the form lists and the folder does not have are made of the layers that are packed, at "
            "the dpi of the "
            "form; which are not made, and why, is in the log and in the manifest. A map of your own (export_maps, or "
            "any other "
            "program) goes into the folder under the name that the form asks for, and is taken as it is. The window "
            "waits "
            "while a page is drawn; Cancel works between pages."
        )
        document = tr(
            "Document information: secrecy level, authorities, date and map approval number come from the project "
            "(where its "
            "layers are exported), else from [document] of the county profile, else from the form; a secrecy level "
            "given here "
            "precedes all of them. Without a secrecy level nothing is exported. A level below that of project, "
            "profile or "
            "form needs a reason, which goes into manifest and report. The "
            "map approval number is printed on public results only."
        )
        return f"{text}\n\n{maps}\n\n{document}"

    def initAlgorithm(self, configuration=None):
        from ..core.package.package_spec.read import package_spec_ids

        self.add_check_parameters(part=False)
        form = text_parameter(
            PACKAGE, tr("Form of the package (id, or path of a .toml file; empty: county)"), package_spec_ids()
        )
        self.addParameter(form)
        folder = Qgis.ProcessingFileParameterBehavior.Folder
        documents = tr("Folder with documents, maps and tables")
        self.addParameter(QgsProcessingParameterFile(DOCUMENTS, documents, folder, optional=True))
        maps = tr("Make the maps that are not in that folder")
        self.addParameter(QgsProcessingParameterBoolean(MAPS, maps, defaultValue=True))
        personal = QgsProcessingParameterBoolean(PERSONAL, tr("With personal data"), defaultValue=False)
        self.addParameter(advanced(personal))
        force = tr("Force: make it although the plan does not pass")
        self.addParameter(QgsProcessingParameterBoolean(FORCE, force, defaultValue=False))
        self.addParameter(text_parameter(SECRECY, tr("Secrecy level"), list(load_secrecy_levels().names)))
        self.addParameter(text_parameter(SECRECY_REASON, tr("Reason for a lower secrecy level")))
        output = tr("Folder in which the package is made")
        self.addParameter(QgsProcessingParameterFolderDestination(OUTPUT, output, createByDefault=False))
        self.add_check_outputs()
        self.addOutput(QgsProcessingOutputString("DIGEST", tr("SHA-256 of the manifest")))

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        from ..core.package.export import ExportOrder, options_for_package
        from ..core.package.package_spec.load import load_package_spec

        form = load_package_spec(self.text(parameters, PACKAGE, context) or "county")
        self.prepare_check(parameters, context)
        self.options = options_for_package(self.options, form)
        output = self.parameterAsString(parameters, OUTPUT, context).strip()
        if not output:
            raise InputError("package_no_output")
        documents = self.parameterAsString(parameters, DOCUMENTS, context).strip()
        if documents and not Path(documents).is_dir():
            raise InputError("package_no_documents", folder=documents)
        given = DocumentInfo(
            secrecy=self.text(parameters, SECRECY, context),
            secrecy_reason=self.text(parameters, SECRECY_REASON, context),
        )
        # A reason without a secrecy level has no effect.
        info, lowering = self.options.document_info, None
        if given.secrecy:
            info, lowering = override_document(given, info or DocumentInfo())
        self.options = replace(self.options, document_info=info)
        self.order = ExportOrder(
            form,
            Path(output),
            Path(documents) if documents else None,
            force=self.parameterAsBoolean(parameters, FORCE, context),
            personal=self.parameterAsBoolean(parameters, PERSONAL, context),
            maps=self.parameterAsBoolean(parameters, MAPS, context),
            document_info=info,
            lowered=(lowering,) if lowering is not None else (),
        )

    def execute(self, parameters, context, feedback):
        from ..bridge.package.tasks import export_package

        cancellation, progress = Cancellation(feedback.isCanceled), progress_to(feedback)
        log_county(feedback, self.taken)
        checked = check_plan(
            self.what,
            self.options,
            source=self.origin,
            progress=lambda share, text: progress(_SHARE_OF_CHECK * share, text),
            cancellation=cancellation,
        )
        log_report(feedback, checked)
        cancellation.raise_if_cancelled()
        done = export_package(
            checked,
            self.order,
            progress=lambda share, text: progress(_SHARE_OF_CHECK + (1 - _SHARE_OF_CHECK) * share, text),
            cancellation=cancellation,
        )
        log_package(feedback, done)
        log_written_files(feedback, [str(done.path)])
        summary = checked.report.summary
        results = {key.upper(): summary[key] for key in ("errors", "warnings", "skipped", "verdict")}
        return {OUTPUT: str(done.path), "DIGEST": done.digest, **results}
