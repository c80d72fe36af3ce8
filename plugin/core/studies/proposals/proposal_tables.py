# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tables of all proposals share: texts, columns, notes, files and layers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ...engine.provenance import find_county_name
from ...render.document.blocks import Document
from ...render.document.table_document import make_table_document
from ...render.tables.report_table import CellValue, ReportTable, TableColumn, write_tables_workbook
from ...standard.messages.texts import Message, Texts

#: Unit of a column → type of its values in a layer; other columns are texts.
_TYPES = {"m2": "float64", "m": "float64", "count": "Int64"}


class ProposalTables(ABC):
    """Makes sentences, tables and layers of a proposal in the language of ``texts``.

    ``section``: section of its texts; ``title``: key of the title of its document.
    """

    def __init__(self, result: Any, texts: Texts, section: str, title: str):
        self.result, self.texts = result, texts
        self._section, self._title = section, title

    @abstractmethod
    def make_tables(self) -> list[ReportTable]:
        """Return the tables in order."""

    def get(self, key: str, /, **params: Any) -> str:
        """Return a text of the section."""
        return self.texts.get(self._section, key, **params)

    def render(self, message: Message) -> str:
        """Return a message; concepts are named."""
        concepts = message.params.get("concepts")
        if concepts is None:
            return message.render(self.texts)
        return self.get(message.key, concepts="、".join(dict.fromkeys(map(self.name_concept, concepts))))

    def name_concept(self, concept: str) -> str:
        """Return the name of a concept or of a layer."""
        templates = self.result.norm.standard.templates
        return templates[concept].name if concept in templates else self.texts.get_concept_name(concept)

    def describe_unconfirmed(self, names: Iterable[str]) -> list[str]:
        """Return a sentence on the unconfirmed settings of the section; none if all are confirmed."""
        keys = [f"{self._section}.{name}" for name in names]
        settings = [self.texts.get_setting_name(one) for one in keys if not self.result.norm.is_confirmed(one)]
        return [self.get("conditional", settings="、".join(settings))] if settings else []

    def make_column(
        self, key: str, width: int, value: Callable[[Any], CellValue | float], unit: str = ""
    ) -> TableColumn:
        """Return a column with its heading from the section; ``width`` in characters."""
        return TableColumn(key, unit, self.get(f"column_{key}"), width, key, value)

    def make_document_title(self) -> str:
        """Return the title of the document, which also names its file."""
        return self.texts.get("document_titles", self._title)

    def make_document(self) -> Document:
        """Return the tables as a document to be signed."""
        area = find_county_name(self.result.plan)
        return make_table_document(self.make_tables(), self.make_document_title(), area, self.texts)

    def write_workbook(self, path: Path) -> None:
        """Write all tables to a new workbook. Raise OutputError."""
        write_tables_workbook(path, self.make_tables(), find_county_name(self.result.plan), self.texts)

    def make_frame(self, columns: Sequence[TableColumn], records: Sequence[dict[str, Any]], shapes: NDArray) -> Any:
        """Return a GeoDataFrame of records and shapes (k,) in the CRS of the plan."""
        import geopandas as gpd
        import pandas as pd

        crs = self.result.plan.crs
        series = {
            one.key: pd.Series([row[one.key] for row in records], dtype=_TYPES.get(one.unit, "object"))
            for one in columns
        }
        return gpd.GeoDataFrame(series, geometry=gpd.GeoSeries(shapes, crs=crs), crs=crs)
