# SPDX-License-Identifier: GPL-2.0-or-later
"""Propose the source field of each field of a template.

Fields are matched by name, truncated name, alias, meaning and content.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..engine.context import trim_padding
from ..files.cells import cell_text
from ..plan.layer import SourceLayer
from ..standard import Standard
from ..standard.template import CodeList, Field, Template
from .model import Mapping, Proposal, Translation, template_field

#: Length in bytes to which a shapefile truncates the name of a field.
CUT = 10
#: Share of a column's distinct values that must be in a code list for a match by content.
_CONTENT = 0.9
#: Number of distinct values examined by content.
_SAMPLE = 2000


def propose_mapping(layer: SourceLayer, template: Template, standard: Standard) -> list[Proposal]:
    """Return one proposal for each field of the template; a source field is proposed once."""
    known = _known_fields(standard)
    found = _match(layer, template, standard, known)
    proposals = []
    for target in template.fields:
        source, how = found.get(target.name, ("", ""))
        proposal = Proposal(target.name, source, how)
        if source and target.codes:
            proposal = _with_translation(proposal, target, known.get(source.upper(), ()), layer, standard)
        proposals.append(proposal)
    # Names of translated codes come from the target's list; those of the source name other codes.
    translated = {template_field(template, p.target).code_name for p in proposals if p.translation}
    return [Proposal(p.target) if p.target in translated else p for p in proposals]


def _match(layer: SourceLayer, template: Template, standard: Standard, known: Any) -> dict[str, tuple[str, str]]:
    """Return the source of each field of the template, and the sign by which both were matched."""
    columns = {f.name: f for f in layer.fields}
    free = dict.fromkeys(columns)
    found: dict[str, tuple[str, str]] = {}

    def take(how: str, matches: Any) -> None:
        """Match pairs in which neither side has another partner by the same criterion."""
        pairs = [(t, s) for t in template.fields if t.name not in found for s in free if matches(t, s)]
        for target, source in pairs:
            if sum(t is target for t, _ in pairs) == 1 and sum(s == source for _, s in pairs) == 1:
                found[target.name] = (source, how)
        for source, _ in found.values():
            free.pop(source, None)

    take("name", lambda t, s: t.name == s)
    take("name", lambda t, s: t.name.upper() == s.strip().upper())
    take("alias", lambda t, s: bool(t.alias) and t.alias == s.strip())
    take("cut", lambda t, s: _same(s) in _cuts(t))
    take("meaning", lambda t, s: bool(t.meaning) and t.meaning in {f.meaning for f in known.get(s.upper(), ())})
    values = {s: _values(layer, s) for s in free if columns[s].type != "real"}
    take("content", lambda t, s: bool(t.codes) and _fits(values.get(s, set()), t, standard))
    return found


def mapping_from_proposals(role: str, proposals: Iterable[Proposal]) -> Mapping:
    """Return the mapping of the proposals that have a source."""
    chosen = [p for p in proposals if p.source]
    return Mapping(
        role,
        fields={p.target: p.source for p in chosen},
        codes={p.target: p.translation for p in chosen if p.translation},
    )


def translation_column(source: CodeList, target: CodeList) -> str:
    """Return the column (``code_…``) of a list with codes of the other list, or empty."""
    for name in dict.fromkeys(k for c in source.codes.values() for k in c.extra if k.startswith("code_")):
        parts = {p for c in source.codes.values() for p in c.extra.get(name, "").split("|") if p}
        if parts and parts <= set(target.codes):
            return name
    return ""


def _known_fields(standard: Standard) -> dict[str, list[Field]]:
    """Return every field of the standard's templates by its name, with its meanings."""
    found: dict[str, list[Field]] = {}
    for template in standard.templates.values():
        for known in template.fields:
            found.setdefault(known.name.upper(), []).append(known)
    return found


def _same(name: str) -> str:
    """Return a name without the broken character that truncation leaves at its end."""
    return re.sub(r"\ufffd+$", "", name.strip()).upper()


def _cuts(target: Field) -> set[str]:
    """Return the names into which a shapefile may truncate a field's name or alias."""
    found = {target.short.upper()} - {""}
    for name in (target.name, target.alias):
        for codec in ("utf-8", "gbk"):
            raw = name.encode(codec, errors="ignore")
            if len(raw) > CUT:
                found.add(raw[:CUT].decode(codec, errors="ignore").upper())
    return found


def _values(layer: SourceLayer, name: str) -> set[str]:
    """Return the distinct values of a column, up to the sample size."""
    found: set[str] = set()
    for value in layer.frame[name].tolist():
        text = cell_text(value)
        if text:
            found.add(text)
        if len(found) >= _SAMPLE:
            break
    return found


def _share(values: set[str], codes: CodeList, pad: int) -> float:
    return sum(trim_padding(v, pad) in codes.codes for v in values) / len(values) if values else 0.0


def _fits(values: set[str], target: Field, standard: Standard) -> bool:
    """Return True if these are codes of the target's list, or of a list that translates to it."""
    # A single value, or values of one or two digits, are ambiguous.
    if sum(len(v) > 2 for v in values) < 2:
        return False
    ways = [standard.code_lists[target.codes], *(standard.code_lists[name] for name in _ways(target, standard))]
    return any(_share(values, codes, target.code_pad) >= _CONTENT for codes in ways)


def _ways(target: Field, standard: Standard) -> dict[str, str]:
    """Return lists that translate to the target's list, with the column of each."""
    own = standard.code_lists[target.codes]
    found = {n: translation_column(codes, own) for n, codes in standard.code_lists.items() if n != target.codes}
    return {name: column for name, column in found.items() if column}


def _with_translation(
    proposal: Proposal, target: Field, known: Iterable[Field], layer: SourceLayer, standard: Standard
) -> Proposal:
    """Add a translation where the source's codes belong to another list than the target's.

    A list known for the field's name decides; otherwise the content does. Where the content fits both lists, the
    proposal has a doubt.
    """
    lists = standard.code_lists
    own = lists[target.codes]
    ways = _ways(target, standard)
    named = {f.codes for f in known if f.codes}
    if target.codes in named or not ways:
        return proposal
    for name in sorted(named & set(ways)):
        return replace(proposal, translation=Translation(name, ways[name]))
    values = _values(layer, proposal.source)
    here = _share(values, own, target.code_pad)
    for name, column in ways.items():
        there = _share(values, lists[name], target.code_pad)
        if there > here:
            return replace(proposal, translation=Translation(name, column))
        if there == here and there > 0:
            return replace(proposal, doubt="list_unsure")
    return proposal
