# SPDX-License-Identifier: GPL-2.0-or-later
"""A county that is wrong in one place never reads 通过 in the default check of its scope."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from plugin.core.check import Options, check
from plugin.core.model.report import Verdict
from tests.core.small import found
from tests.county import make
from tests.county.source import as_read
from tests.mutations import clean


@pytest.fixture(scope="module")
def whole():
    """The complete clean county, by role."""
    return make(clean.PARCELS, clean.SEED, full=True)


@pytest.fixture(scope="module")
def default_profile(whole, tmp_path_factory):
    """A profile that confirms everything and asks for no rule beyond those of the scope."""
    path = clean.whole_book(whole, tmp_path_factory.mktemp("profile"))
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line for line in lines if not line.startswith("rules_extra")), encoding="utf-8")
    return str(path)


def run(tables, profile, **options):
    return check(as_read(tables), Options(profile=profile, **options)).report


def exchanged(frame: gpd.GeoDataFrame, one: int, other: int, *fields: str) -> gpd.GeoDataFrame:
    """The layer with the values of some fields exchanged between two rows."""
    changed = frame.copy()
    for name in fields:
        column = frame.columns.get_loc(name)
        changed.iloc[one, column], changed.iloc[other, column] = frame.iloc[other, column], frame.iloc[one, column]
    return changed


def a_hole(tables):
    """A parcel that touches no edge of the county is missing, and so is what is drawn on it in other layers."""
    parcels = tables["DLTB"]
    edge = tables["XZQX"].geometry.iloc[0].boundary
    woods = parcels[parcels["DLBM"].str.startswith("03") & (parcels.distance(edge) > 1000)]
    return {**tables, "DLTB": parcels.drop(index=woods.index[0]).reset_index(drop=True)}


def areas_exchanged(tables):
    """Two parcels of one village and class have each other's area."""
    parcels = tables["DLTB"]
    _, group = next(g for g in parcels.groupby(["ZLDWDM", "DLBM"]) if len(g[1]) > 1 and g[0][1].startswith("03"))
    one, other = (parcels.index.get_loc(i) for i in group.index[:2])
    return {**tables, "DLTB": exchanged(parcels, one, other, "TBMJ", "TBDLMJ")}


def foreign_keys(tables):
    zones = tables["YDYHGHFQ"].copy()
    zones["BSM"] = "140226" + zones["BSM"].str[6:]
    return {**tables, "YDYHGHFQ": zones}


def villages_exchanged(tables):
    """Two villages of different townships have each other's code and name."""
    villages = tables["XZQC"]
    other = next(n for n, code in enumerate(villages["XZQDM"]) if code[:9] != villages["XZQDM"].iloc[0][:9])
    return {**tables, "XZQC": exchanged(villages, 0, other, "XZQDM", "XZQMC", "MC")}


def centre_on_farmland(tables):
    """A square of 10 km² of the centre's land use, on farmland far from the centre."""
    centre = tables["ZXCQFW"].geometry.iloc[0]
    farm = tables["YJJBNTBHTB"]
    far = farm.geometry[farm.distance(centre).idxmax()].centroid
    square = shapely.box(far.x - 1581, far.y - 1581, far.x + 1581, far.y + 1581)
    square = square.intersection(tables["XZQX"].geometry.iloc[0])
    own = tables["ZXCQGHYDYH"]
    row = own.iloc[[0]].assign(BSM="140225009900000001").set_geometry([square], crs=own.crs)
    return {**tables, "ZXCQGHYDYH": gpd.GeoDataFrame(pd.concat([own, row], ignore_index=True), crs=own.crs)}


def moved_core(tables):
    """A part of a reserve's core lies elsewhere, outside the red line."""
    reserves = tables["ZRBHD"].copy()
    row = reserves.index[reserves["MC"].str.endswith("核心保护区")][0]
    outside = tables["XZQX"].geometry.iloc[0].difference(tables["STBHHX"].union_all())
    place = shapely.maximum_inscribed_circle(outside).coords[0]
    shape = reserves.geometry[row]
    size = min(shapely.length(shapely.maximum_inscribed_circle(outside)) / 2, 2000)
    reserves.loc[[row], "geometry"] = [shapely.Point(place).buffer(size)]
    assert shape is not reserves.geometry[row]
    return {**tables, "ZRBHD": reserves}


def two_names(tables):
    parcels = tables["DLTB"].copy()
    row = parcels.index[parcels["ZLDWDM"].duplicated()][0]
    parcels.loc[row, "ZLDWMC"] = "别处村"
    return {**tables, "DLTB": parcels}


DAMAGES = [
    (a_hole, "TOP006"),
    (areas_exchanged, "ATT013"),
    (foreign_keys, "ATT004"),
    (villages_exchanged, "REL034"),
    (centre_on_farmland, "REL033"),
    (moved_core, "LAW022"),
    (moved_core, "REL036"),
    (two_names, "ATT021"),
]


def test_the_clean_county_passes_the_default_check(whole, default_profile):
    report = run(whole.layers, default_profile)
    assert report.verdict is Verdict.PASSED and report.provenance["scope"] == "county"


@pytest.mark.parametrize(("damage", "code"), DAMAGES, ids=[f"{d.__name__}-{c}" for d, c in DAMAGES])
def test_a_wrong_county_never_passes_the_default_check(whole, default_profile, damage, code):
    report = run(damage(whole.layers), default_profile)
    assert found(report, code), [f.code for f in report.findings]
    assert report.verdict is not Verdict.PASSED


@pytest.mark.parametrize(("damage", "code"), [(a_hole, "TOP006"), (foreign_keys, "ATT004"), (two_names, "ATT021")])
def test_a_wrong_delivery_of_three_lines_never_passes(whole, default_profile, damage, code):
    lines = {
        role: whole.layers[role] for role in ("XZQX", "XZQXZ", "YJJBNTBHTB", "STBHHX", "CZKFBJ", "DLTB", "YDYHGHFQ")
    }
    report = run(damage({**lines}), default_profile)
    assert report.provenance["scope"] == "three_lines"
    assert found(report, code) and report.verdict is not Verdict.PASSED
