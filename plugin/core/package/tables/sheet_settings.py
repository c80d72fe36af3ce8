# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings of sheets that keep content from being seen, printed or copied, and properties of a workbook."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .model import PrintedCell

#: A sheet scrolls only below and beside its frozen part; one of more rows or columns fills a screen.
_MAX_FROZEN_ROWS, _MAX_FROZEN_COLUMNS = 12, 6
#: Smallest zoom in percent at which figures can be read.
_MIN_ZOOM_PERCENT = 40
#: Properties with a text of the author (ISO 29500-2, 11).
_PROPERTY_NAMES = ("title", "subject", "description", "keywords", "category", "contentStatus", "creator")
#: Beginnings of custom properties that office programs add when they save a file.
_PROGRAM_PROPERTIES = ("KSO", "ICV", "MSIP_", "ContentTypeId", "_")


def find_limiting_settings(sheet: Any, cells: dict[tuple[int, int], PrintedCell]) -> dict[str, tuple[str, ...]]:
    """Return settings of an openpyxl sheet that prevent content from being seen, printed or copied.

    The result maps the kind of setting, as a key of texts (section ``sheet_settings``), to names of cells or values.
    """
    view = sheet.sheet_view
    zoom = view.zoomScale
    validations = [str(one.sqref) for one in sheet.data_validations.dataValidation]
    settings: dict[str, Iterable[str]] = {
        "print_area": _find_cells_not_printed(sheet, cells),
        "frozen": _find_wide_frozen_part(sheet),
        "zoom": [f"{zoom} %"] if zoom is not None and zoom < _MIN_ZOOM_PERCENT else [],
        "zeros": [""] if view.showZeros is False else [],
        "right_to_left": [""] if view.rightToLeft else [],
        "formulas": [""] if view.showFormulas else [],
        "protection": [""] if sheet.protection.sheet else [],
        "validations": validations,
        "filter": [sheet.auto_filter.ref] if sheet.auto_filter.ref else [],
        "names": _list_names(getattr(sheet, "defined_names", None)),
    }
    return {key: tuple(setting_names) for key, setting_names in settings.items() if setting_names}


def _find_cells_not_printed(sheet: Any, cells: dict[tuple[int, int], PrintedCell]) -> list[str]:
    """Return the names of cells with content outside the print area."""
    from openpyxl.utils import get_column_letter, range_boundaries

    areas = [part.rpartition("!")[2] for part in str(sheet.print_area or "").split(",") if part]
    try:
        boxes = [range_boundaries(area.replace("$", "")) for area in areas]
    except ValueError:
        return []
    return [
        f"{get_column_letter(column)}{row}"
        for (row, column), cell in sorted(cells.items())
        if boxes
        and cell.text
        and cell.state != "merged"
        and not any(
            (west or 1) <= column <= (east or column) and (north or 1) <= row <= (south or row)
            for west, north, east, south in boxes
        )
    ]


def _find_wide_frozen_part(sheet: Any) -> list[str]:
    """Return the name of the first cell that scrolls, in a list, if the frozen rows and columns may fill a screen.

    The list is empty otherwise.
    """
    from openpyxl.utils.cell import coordinate_to_tuple

    if not sheet.freeze_panes:
        return []
    row, column = coordinate_to_tuple(sheet.freeze_panes)
    is_wide = row - 1 > _MAX_FROZEN_ROWS or column - 1 > _MAX_FROZEN_COLUMNS
    return [sheet.freeze_panes] if is_wide else []


def read_properties(workbook: Any) -> dict[str, str]:
    """Return name → text of the properties of an openpyxl workbook.

    They include its defined names and whether its structure is locked. Custom properties that office programs add are
    omitted; all other custom properties form one text.
    """
    texts = {name: str(getattr(workbook.properties, name) or "").strip() for name in _PROPERTY_NAMES}
    # openpyxl before 3.1 does not read custom properties.
    custom = getattr(getattr(workbook, "custom_doc_props", None), "props", ())
    texts["custom"] = " ".join(
        f"{one.name}: {one.value}" for one in custom if not one.name.startswith(_PROGRAM_PROPERTIES)
    )
    texts["names"] = " ".join(_list_names(workbook.defined_names))
    texts["lock"] = "1" if workbook.security is not None and workbook.security.lockStructure else ""
    return {name: text for name, text in texts.items() if text}


def _list_names(defined_names: Any) -> list[str]:
    """Return the names that a person defined in a workbook or sheet.

    Names of programs (print areas, filters) are omitted.

    ``defined_names``: a dict of openpyxl, before version 3.1 a list of the workbook's names only.
    """
    entries = getattr(defined_names, "definedName", defined_names) or ()
    entry_names = [str(getattr(one, "name", one)) for one in entries]
    return [name for name in entry_names if not name.startswith("_xlnm")]
