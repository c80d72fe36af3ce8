# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tables of all proposals share: texts, columns, notes, files and layers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.provenance import find_county_name
from ...render.document.blocks import Document
from ...render.document.table_document import make_table_document
from ...render.outputs import write_polygon_layer
from ...render.tables.report_table import (
    CellValue,
    ReportTable,
    TableColumn,
    make_record,
    make_table,
    make_table_number,
    write_tables_workbook,
)
from ...standard.messages.texts import Message, Texts
from .supplement_model import PREFERENCE

#: Unit of a column → type of its values in a layer; other columns are texts.
_TYPES = {"m2": "float64", "m": "float64", "count": "Int64"}


class ProposalTables(ABC):
    """Makes sentences, tables and layers of a proposal in the language of ``texts``.

    ``section``: section of its texts; ``title``: key of the title of its document; ``layer_name``: of its land.
    """

    layer_name: str

    def __init__(self, result: Any, texts: Texts, section: str, title: str):
        self.result, self.texts = result, texts
        self._section, self._title = section, title

    @abstractmethod
    def make_tables(self) -> list[ReportTable]:
        """Return the tables in order."""

    @abstractmethod
    def summarise(self) -> list[str]:
        """Return the answer as sentences."""

    @abstractmethod
    def list_notes(self) -> list[str]:
        """Return sentences on missing data, settings and gaps."""

    @abstractmethod
    def make_land_columns(self) -> list[TableColumn]:
        """Return the columns of the land, of the sheet and the layer; an item is a position."""

    @abstractmethod
    def list_land(self) -> tuple[Sequence[int], NDArray]:
        """Return the positions of the land of the layer, and its shapes in the plane."""

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
        templates = self.result.plan.norm.standard.templates
        return templates[concept].name if concept in templates else self.texts.get_concept_name(concept)

    def describe_unconfirmed(self, names: Iterable[str]) -> list[str]:
        """Return a sentence on the unconfirmed settings of the section; none if all are confirmed."""
        keys = [f"{self._section}.{name}" for name in names]
        settings = [self.texts.get_setting_name(one) for one in keys if not self.result.plan.norm.is_confirmed(one)]
        return [self.get("conditional", settings="、".join(settings))] if settings else []

    def make_column(
        self, key: str, width: int, value: Callable[[Any], CellValue | float], unit: str = ""
    ) -> TableColumn:
        """Return a column with its heading from the section; ``width`` in characters."""
        return TableColumn(key, unit, self.get(f"column_{key}"), width, key, value)

    def make_stage_table(self, table_id: str, names: Iterable[str], units: Mapping[str, str]) -> ReportTable:
        """Return value, bound and state of each stage of a choice; ``units``: stage → unit, if not m²."""
        stages, preference = self.result.choice.stages, self.result.order.preference

        def name(stage: str) -> str:
            return self.get(f"prefer_{preference}" if stage == PREFERENCE else f"stage_{stage}")

        def show(stage: str, value: float) -> CellValue:
            return self.get("unknown") if np.isnan(value) else make_table_number(abs(value), units.get(stage, "m2"))

        def name_state(stage: str) -> str:
            return self.texts.get("supplement", f"solver_{stages[stage].state}")

        columns = [
            self.make_column("stage", 34, name),
            self.make_column("value", 20, lambda one: show(one, stages[one].value)),
            self.make_column("bound", 20, lambda one: show(one, stages[one].bound)),
            self.make_column("solver_state", 20, name_state),
        ]
        return make_table(table_id, columns, [one for one in names if one in stages], str)

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

    def make_records(self) -> list[dict[str, Any]]:
        """Return the attributes of the land of the layer."""
        columns = self.make_land_columns()
        return [make_record(columns, position) for position in self.list_land()[0]]

    def reproject(self, shapes: Iterable[Any]) -> NDArray:
        """Return shapes of the plane in the CRS of the plan, without vertices added on reading."""
        plan = self.result.plan
        reprojected: NDArray = plan.reproject_for_findings(
            plan.remove_added_vertices(np.array(list(shapes), dtype=object))
        )
        return reprojected

    def make_land_frame(self) -> Any:
        """Return the land of the layer as a GeoDataFrame in the CRS of the plan."""
        import geopandas as gpd
        import pandas as pd

        crs, records = self.result.plan.crs, self.make_records()
        series = {
            one.key: pd.Series([row[one.key] for row in records], dtype=_TYPES.get(one.unit, "object"))
            for one in self.make_land_columns()
        }
        return gpd.GeoDataFrame(series, geometry=gpd.GeoSeries(self.reproject(self.list_land()[1]), crs=crs), crs=crs)

    def write_layer(self, path: Path) -> None:
        """Write the land to a new GeoPackage: a draft layer. Raise OutputError."""
        write_polygon_layer(self.make_land_frame(), path, self.layer_name)
