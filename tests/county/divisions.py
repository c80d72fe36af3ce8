# SPDX-License-Identifier: GPL-2.0-or-later
"""Base layers of the generated plan.

They are villages, main functions of townships (主体功能), suitability evaluations (双评价), woods, water and the land use of
the base year.
"""

from __future__ import annotations

import numpy as np

from tests.county import templates
from tests.county.attributes import group_connected_parcels
from tests.county.points import RIVER
from tests.county.rows import CountyLayers

#: First digits of the codes of ecological and of agricultural planning zones.
ECOLOGICAL_ZONE_FAMILIES, AGRICULTURAL_ZONE_FAMILIES = (1, 2), (3, 5)
#: 三调 class → 用地用海 class of 2023 for the classes of the county; the first of several.
LAND_USE = {
    "0101": "0101", "0102": "0102", "0103": "0103", "0201": "0201", "0204": "0205", "0301": "0301", "0305": "0303",
    "0307": "0304", "0401": "0401", "0404": "0403", "0508": "1101", "05H1": "0901", "0601": "1001", "0602": "1002",
    "0701": "0701", "0702": "0703", "0809": "1301", "0810": "1401", "08H1": "0801", "08H2": "0804", "1003": "1202",
    "1004": "1207", "1006": "0601", "1101": "1701", "1104": "1704", "1201": "2301", "1202": "2302", "1204": "2304",
    "1206": "2306", "1207": "2307",
}  # fmt: skip


def add_base_layers(drawing: CountyLayers) -> None:
    _add_villages(drawing)
    _add_main_functions(drawing)
    _add_base_year_land_use(drawing)
    _add_suitability_evaluations(drawing)
    _add_woods_and_water(drawing)


def _add_villages(drawing: CountyLayers) -> None:
    """Add villages by the village code of parcels (ZLDWDM), one row per part."""
    parcels = drawing.county.layers["DLTB"]
    codes = parcels["ZLDWDM"].str[:12].to_numpy()
    groups = [piece for code in np.unique(codes) for piece in drawing.pieces(codes == code)]
    first = [group[0] for group in groups]
    names = parcels["ZLDWMC"].iloc[first].to_list()
    drawing.add_parcels("XZQC", groups, XZQDM=codes[first], XZQMC=names, MC=names)


def _add_main_functions(drawing: CountyLayers) -> None:
    towns = drawing.county.layers["XZQXZ"]
    kinds = [_choose_main_function(drawing, one) for one in range(len(towns))]
    drawing.add(
        "XZZTGNDW", towns.geometry.to_numpy(), LX=kinds, XZQDM=towns["XZQDM"].to_list(), XZQMC=towns["XZQMC"].to_list()
    )


def _choose_main_function(drawing: CountyLayers, township: int) -> str:
    """Return the main function of a township.

    It follows the larger share of ecological or agricultural zones; the county town is urban.
    """
    lines = drawing.lines
    if township == 0:
        return "城市化地区"
    in_township, family = lines.township == township, lines.zone // 100
    ecological, agricultural = (
        lines.area[in_township & np.isin(family, families)].sum()
        for families in (ECOLOGICAL_ZONE_FAMILIES, AGRICULTURAL_ZONE_FAMILIES)
    )
    return "重点生态功能区" if ecological > agricultural else "农产品主产区"


def _add_base_year_land_use(drawing: CountyLayers) -> None:
    parcels = drawing.county.layers["DLTB"]
    codes = [LAND_USE[code] for code in parcels["DLBM"]]
    names = templates.read_code_names("land_use_2023")
    drawing.parcels["XZYDYH"] = drawing.county.parcels["DLTB"]
    drawing.add(
        "XZYDYH",
        parcels.geometry.to_numpy(),
        YDYHFLDM=[code.ljust(6, "0") for code in codes],
        YDYHFLMC=[names[code] for code in codes],
        CZCSXM=parcels["CZCSXM"].to_list(),
        TBMJ=parcels["TBMJ"].to_numpy(),
        TBDLMJ=parcels["TBDLMJ"].to_numpy(),
    )


def _add_suitability_evaluations(drawing: CountyLayers) -> None:
    """Add suitability evaluations (双评价) in three classes by relief.

    Their values are names, because no source defines codes.
    """
    level = 1 + np.searchsorted([0.25, 0.6], drawing.lines.height)
    for role, classes in (
        ("STBHZYXPJJG", ("一般重要", "重要", "极重要")),
        ("NYSCSYXPJJG", ("适宜", "一般适宜", "不适宜")),
        ("CZJSSYXPJJG", ("适宜", "一般适宜", "不适宜")),
        ("STXTFWGNZYXFB", ("一般重要", "重要", "极重要")),
        ("STCRXFB", ("一般脆弱", "脆弱", "极脆弱")),
    ):
        labels, _, groups = group_connected_parcels(drawing.fabric, level)
        drawing.add_parcels(role, groups, MC=[classes[one - 1] for one in labels])


def _add_woods_and_water(drawing: CountyLayers) -> None:
    use = drawing.county.layers["DLTB"]["DLBM"].to_numpy()
    woods = drawing.pieces(np.isin(use, ("0301",)))
    drawing.add_parcels("TRL", woods[::2], MC="天然林")
    drawing.add_parcels("STGYL", woods[1::2], MC="生态公益林")
    drawing.add_parcels("SD", drawing.pieces(drawing.fabric.kinds[: len(use)] == RIVER), MC="河流湿地")
