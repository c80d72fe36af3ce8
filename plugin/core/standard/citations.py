# SPDX-License-Identifier: GPL-2.0-or-later
"""Citations that rules are based on, and their source documents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..base.files.data import check_keys, check_known, check_type, read_toml
from .template import SOURCE_MARKS

#: The files of a standard.
CITATIONS_FILE_NAME, SOURCES_FILE_NAME = "citations.toml", "sources.toml"


@dataclass(frozen=True)
class CitedDocument:
    """A document that citations refer to.

    ``best``: the best mark (A, B or C) that a statement read in it can have.
    """

    id: str
    best: str
    zh: str
    en: str


@dataclass(frozen=True)
class Citation:
    """A legal or technical basis of a rule.

    ``mark``: A (read in the text), B (quoted elsewhere), C (unverified). ``sources``: ids of the documents in which it
    was read. ``area``: code of the county whose plan it is; for other counties it is only an example.
    """

    key: str
    mark: str
    zh: str
    en: str
    sources: tuple[str, ...] = ()
    area: str = ""

    def applies_in_area(self, area_code: str) -> bool:
        """Return True if the citation applies in the area with this code; one without an area applies everywhere."""
        return self.area in ("", area_code)


def load_cited_documents(folder: Path) -> dict[str, CitedDocument]:
    """Return the documents of a standard by id; empty without such a file.

    Raise DataError for an invalid entry.
    """
    path = folder / SOURCES_FILE_NAME
    documents = {}
    for key, row in (read_toml(path) if path.exists() else {}).items():
        check_keys(row, required=("best", "zh", "en"), allowed=(), file=path, where=key)
        check_known(row["best"], SOURCE_MARKS, path, f"{key}.best")
        documents[key] = CitedDocument(key, **row)
    return documents


def load_citations(folder: Path, sources: Iterable[str]) -> dict[str, Citation]:
    """Return the citations of a standard by key.

    ``sources``: ids of the known documents. Raise DataError for an invalid entry and for an unknown document.
    """
    path = folder / CITATIONS_FILE_NAME
    known_sources = tuple(sources)
    citations = {}
    for key, row in (read_toml(path) if path.exists() else {}).items():
        check_keys(row, required=("mark", "zh", "en"), allowed=("sources", "area"), file=path, where=key)
        check_type(row.get("area", ""), str, file=path, key=f"{key}.area")
        check_known(row["mark"], SOURCE_MARKS, path, f"{key}.mark")
        read_in = tuple(check_type(row.pop("sources", []), list, file=path, key=f"{key}.sources"))
        for source in read_in:
            check_known(source, known_sources, path, f"{key}.sources")
        citations[key] = Citation(key, **row, sources=read_in)
    return citations
