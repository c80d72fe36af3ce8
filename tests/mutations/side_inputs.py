# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables and editions that a check compares with the clean county.

Each function writes one file that agrees with the county and returns its fields of `RunOptions`. A mutation writes
another file into `draft.folder` and names it in `draft.options`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from plugin.core.cli.examples.package_facts import make_package_facts
from tests.county.attributes import County
from tests.county.measure import statutory_area
from tests.county.ranges import DISTRICT_NAME, NATIONAL_SITES
from tests.county.write import write_geopackage

SideInputWriter = Callable[[County, Path], dict[str, Any]]
SIDE_INPUT_WRITERS: list[SideInputWriter] = []
FIGURES = "数.csv"
TOWNSHIP_TARGETS_FILE = "乡镇任务.csv"
#: Margin of targets; one township has no target, so that only defects of targets are found.
_TARGET_SHARE_OF_AREA = 0.5


def write_figures(county: County, folder: Path) -> dict[str, Any]:
    """Write red line, boundary and farmland areas as the plan's text prints them."""
    red, edge = (statutory_area(county.layers[role].geometry.to_numpy()).sum() / 1e6 for role in ("STBHHX", "CZKFBJ"))
    net = county.layers["YJJBNTBHTB"]["YJJBNTMJ"].sum() / (1e8 / 15)
    rows = [
        "指标,数值,单位,位置",
        f"生态保护红线面积,{red:.2f},平方千米,文本第10条",
        f"城镇开发边界面积,不超过{edge + 0.01:.2f},平方千米,文本第11条",
        f"永久基本农田面积,{net:.4f},万亩,附表1",
    ]
    path = folder / FIGURES
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return {"figures": str(path)}


SIDE_INPUT_WRITERS.append(write_figures)


def sum_farmland_by_township(county: County) -> dict[str, tuple[str, float]]:
    """Return code and net farmland (万亩) of each township by its name.

    The sums use the township code of the rows.
    """
    return sum_net_area_by_township(county, "YJJBNTBHTB", "YJJBNTMJ")


def sum_net_area_by_township(county: County, role: str, field: str) -> dict[str, tuple[str, float]]:
    """Return code and net area (万亩) of a layer for each township by its name.

    The sums use the township code of the rows.
    """
    rows, townships = county.layers[role], county.layers["XZQXZ"]
    sums = rows[field].groupby(rows["ZLDWDM"].str[:9]).sum() / (1e8 / 15)
    codes = dict(zip(townships["XZQMC"], townships["XZQDM"].str[:9], strict=True))
    return {name: (code, float(sums.get(code, 0.0))) for name, code in codes.items()}


def write_halved_targets(county: County, folder: Path) -> dict[str, Any]:
    """Write targets of all townships but one, each half of its farmland."""
    townships = sum_farmland_by_township(county)
    write_township_targets(
        county,
        folder / TOWNSHIP_TARGETS_FILE,
        {name: f"{_TARGET_SHARE_OF_AREA * net:.2f}" for name, (_, net) in list(townships.items())[1:]},
    )
    return {"targets": str(folder / TOWNSHIP_TARGETS_FILE)}


def write_township_targets(county: County, path: Path, farmland: dict[str, str]) -> None:
    """Write a target table of all townships.

    ``farmland``: targets by name; additional names add rows. Targets of cultivated land are half of the existing
    area, or those of farmland if these are larger.
    """
    townships, land = sum_farmland_by_township(county), sum_net_area_by_township(county, "GDBHMB", "TBDLMJ")
    names = [*townships, *(name for name in farmland if name not in townships)]
    modest = {name: f"{_TARGET_SHARE_OF_AREA * net:.2f}" for name, (_, net) in list(land.items())[1:]}
    modest |= {name: max(area, farmland.get(name) or area, key=float) for name, area in modest.items()}
    rows = [f"{townships.get(one, ('',))[0]},{one},{farmland.get(one, '')},{modest.get(one, '')}" for one in names]
    path.write_text("乡镇代码,乡镇名称,永久基本农田（万亩）,耕地（万亩）\n" + "\n".join(rows) + "\n", encoding="utf-8")


SIDE_INPUT_WRITERS.append(write_halved_targets)


REGISTER = "名录.csv"


def write_heritage_register(county: County, folder: Path) -> dict[str, Any]:
    """Write a register of every heritage site with its kind and level."""
    rows = [f"{DISTRICT_NAME},历史文化街区,省级"]
    for name in county.layers["WWBHDWM"]["MC"]:
        rows.append(f"{name},文物保护单位,{'全国重点' if name in NATIONAL_SITES else '省级'}")
    rows += [f"{name},历史建筑," for name in county.layers["LSJZM"]["MC"]]
    path = folder / REGISTER
    path.write_text("\n".join(["名称,类型,级别", *rows]) + "\n", encoding="utf-8")
    return {"register": str(path)}


SIDE_INPUT_WRITERS.append(write_heritage_register)


def write_sealed_edition(layers: dict[str, Any], folder: Path, name: str = "封库.gpkg") -> dict[str, Any]:
    """Write the approved (sealed) edition of the three control lines."""
    write_geopackage(folder / name, {role: layers[role] for role in ("YJJBNTBHTB", "STBHHX", "CZKFBJ")})
    return {"baseline": str(folder / name)}


def make_package_changes(layers: dict[str, Any]) -> dict[str, Any]:
    """Return package facts whose manifest agrees with the given layers.

    They are changes for `make_package_facts`.
    """
    counts = {role: len(frame) for role, frame in layers.items()}
    return {"manifest": True, "layers": counts, "stated_counts": counts}


def make_package_input(county: County, folder: Path) -> dict[str, Any]:
    """Return the facts of the county's package."""
    return {"package": make_package_facts(make_package_changes(county.layers))}


SIDE_INPUT_WRITERS.append(make_package_input)


def write_side_inputs(county: County, folder: Path) -> dict[str, Any]:
    """Write all side inputs; return their options."""
    return {name: value for give in SIDE_INPUT_WRITERS for name, value in give(county, folder).items()}
