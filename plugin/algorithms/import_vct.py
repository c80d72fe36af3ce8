# SPDX-License-Identifier: GPL-2.0-or-later
"""导入 VCT: a VCT 3.0 file as a GeoPackage."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    Qgis,
    QgsProcessingContext,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
)

from ..bridge import health
from ..bridge.check import stopper
from ..bridge.project.layers import layers_in
from ..bridge.settings import language
from ..bridge.texts import tr
from ..bridge.threads import steady
from ..core.errors import InputError
from ..core.standard import load_standard, standard_ids
from ..core.texts import Texts
from .common import SanxianAlgorithm, advanced, progress_to, text_parameter
from .say import say_written

INPUT, STANDARD, OUTPUT, LOAD = "INPUT", "STANDARD", "OUTPUT", "LOAD"


class ImportVct(SanxianAlgorithm):
    def name(self):
        return "import_vct"

    def displayName(self):
        return tr("Import VCT")

    def tags(self):
        return ["vct", "import", "exchange", "GB/T 17798", "导入", "交换格式", "入库", "地理空间数据交换格式"]

    def shortHelpString(self):
        return tr(
            "Makes a GeoPackage of a VCT 3.0 file (GB/T 17798): every table a layer, with the fields, types and lengths that "
            "the file declares, and the Chinese names of the standard where it knows them. Both forms of the header are "
            "read (LANDUSE-VCT and CNSDTF-VCT), in CGCS2000 degrees or a zone of 3° or 6°.\n\n"
            "Polygons are put together from the lines that neighbours share, so that shared boundaries stay equal vertex by "
            "vertex. Rows without a shape and shapes without a row are kept and told. Records with ids one after the other and "
            "the same values, BSM included, are the parts of one feature and become one. Annotation becomes points with text "
            "and angle (VCT_TEXT, VCT_ANGLE).\n\n"
            "A damaged file (cut off, a wrong count, a reference to nothing, not GBK) stops the run, with the number of the "
            "line; nothing half made is left. Arcs and splines are not read.\n\n"
            "Use this and not QGIS's own reader: there, the suffix .vct means another format (Idrisi)."
        )

    def initAlgorithm(self, configuration=None):
        file = Qgis.ProcessingFileParameterBehavior.File
        self.addParameter(
            QgsProcessingParameterFile(INPUT, tr("VCT file"), file, fileFilter=f"VCT (*.vct *.VCT);;{tr('All')} (*)")
        )
        self.addParameter(advanced(text_parameter(STANDARD, tr("Standard (empty: county_db)"), standard_ids())))
        self.addParameter(
            QgsProcessingParameterFileDestination(OUTPUT, tr("Database"), "GeoPackage (*.gpkg)", createByDefault=False)
        )
        self.addParameter(advanced(QgsProcessingParameterBoolean(LOAD, tr("Load the layers into the project"), True)))
        self.addOutput(QgsProcessingOutputNumber("LAYERS", tr("Layers made")))
        self.addOutput(QgsProcessingOutputNumber("ROWS", tr("Rows")))

    def prepare(self, parameters, context, feedback):
        health.require()
        self.templates = load_standard(self.text(parameters, STANDARD, context) or "county_db").templates
        self.source = self.parameterAsFile(parameters, INPUT, context).strip()
        if not self.source or not Path(self.source).is_file():
            raise InputError("source_missing", source=self.source)
        self.target = self.parameterAsFileOutput(parameters, OUTPUT, context)
        if not self.target:
            raise InputError("output_missing")
        self.load = self.parameterAsBool(parameters, LOAD, context) and context.project() is not None

    def execute(self, parameters, context, feedback):
        done = self._import(progress_to(feedback), stopper(feedback.isCanceled))
        texts = Texts(language())
        for key, params in done.notes:
            feedback.pushWarning(texts.notice(key, params))
        for name, rows in done.rows.items():
            feedback.pushInfo(texts.get("toolbox", "vct_layer", layer=name, rows=rows))
        feedback.pushInfo(texts.get("toolbox", "vct_crs", crs=done.crs))
        say_written(feedback, [self.target], texts.lang)
        if self.load:
            sources = layers_in(Path(self.target))
            for name in done.rows:
                if name in sources:
                    details = QgsProcessingContext.LayerDetails(name, context.project(), OUTPUT)
                    details.forceName = True
                    context.addLayerToLoadOnCompletion(sources[name], details)
        return {OUTPUT: self.target, "LAYERS": len(done.rows), "ROWS": sum(done.rows.values())}

    @steady
    def _import(self, progress, check):
        from ..core.exchange.vct.database import vct_to_database

        return vct_to_database(self.source, self.target, templates=self.templates, progress=progress, check=check)
