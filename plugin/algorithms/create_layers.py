# SPDX-License-Identifier: GPL-2.0-or-later
"""新建规划图层: an empty database of a county, from the templates of the standard."""

from __future__ import annotations

import re

from qgis.core import (
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterCrs,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterString,
)

from ..bridge import health
from ..bridge.check import stopper
from ..bridge.layers import crs_text
from ..bridge.settings import language
from ..bridge.texts import tr
from ..bridge.threads import steady
from ..core.errors import InputError
from ..core.standard import ALL_LAYERS, load_standard, standard_ids
from ..core.texts import Texts
from .common import SanxianAlgorithm, advanced, text_parameter

GROUPS, COUNTY, CRS, EXISTING, STANDARD, OUTPUT = "GROUPS", "COUNTY", "CRS", "EXISTING", "STANDARD", "OUTPUT"
#: As the core knows them; here again, for the core's writer needs libraries that may be missing when QGIS starts.
_EXISTING = ("stop", "add", "replace")


class CreateLayers(SanxianAlgorithm):
    def name(self):
        return "create_layers"

    def displayName(self):
        return tr("Create plan layers")

    def tags(self):
        return ["create", "database", "template", "geopackage", "filegdb", "三区三线", "建库", "新建", "图层"]

    def shortHelpString(self):
        text = tr(
            "Makes an empty database of plan layers from the templates of the standard: fields with their types, lengths and "
            "Chinese names, coded values, spatial index; in a FileGDB feature datasets too.\n\n"
            "Groups: {groups}; several with commas between, by id or Chinese name.\n\n"
            "County: code or name. Without a coordinate system the county's zone is taken where it is known.\n\n"
            "If the database exists: stop changes nothing, add makes only the layers that it lacks, replace puts a new one in "
            "its place.\n\n"
            "Lengths of numbers cannot be kept by these formats; a FileGDB keeps dates with a time of day."
        )
        return text.format(groups=_group_names(load_standard()))

    def initAlgorithm(self, configuration=None):
        groups = QgsProcessingParameterString(GROUPS, tr("Groups of layers"), defaultValue="three_lines")
        groups.setMetadata({"widget_wrapper": {"value_hints": [*load_standard().groups, ALL_LAYERS]}})
        self.addParameter(groups)
        self.addParameter(QgsProcessingParameterString(COUNTY, tr("County (code or name)")))
        self.addParameter(QgsProcessingParameterCrs(CRS, tr("Coordinate system (empty: the county's)"), optional=True))
        self.addParameter(
            QgsProcessingParameterEnum(
                EXISTING,
                tr("If the database exists"),
                options=list(_EXISTING),
                defaultValue=_EXISTING[0],
                usesStaticStrings=True,
            )
        )
        self.addParameter(advanced(text_parameter(STANDARD, tr("Standard (empty: county_db)"), standard_ids())))
        self.addParameter(
            QgsProcessingParameterFileDestination(
                OUTPUT, tr("Database"), "GeoPackage (*.gpkg);;FileGDB (*.gdb)", createByDefault=False
            )
        )
        self.addOutput(QgsProcessingOutputNumber("LAYERS", tr("Layers made")))
        self.addOutput(QgsProcessingOutputString("COUNTY_CODE", tr("Code of the county")))

    def prepare(self, parameters, context, feedback):
        health.require()
        from ..core.divisions import find_county

        self.standard = load_standard(self.text(parameters, STANDARD, context) or "county_db")
        groups = [g for g in re.split(r"[\s,;，；、]+", self.text(parameters, GROUPS, context)) if g]
        if not groups:
            raise InputError("groups_missing", known=_group_names(self.standard))
        self.templates = self.standard.templates_of(groups)
        # Also where a standard (the city's) has no list of its own.
        self.divisions = self.standard.code_lists.get("divisions") or load_standard().code_lists["divisions"]
        self.county = find_county(self.text(parameters, COUNTY, context), self.divisions)
        system = self.parameterAsCrs(parameters, CRS, context)
        self.crs_given = str(parameters.get(CRS) or "") if not system.isValid() else crs_text(system)
        self.existing = self.parameterAsEnumString(parameters, EXISTING, context)
        self.target = self.parameterAsFileOutput(parameters, OUTPUT, context)
        if not self.target:
            raise InputError("output_missing")

    def execute(self, parameters, context, feedback):
        made, crs, notice = self._create(stopper(feedback.isCanceled))
        texts = Texts(language())
        if notice:
            feedback.pushWarning(texts.notice(*notice))
        for key, layers, more in (("created_layers", made.made, {"crs": crs}), ("kept_layers", made.kept, {})):
            if layers:
                feedback.pushInfo(texts.get("toolbox", key, count=len(layers), layers=", ".join(layers), **more))
        unverified = [t.role for t in self.templates if t.fields_mark == "C" and t.role in made.made]
        if unverified:
            shown = {"count": len(unverified), "layers": ", ".join(unverified)}
            feedback.pushInfo(texts.get("toolbox", "unverified_fields", **shown))
        return {OUTPUT: self.target, "LAYERS": len(made.made), "COUNTY_CODE": self.county.code}

    @steady
    def _create(self, check):
        from ..core.divisions import check_crs, check_place, default_crs
        from ..core.exchange.create import create_database
        from ..core.geometry.crs import label, parse

        given = self.crs_given
        crs = check_crs(parse(given), given) if given else default_crs(self.county.code, self.divisions)
        notice = check_place(crs, self.county.code, self.divisions)
        made = create_database(
            self.target,
            self.templates,
            crs,
            code_lists=self.standard.code_lists,
            existing=self.existing,
            check=check,
        )
        return made, label(crs), notice


def _group_names(standard) -> str:
    return "、".join([*(f"{g.id}（{g.name}）" for g in standard.groups.values()), f"{ALL_LAYERS}（全部）"])
