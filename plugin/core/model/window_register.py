# SPDX-License-Identifier: GPL-2.0-or-later
"""The register of windows (开天窗) next to the data: a CSV to which fixes append, and which the rule on windows reads.

A row registers a window or withdraws an earlier row. Planners may fill in the document of a row.
"""

import csv
import io
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ..base.errors import InputError
from ..base.files import make_path_next_to_data
from ..base.files.encoding import UndecodableTextError, decode_file_text

#: The suffix of a register of windows, after the name of the data.
WINDOW_REGISTER_SUFFIX = ".windows.csv"
WINDOW_REGISTER_COLUMNS = (
    "登记时间", "步骤", "图层", "要素（BSM）", "窗内控制线图层", "窗内要素", "面积（m²）", "依据文号", "登记人", "状态",
    "中心经度", "中心纬度",
)  # fmt: skip
#: The code of a layer after its name: 城镇开发边界（CZKFBJ）.
_CODE_AFTER_NAME_PATTERN = re.compile(r"（(\w+)）$")


class WindowState(StrEnum):
    """What a row of the register states of a window (开天窗): registered or withdrawn."""

    REGISTERED = "登记"
    WITHDRAWN = "撤销"


@dataclass(frozen=True)
class RegisteredWindow:
    """A row of the register of windows.

    ``role``, ``key``: layer code and key (BSM) of the feature with the window; ``filler_role``, ``filler_key``: those
    of the control line inside it. ``area_m2``: on the ellipsoid; ``longitude``, ``latitude``: a point inside (degrees,
    EPSG:4490). ``step``: the edit step, as in the change log. ``who``, ``when``: who registered it, and the time.
    """

    when: str
    step: str
    role: str
    key: str
    filler_role: str
    filler_key: str
    area_m2: float
    document: str
    who: str
    state: WindowState
    longitude: float
    latitude: float


def find_window_register_path(file: str | Path) -> Path | None:
    """Return the register of windows (开天窗) of a data file; None without a register.

    It is next to the file, else in the file's folder with the name of that folder.
    """
    file = Path(file)
    candidates = (
        make_path_next_to_data(file, WINDOW_REGISTER_SUFFIX),
        make_path_next_to_data(file.parent, WINDOW_REGISTER_SUFFIX),
    )
    return next((path for path in candidates if path.is_file()), None)


def read_window_register(path: str | Path) -> list[RegisteredWindow]:
    """Return the rows of a register in their order; rows without a state or a location are left out.

    Raise InputError if the file cannot be read, or is another table.
    """
    path = Path(path)
    try:
        text = decode_file_text(path.read_bytes())
    except (OSError, UndecodableTextError) as error:
        raise InputError("windows_unreadable", target=str(path)) from error
    lines = csv.DictReader(io.StringIO(text, newline=""))
    if not set(WINDOW_REGISTER_COLUMNS) <= set(lines.fieldnames or ()):
        raise InputError("windows_unreadable", target=str(path))
    rows = []
    for line in lines:
        cells = [(line.get(name) or "").removeprefix("'").strip() for name in WINDOW_REGISTER_COLUMNS]
        when, step, layer, key, filler, filler_key, area, document, who, state, *place = cells
        longitude, latitude = map(_parse_number, place)
        if state in tuple(WindowState) and math.isfinite(longitude) and math.isfinite(latitude):
            rows.append(
                RegisteredWindow(
                    when, step, _get_role(layer), key, _get_role(filler), filler_key, _parse_number(area),
                    document, who, WindowState(state), longitude, latitude,
                )
            )  # fmt: skip
    return rows


def _get_role(text: str) -> str:
    """Return the layer code in brackets at the end of a layer's name; the whole text without one."""
    match = _CODE_AFTER_NAME_PATTERN.search(text)
    return match[1] if match else text


def _parse_number(text: str) -> float:
    """Return a text as a number; NaN for another text."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def list_registered_windows(rows: Iterable[RegisteredWindow]) -> list[RegisteredWindow]:
    """Return the registered windows that no later row of the same step withdraws."""
    current: dict[tuple[str, ...], RegisteredWindow] = {}
    for row in rows:
        identity = row.step, row.role, row.key, f"{row.longitude:.6f}", f"{row.latitude:.6f}"
        if row.state is WindowState.REGISTERED:
            current[identity] = row
        else:
            current.pop(identity, None)
    return list(current.values())
