# SPDX-License-Identifier: GPL-2.0-or-later
"""Copy and paste of data between layers of QGIS, with the clicks that it takes."""

from qgis.core import QgsFeature, QgsVectorLayer, QgsVectorLayerUtils


def paste_data_into_layers(user, project, data):
    """Copy the rows of a data file into the layers of a project by their codes, as by copy and paste in QGIS.

    ``user`` counts the clicks.
    """
    # The data file is dropped into the window, once for all its layers.
    user.in_qgis(2)
    for layer in project.mapLayers().values():
        role = layer.customProperty("sanxian/template")
        source = QgsVectorLayer(f"{data}|layername={role}", "source", "ogr")
        if not source.isValid():
            continue
        # Clicks: source layer, select all, copy; own layer, edit, paste, save.
        user.in_qgis(7)
        layer.startEditing()
        names = [f.name() for f in layer.fields() if source.fields().lookupField(f.name()) >= 0 and f.name() != "fid"]
        made = []
        for feature in source.getFeatures():
            new = QgsFeature(layer.fields())
            new.setGeometry(feature.geometry())
            for name in names:
                new[name] = feature[name]
            made += QgsVectorLayerUtils.makeFeatureCompatible(new, layer)
        assert layer.addFeatures(made) and layer.commitChanges(), layer.commitErrors()
