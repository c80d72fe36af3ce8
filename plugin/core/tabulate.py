# SPDX-License-Identifier: GPL-2.0-or-later
"""One set of figures: sources in, indicators and tables out, and the workbook of them. Command line and toolbox come through
here; no rule is run but those that give figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .cancellation import NEVER, Cancellation
from .errors import OutputError
from .files.writing import atomic_output, check_not_input
from .loading.reading import read_plan
from .model.side_inputs import NO_SIDE_INPUTS, SideInputs
from .options import Options

if TYPE_CHECKING:
    from .geometry.tolerance import Tolerance
    from .indicators.compute import Figures
    from .messages.texts import Texts
    from .plan.layer import SourceLayer
    from .plan.plan import Plan
    from .render.tables import Table

#: How the workbook writes when its figures were computed.
TIME_FORM = "%Y-%m-%d %H:%M"
Progress = Callable[[float, str], None]
#: Shares of the progress: reading the sources, the tables.
_READ, _TABLES = 0.4, 0.55


class Tabulated(NamedTuple):
    """The figures of a plan: computed one by one, and as tables in the order of the workbook."""

    plan: Plan
    figures: Figures
    tables: list[Table]

    @property
    def notices(self) -> list[str]:
        """What a reader should know of the data, as sentences."""
        return self.tables[-1].notes


def tabulate(
    sources: str | Path | Iterable[SourceLayer],
    options: Options | None = None,
    *,
    source: str = "",
    progress: Progress = lambda share, text: None,
    cancellation: Cancellation = NEVER,
) -> Tabulated:
    """All indicators and tables of a file or folder, or of layers that were read already.

    Raises InputError or DataError when nothing can be computed, and Cancelled.
    """
    # GIS libraries load when something runs, not when a command line is parsed or a plugin starts.
    from .messages.texts import Texts

    options = options or Options()
    norm, texts = options.norm(), Texts(options.lang)
    progress(0.0, "")
    plan = read_plan(sources, norm, options, source=source, cancellation=cancellation)
    progress(_READ, texts.get("toolbox", "computing"))
    done = tabulate_plan(
        plan,
        options.lang,
        tolerance=options.tolerance,
        progress=lambda share: progress(_READ + _TABLES * share, ""),
        cancellation=cancellation,
    )
    progress(1.0, "")
    return done


def tabulate_plan(
    plan: Plan,
    lang: str,
    *,
    side: SideInputs = NO_SIDE_INPUTS,
    tolerance: Tolerance | None = None,
    progress: Callable[[float], None] = lambda share: None,
    cancellation: Cancellation = NEVER,
) -> Tabulated:
    """All indicators and tables of a plan that is there already. Raises Cancelled."""
    from .engine.context import Context
    from .indicators.compute import Figures
    from .messages.texts import Texts
    from .render.tables import all_tables

    limits = tolerance or plan.norm.tolerance()
    figures = Figures(Context(plan, plan.norm, limits, cancellation=cancellation, side=side, lang=lang), Texts(lang))
    return Tabulated(plan, figures, [*all_tables(figures, progress), _about(plan, figures)])


def check_workbook(target: str | Path) -> None:
    """OutputError, before a long run, for a target that is no workbook, or where none can be written."""
    if Path(target).suffix.lower() != ".xlsx":
        raise OutputError("output_format", target=str(target), known=".xlsx")
    if find_spec("openpyxl") is None:
        raise OutputError("output_openpyxl", target=Path(target).name)


def write_workbook(done: Tabulated, target: str | Path, cancellation: Cancellation = NEVER) -> None:
    """The tables as xlsx, written beside the target and moved. OutputError, also for a target that was read."""
    check_not_input(target, list(done.plan.inputs))
    with atomic_output(target) as path:
        write_tables(done, path)
        cancellation.raise_if_cancelled()


def write_tables(done: Tabulated, path: Path) -> None:
    """The tables as a new xlsx just here. OutputError when the package that writes workbooks is not there."""
    from ..metadata import plugin_version
    from .engine.provenance import area_name
    from .render.tables.workbook import put_workbook

    texts = done.figures.texts
    author = texts.get("about", "program", version=plugin_version())
    put_workbook(path, done.tables, area_name(done.plan), texts, author)


def _about(plan: Plan, figures: Figures) -> Table:
    """Where the figures come from, and what could not be computed."""
    from .engine.provenance import provenance

    texts = figures.texts
    told = provenance(plan, texts)
    notes = [*told["notices"], *(texts.unread(one) for one in plan.unread)]
    return make_about_table(told, texts, datetime.now().strftime(TIME_FORM), notes)


def make_about_table(provenance: dict[str, Any], texts: Texts, time: str, notes: list[str]) -> Table:
    """Return the table on the data by what a report says of them (``provenance``: its provenance)."""
    from .render.tables.model import Column, Row, Table, Value
    from .render.words import Words

    standard, profile = provenance["standard"], provenance["profile"]
    lines = {
        "area": f"{provenance['area_name']} {provenance['area_code']}".strip(),
        "source": provenance["source"],
        "standard": f"{standard['name']}（{standard['edition']}）",
        "profile": profile["name"] or "-",
        "scope": Words(texts.lang).named("scope", provenance["scope"]),
        "crs": provenance["crs"],
        "basis": texts.get("about", "basis_text"),
        "time": time,
        "version": texts.get("about", "program", version=provenance["versions"]["sanxian"]),
    }
    table = Table("about", [Column("name", wide=20), Column("content", wide=96)])
    for name, text in lines.items():
        cells: list[Value] = [texts.get("about", name), text]
        table.rows.append(Row(cells, "row", name))
    table.rows.append(Row([texts.get("about", "layers"), None], "head", "layers"))
    for one in provenance["layers"]:
        text = texts.get("about", "layer", title=one["title"], name=one["name"], count=one["features"], crs=one["crs"])
        table.rows.append(Row([one["role"], text], "row", one["role"]))
    table.notes += notes
    return table
