# SPDX-License-Identifier: GPL-2.0-or-later
"""The fields of a layer of parcels from boundary points."""

from __future__ import annotations

from ...standard.template import Template, TemplateField

#: Name of the layer in its database.
LAYER_NAME = "JZDDK"
#: Item of a parcel → field, and the field's Chinese name.
FIELD_BY_ITEM = {
    "number": ("DKBH", "地块编号"),
    "name": ("DKMC", "地块名称"),
    "use": ("DKYT", "地块用途"),
    "land_class": ("DLBM", "地类编码"),
    "sheet": ("TFH", "图幅号"),
    "parcel_type": ("TBLX", "图斑类型"),
    "land_type": ("DL", "地类"),
    "quality_before": ("GZQZL", "改造前质量等别"),
    "quality_after": ("GZHZL", "改造后质量等别"),
    "remark": ("BZ", "备注"),
}
DECLARED_FIELD, PLANE_FIELD, STATUTORY_FIELD, DIFFERENCE_FIELD = "SBMJ", "PMMJ", "TQMJ", "MJC"
COUNT_FIELD, RECORD_FIELD = "JZDS", "JZDYW"
_AREA_FIELDS = (
    (DECLARED_FIELD, "申报面积（平方米）"),
    (PLANE_FIELD, "平面面积（平方米）"),
    (STATUTORY_FIELD, "图斑椭球面积（平方米）"),
    (DIFFERENCE_FIELD, "申报面积减平面面积（平方米）"),
)


def make_layer_template() -> Template:
    """Return the layer of parcels as a template: attributes, areas in m², number of points, and the record."""
    fields = [TemplateField(name, alias, "text", "C") for name, alias in FIELD_BY_ITEM.values()]
    fields += [TemplateField(name, alias, "real", "C") for name, alias in _AREA_FIELDS]
    fields.append(TemplateField(COUNT_FIELD, "界址点数", "integer", "C"))
    fields.append(TemplateField(RECORD_FIELD, "界址点原文", "text", "C"))
    return Template(
        role=LAYER_NAME,
        name="界址点地块",
        geometry="polygon",
        overlap="allowed",
        constraint="",
        name_mark="C",
        fields_mark="C",
        source="",
        fields=tuple(fields),
    )
