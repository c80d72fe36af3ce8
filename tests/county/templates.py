# SPDX-License-Identifier: GPL-2.0-or-later
"""Field definitions and code lists of layers, read from the resource files."""

from __future__ import annotations

import csv
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

STANDARDS = Path(__file__).resolve().parents[2] / "resources" / "standards"
# In the order of the file, large areas first; the edition whose schema each layer follows.
STANDARD_BY_LAYER = {
    "XZQX": "county_db-2021",
    "XZQXZ": "county_db-2021",
    "DLTB": "survey-2020",
    "YDYHGHFQ": "county_db-2021",
    "STBHHX": "county_db-2021",
    "GDBHMB": "three_lines-2022",
    "YJJBNTBHTB": "three_lines-2022",
    "CZKFBJ": "county_db-2021",
    "LSWHBHX": "county_db-2021",
    "YJJBNTCBQ": "county_db-2021",
}
# Layers of a township plan that the edition of the county lacks.
TOWNSHIP_STANDARD_BY_LAYER = {"CZJSBJ": "township_db-2021"}
# Layers of a county with a coast, which only some planted defects have.
SEA_STANDARD_BY_LAYER = dict.fromkeys(("HYFW", "HAX", "WJMHD"), "land_survey-1126")
# Additional layers of a full plan (`full`) in the order of their numbers: append new ones.
FURTHER_LAYERS = (
    "XZQC", "XZZTGNDW", "XZYDYH", "STBHZYXPJJG", "NYSCSYXPJJG", "CZJSSYXPJJG", "STXTFWGNZYXFB", "STCRXFB", "TRL", "STGYL",
    "SD", "ZRBHD", "HLFXKZX", "KCZYKCBHX", "XZHQ", "XZZRZHFXFBM", "YJJBNTCBQ", "FZJZSSD", "ZDJCSSD", "ZDJTJCSSX", "LSWHJQ",
    "WWBHDWM", "WWBHDWD", "LSJZM", "LSJZD", "ZXCQFW", "ZXCQXZYDYH", "ZXCQGHYDYH", "ZXCQGHFQ", "ZXCQXXGHBZDY", "ZXCQCSLX",
    "ZXCQCSLVX", "ZXCQCSHX", "ZXCQCSZX", "ZXCQGGFWSSD", "ZXCQDLZXX", "CZJSBJ", "XZZRZHFXFBD", "XZZRZHFXFBX",
    "ZXCQJZGDFQ", "XZZRBHDFB", "XZLSWHYCFB",
)  # fmt: skip


@cache
def read_template(role: str) -> dict[str, Any]:
    path = (
        STANDARDS
        / (STANDARD_BY_LAYER | TOWNSHIP_STANDARD_BY_LAYER | SEA_STANDARD_BY_LAYER).get(role, "county_db-2021")
        / "templates"
        / f"{role}.toml"
    )
    with path.open("rb") as file:
        return tomllib.load(file)


def read_fields(role: str) -> dict[str, dict[str, Any]]:
    """Return the definition of each field of a layer by name, in template order."""
    return {one["name"]: one for one in read_template(role)["field"]}


def read_change_fields() -> list[dict[str, Any]]:
    """Return the fields that a change has in yearly maintenance."""
    with (STANDARDS / "county_db-2021" / "maintenance.toml").open("rb") as file:
        return tomllib.load(file)["change"]["field"]


@cache
def read_code_names(code_list: str) -> dict[str, str]:
    """Return the names of a code list by code."""
    (path,) = sorted(STANDARDS.glob(f"*/codelists/{code_list}.csv"))
    with path.open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}
