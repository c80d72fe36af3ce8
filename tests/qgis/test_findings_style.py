# SPDX-License-Identifier: GPL-2.0-or-later
"""Test where the symbols of the findings layer are drawn on a map."""

import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsFeature,
    QgsGeometry,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

from tests.qgis.helpers import ROOT

CRS = QgsCoordinateReferenceSystem("EPSG:4526")
EXTENT = QgsRectangle(38_474_000, 4_385_000, 38_474_400, 4_385_300)
IMAGE_SIZE = QSize(400, 300)


def render(wkt, map_crs=CRS):
    """Return the map of a finding with the given shape, in the style of the findings layer."""
    layer = QgsVectorLayer("Polygon?crs=EPSG:4526&field=severity:string&field=state:string", "findings", "memory")
    feature = QgsFeature(layer.fields())
    feature.setGeometry(QgsGeometry.fromWkt(wkt))
    feature.setAttributes(["ERROR", "open"])
    layer.dataProvider().addFeatures([feature])
    message, is_loaded = layer.loadNamedStyle(str(ROOT / "resources" / "styles" / "findings.qml"))
    assert is_loaded, message
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(map_crs)
    settings.setExtent(QgsCoordinateTransform(CRS, map_crs, QgsProject.instance()).transformBoundingBox(EXTENT))
    settings.setOutputSize(IMAGE_SIZE)
    settings.setBackgroundColor(QColor("white"))
    context = QgsExpressionContext()
    context.appendScopes(
        [QgsExpressionContextUtils.globalScope(), QgsExpressionContextUtils.mapSettingsScope(settings)]
    )
    settings.setExpressionContext(context)
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    return job.renderedImage()


def find_drawn_pixels(image):
    return [
        (x, y) for x in range(image.width()) for y in range(image.height()) if image.pixelColor(x, y) != QColor("white")
    ]


@pytest.mark.parametrize("map_crs", ["EPSG:4526", "EPSG:4490"])
def test_finding_with_parts_only_outside_the_map_has_no_icon_on_it(qgis_app, map_crs):
    first_part = "MULTIPOLYGON(((38473000 4384000, 38473010 4384000, 38473010 4384010, 38473000 4384000)), "
    second_part = "((38475500 4386500, 38475510 4386500, 38475510 4386510, 38475500 4386500)))"
    assert find_drawn_pixels(render(first_part + second_part, QgsCoordinateReferenceSystem(map_crs))) == []


@pytest.mark.parametrize("map_crs", ["EPSG:4526", "EPSG:4490"])
def test_small_finding_has_its_icon_at_its_place(qgis_app, map_crs):
    square = "POLYGON((38474300 4385100, 38474301 4385100, 38474301 4385101, 38474300 4385101, 38474300 4385100))"
    image = render(square, QgsCoordinateReferenceSystem(map_crs))
    pixels = find_drawn_pixels(image)
    middle = tuple(sum(values) / len(pixels) for values in zip(*pixels, strict=True))
    # In degrees the extent is wider than it is high, so the place is a few pixels away.
    assert middle == pytest.approx((300.5, 199.5), abs=2 if map_crs == "EPSG:4526" else 40)


def test_finding_that_reaches_beyond_the_map_has_its_icon_on_the_visible_part(qgis_app):
    strip = "POLYGON((38460000 4385149, 38474100 4385149, 38474100 4385151, 38460000 4385151, 38460000 4385149))"
    pixels = find_drawn_pixels(render(strip))
    # The icon is higher than the strip, in the middle of its visible part.
    rows_of_icon = [x for x, y in pixels if y in (143, 156)]
    assert rows_of_icon and all(40 < x < 60 for x in rows_of_icon)
