# SPDX-License-Identifier: GPL-2.0-or-later
"""Make a year's maintenance: from two files to the geodatabase.

Used by the toolbox and the command line.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pyogrio

from ...base.connection_text import is_connection, mask_source
from ...base.errors import NEVER_CANCELLED, Cancellation, InputError
from ...base.files.open_datasource import provide_safe_path
from ...base.files.writing import is_same_file
from ...plan.io import read_source
from ...plan.io.file import DRIVER_ERRORS
from ...plan.io.formats import PARQUET_SUFFIXES
from ...plan.io.rows import BYTES_CODEC, KEY_FIELD
from ...plan.io.source import list_source_datasets, provide_unpacked
from ...plan.layer import SourceLayer
from ...plan.plan import Plan
from ...standard.messages.texts import Texts
from ...standard.numbering import find_highest_running_number
from ...standard.options import RunOptions
from ...standard.profile import Norm
from .maintenance import YearlyUpdate
from .update import check_year, compute_yearly_update
from .write_maintenance import WrittenUpdate, validate_target, write_update

#: Share of the progress that reading takes.
_READING_SHARE = 0.2
#: Share of the progress that reading and comparing take.
_COMPARING_SHARE = 0.8


def compute_update_from_files(
    filed: str | Path,
    current: str | Path,
    year: int,
    norm: Norm,
    *,
    validate_current_edition: Callable[[Plan], None] = lambda current: None,
    progress: Callable[[float, str], None] = lambda share, layer: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> YearlyUpdate:
    """Read the maintained layers of two editions and compare them.

    Counties and townships are read as well. The input files are not changed.

    Parameters
    ----------
    filed, current
        Sources of the earlier (filed) and of the later edition.
    validate_current_edition
        Called with the later edition before the comparison; raises an error if the comparison would be useless.
    progress
        Called with a share 0…1 and the name of the compared layer, which is empty while layers are read.

    Raises
    ------
    InputError
        If a source cannot be read, both are the same file, or as `compute_yearly_update` raises.
    """
    check_year(year)
    if is_same_file(filed, current):
        raise InputError("yearly_same", source=Path(filed).name)
    rules = norm.standard.maintenance
    if rules is None:
        raise InputError("yearly_standard", standard=norm.standard.id)
    filed_plan, current_plan = read_editions(
        filed,
        current,
        {layer.role for layer in rules.layers},
        norm,
        "yearly_none_maintained",
        validate_current_edition=validate_current_edition,
        progress=progress,
        cancellation=cancellation,
    )
    update = compute_yearly_update(
        filed_plan,
        current_plan,
        year,
        cancellation=cancellation,
        progress=lambda share, layer: progress(_READING_SHARE + (1 - _READING_SHARE) * share, layer),
    )
    # New numbers are above those of every layer of both databases, also of layers that are not maintained.
    update.highest_running_number = max(
        find_highest_running_number(read_source_keys(source, cancellation), current_plan.area_code)
        for source in (filed, current)
    )
    return update


def read_editions(
    filed: str | Path,
    current: str | Path,
    roles: Collection[str],
    norm: Norm,
    problem_key: str,
    *,
    validate_current_edition: Callable[[Plan], None] = lambda current: None,
    progress: Callable[[float, str], None] = lambda share, layer: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> tuple[Plan, Plan]:
    """Read the layers of some roles, counties and townships of two editions; return both plans in one plane.

    ``problem_key``: error of a source without any layer of the roles. Further parameters and errors are those of
    `compute_update_from_files`.
    """
    from ...plan.loading.assembly import assemble_plan
    from ...plan.loading.recognition import find_role
    from ...plan.loading.unread_files import find_unread_files, report_unread_layers

    divisions = {role for concept in ("county", "townships") for role in norm.standard.concepts.get(concept, ())}

    def is_wanted(layer: SourceLayer) -> bool:
        """Return True for the layers that are read: those of the roles, counties and townships."""
        return find_role(layer, norm)[0] in {*roles, *divisions}

    plans: list[Plan] = []
    for source in (current, filed):
        all_layers = read_source(source, select_layer=is_wanted, cancellation=cancellation)
        layers = [one for one in all_layers if is_wanted(one)]
        damaged_layers = [one for one in all_layers if one.problem is not None and not is_wanted(one)]
        if not any(find_role(one, norm)[0] in roles for one in layers):
            raise InputError(problem_key, source=Path(source).name, known="、".join(sorted(roles)))
        plans.append(
            assemble_plan(
                layers,
                norm,
                scope="three_lines",
                source=mask_source(source),
                reference_plan=plans[0] if plans else None,
                cancellation=cancellation,
            )
        )
        plans[-1].unread_data += [
            *report_unread_layers(damaged_layers, plans[-1], project=False),
            *find_unread_files(source, cancellation),
        ]
        if len(plans) == 1:
            validate_current_edition(plans[0])
        progress(_READING_SHARE * len(plans) / 2, "")
    return plans[1], plans[0]


def read_source_keys(source: str | Path, cancellation: Cancellation = NEVER_CANCELLED) -> Iterator[str]:
    """Yield the key (BSM) of each row in the layers and tables of a source.

    Rows without a key are skipped.

    Raises
    ------
    InputError
        If a layer cannot be read.
    """
    with provide_unpacked(source, cancellation) as readable:
        if is_connection(readable.path):
            yield from _read_database_keys(str(source), cancellation)
        else:
            for path in list_source_datasets(Path(os.path.abspath(readable.path))):
                if path.suffix.lower() in PARQUET_SUFFIXES:
                    yield from _read_database_keys(str(path), cancellation)
                    continue
                # Keys are digits, so the encoding of other texts does not matter.
                name, encoding = path.stem, BYTES_CODEC if path.suffix.lower() == ".shp" else None
                try:
                    with provide_safe_path(path) as safe_path, warnings.catch_warnings():
                        # The same warnings are reported when the layers are read for the comparison.
                        warnings.simplefilter("ignore")
                        for name in pyogrio.list_layers(safe_path)[:, 0]:
                            cancellation.raise_if_cancelled()
                            names = pyogrio.read_info(safe_path, layer=name, encoding=encoding)["fields"]
                            fields = [one for one in names if str(one).upper() == KEY_FIELD]
                            if fields:
                                rows = pyogrio.read_dataframe(
                                    safe_path, layer=name, columns=fields, read_geometry=False, encoding=encoding
                                )
                                yield from filter(None, rows[fields[0]].dropna().astype(str).str.strip())
                except (*DRIVER_ERRORS, ValueError, UnicodeDecodeError) as error:
                    raise InputError("layer_unreadable", source=str(path), layer=name, detail="damaged") from error


def _read_database_keys(source: str, cancellation: Cancellation) -> Iterator[str]:
    """Yield the key of each row in the layers of a database of a server, and of a file that no driver reads."""
    for layer in read_source(source, select_layer=lambda _: frozenset({KEY_FIELD}), cancellation=cancellation):
        layer.require_usable()
        for column in layer.frame.columns:
            if str(column).upper() == KEY_FIELD:
                yield from (key for key in layer.frame[column].dropna().astype(str) if key)


def compute_and_write_update(
    filed: str | Path,
    current: str | Path,
    year: int,
    folder: str | Path,
    options: RunOptions,
    *,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> tuple[YearlyUpdate, WrittenUpdate]:
    """Compare two editions of a database and write the geodatabase of the changes.

    The target is validated before the comparison and again before writing.

    Parameters
    ----------
    filed, current
        Sources of the earlier (filed) and of the later edition.
    folder
        Folder for the geodatabase and its balance.
    progress
        Called with a share 0…1 and a sentence; each sentence is passed once.

    Raises
    ------
    InputError, OutputError, Cancelled
        As `compute_update_from_files`, `validate_target` and `write_update` raise.
    """
    texts = Texts(options.lang)
    shown_texts: set[str] = set()

    def report_progress(share: float, text: str) -> None:
        """Pass on a share, and each sentence once."""
        progress(share, "" if text in shown_texts else text)
        shown_texts.add(text)

    def report_comparison(share: float, layer: str) -> None:
        """Report the progress of the comparison (0…1), which is the first part of the whole run."""
        report_progress(
            _COMPARING_SHARE * share,
            texts.get("yearly", "comparing", layer=layer) if layer else texts.get("toolbox", "comparing"),
        )

    report_comparison(0.0, "")
    update = compute_update_from_files(
        filed,
        current,
        year,
        options.resolve_norm(),
        validate_current_edition=lambda plan: validate_target(plan, year, folder),
        progress=report_comparison,
        cancellation=cancellation,
    )
    writing = texts.get("yearly", "writing")
    written_update = write_update(
        update,
        folder,
        lang=options.lang,
        progress=lambda share: report_progress(_COMPARING_SHARE + (1 - _COMPARING_SHARE) * share, writing),
        cancellation=cancellation,
    )
    progress(1.0, "")
    return update, written_update
