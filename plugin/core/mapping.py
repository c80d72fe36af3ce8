# SPDX-License-Identifier: GPL-2.0-or-later
"""A layer of anybody's into a template: which field goes where (proposed, edited, saved, reused), codes translated from
one list to another, and a table of everything that could not be carried. Every row is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from .context import trim
from .data import check_keys, expect, read_toml
from .errors import DataError, InputError
from .plan import SourceLayer, as_text
from .standard import Standard
from .template import CodeList, Field, Template

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

#: Bytes that a shapefile leaves of a field's name.
CUT = 10
#: Share of a column's different values that must be in a code list for its content to speak.
_CONTENT = 0.9
#: Different values looked at by content.
_SAMPLE = 2000
_DATES = re.compile(r"^(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?$")
_KINDS = {"polygon": (3, 6), "line": (1, 2, 5), "point": (0, 4)}
_KIND_NAMES = {number: kind for kind, numbers in _KINDS.items() for number in numbers} | {7: "collection"}


@dataclass(frozen=True)
class Translation:
    """Codes of one list into those of the target field: ``column`` of list ``list`` holds them, several parted by ``|``.

    ``choices``: what a person decided for codes that may become several, or that the list does not know.
    """

    list: str = ""
    column: str = ""
    choices: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mapping:
    """What goes where: ``fields`` target → source, ``constants`` target → value, ``codes`` target → translation."""

    role: str
    fields: dict[str, str] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, Translation] = field(default_factory=dict)
    path: Path | None = None


@dataclass(frozen=True)
class Proposal:
    """Where a target field's values may come from. ``how``: ``name``, ``cut`` (to 10 bytes), ``alias``, ``meaning``
    (the name of that meaning in another layer), ``content``, or empty when nothing fits. ``doubt``: a text key."""

    target: str
    source: str = ""
    how: str = ""
    translation: Translation | None = None
    doubt: str = ""


@dataclass(frozen=True)
class Loss:
    """One value that did not arrive as it was. ``fid`` None: it is about the whole field. ``carried``: it stands in the
    result all the same. ``params`` fill the text ``mapping.<reason>``."""

    fid: int | None
    key: str
    target: str
    source: str
    value: str
    reason: str
    carried: bool = False
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Mapped:
    """The rows in the template's fields, what was lost on the way, and fields on either side that found no partner."""

    frame: gpd.GeoDataFrame
    losses: list[Loss]
    unmapped: list[str]
    unfilled: list[str]


def propose(layer: SourceLayer, template: Template, standard: Standard) -> list[Proposal]:
    """One proposal for each field of the template, in its order. A source field is proposed once."""
    known = _known_fields(standard)
    columns = {f.name: f for f in layer.fields}
    free = dict.fromkeys(columns)
    found: dict[str, tuple[str, str]] = {}

    def take(how: str, matches: Any) -> None:
        """Pairs of which neither side has another partner by the same sign."""
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
    proposals = []
    for target in template.fields:
        source, how = found.get(target.name, ("", ""))
        proposal = Proposal(target.name, source, how)
        if source and target.codes:
            proposal = _with_translation(proposal, target, known.get(source.upper(), ()), layer, standard)
        proposals.append(proposal)
    # Names of translated codes come from the target's list: those of the source are names of other codes.
    translated = {template_field(template, p.target).code_name for p in proposals if p.translation}
    return [Proposal(p.target) if p.target in translated else p for p in proposals]


def from_proposals(role: str, proposals: Iterable[Proposal]) -> Mapping:
    chosen = [p for p in proposals if p.source]
    return Mapping(
        role,
        fields={p.target: p.source for p in chosen},
        codes={p.target: p.translation for p in chosen if p.translation},
    )


def template_field(template: Template, name: str) -> Field:
    found = template.field_named(name)
    assert found is not None  # checked when the mapping was loaded, or proposed from the template itself
    return found


def translation_column(source: CodeList, target: CodeList) -> str:
    """The column (``code_…``) of a list that holds codes of the other; empty when there is none."""
    for name in dict.fromkeys(k for c in source.codes.values() for k in c.extra if k.startswith("code_")):
        parts = {p for c in source.codes.values() for p in c.extra.get(name, "").split("|") if p}
        if parts and parts <= set(target.codes):
            return name
    return ""


def load_mapping(path: str | Path, template: Template, standard: Standard) -> Mapping:
    """A saved mapping for this template. DataError names file and key: not TOML, a key nobody reads, a field that the
    template does not have, one filled twice, a code list or a code that is not there."""
    path = Path(path)
    try:
        table = read_toml(path)
    except OSError as error:
        raise DataError("data_file_missing", file=str(path)) from error
    check_keys(table, required=("role", "fields"), allowed=("constants", "codes"), file=path)
    if table["role"] != template.role:
        raise DataError("data_value_unknown", file=str(path), key="role", value=table["role"], known=template.role)
    fields = expect(table["fields"], dict, file=path, key="fields")
    constants = expect(table.get("constants", {}), dict, file=path, key="constants")
    codes = expect(table.get("codes", {}), dict, file=path, key="codes")
    for where, part in (("fields", fields), ("constants", constants), ("codes", codes)):
        check_keys(part, required=(), allowed=[f.name for f in template.fields], file=path, where=where)
    for target, source in fields.items():
        expect(source, str, file=path, key=f"fields.{target}")
        if target in constants:
            raise DataError("data_duplicate", file=str(path), key=f"constants.{target}", value=target)
    mapping = Mapping(template.role, dict(fields), dict(constants), {}, path)
    for target, value in constants.items():
        _, reason, params = Carrier(template_field(template, target), standard, None)(value)
        if reason:
            raise DataError("mapping_constant", file=str(path), key=f"constants.{target}", value=str(value), **params)
    for target, row in codes.items():
        mapping.codes[target] = _load_translation(row, target, mapping, template, standard)
    return mapping


def _load_translation(row: Any, target: str, mapping: Mapping, template: Template, standard: Standard) -> Translation:
    path, where = mapping.path or Path(), f"codes.{target}"
    expect(row, dict, file=path, key=where)
    check_keys(row, required=(), allowed=("list", "column", "choices"), file=path, where=where)
    own = template_field(template, target)
    if target not in mapping.fields or not own.codes:
        known = ", ".join(f.name for f in template.fields if f.codes and f.name in mapping.fields)
        raise DataError("data_value_unknown", file=str(path), key="codes", value=target, known=known)
    name, column = row.get("list", ""), row.get("column", "")
    lists = standard.code_lists
    if bool(name) != bool(column):
        raise DataError("data_key_missing", file=str(path), key=f"{where}.{'column' if name else 'list'}")
    if name and name not in lists:
        known = ", ".join(sorted(lists))
        raise DataError("data_value_unknown", file=str(path), key=f"{where}.list", value=str(name), known=known)
    if name:
        columns = {k for c in lists[name].codes.values() for k in c.extra}
        if column not in columns:
            raise DataError(
                "data_value_unknown",
                file=str(path),
                key=f"{where}.column",
                value=str(column),
                known=", ".join(sorted(columns)),
            )
    choices = expect(row.get("choices", {}), dict, file=path, key=f"{where}.choices")
    for code, chosen in choices.items():
        key = f"{where}.choices.{code}"
        expect(chosen, str, file=path, key=key)
        if trim(chosen, own.code_pad) not in lists[own.codes].codes:
            raise DataError("mapping_choice", file=str(path), key=key, value=chosen, list=own.codes)
    return Translation(name, column, {k: trim(v, own.code_pad) for k, v in choices.items()})


def to_toml(mapping: Mapping, template: Template) -> str:
    """The mapping as a file that a person can read and edit; `load_mapping` reads it back."""
    lines = [
        "# 字段对应 · field mapping: 目标字段 target = 源字段 source",
        f"role = {_quoted(mapping.role)}",
        "",
        "[fields]",
    ]
    for target in template.fields:
        if target.name in mapping.fields:
            lines.append(f"{target.name} = {_quoted(mapping.fields[target.name])}  # {target.alias}")
        elif target.name not in mapping.constants:
            lines.append(f'# {target.name} = ""  # {target.alias}')
    lines += ["", "# 固定值 · the same value for every row", "[constants]"]
    for name, value in mapping.constants.items():
        lines.append(f"{name} = {value if isinstance(value, int | float) else _quoted(str(value))}")
    for name, translation in mapping.codes.items():
        lines += ["", f"[codes.{name}]"]
        if translation.list:
            lines += [f"list = {_quoted(translation.list)}", f"column = {_quoted(translation.column)}"]
        lines += ["", "# 一对多的代码由人决定 · for codes that may become several: 源代码 source = 目标代码 target"]
        lines.append(f"[codes.{name}.choices]")
        lines += [f"{_quoted(code)} = {_quoted(chosen)}" for code, chosen in translation.choices.items()]
    return "\n".join(lines) + "\n"


def apply(layer: SourceLayer, mapping: Mapping, template: Template, standard: Standard) -> Mapped:
    """The layer's rows in the template's fields, shapes untouched.

    InputError when a source field is not in the layer, or its shapes are of another kind than the template's; nothing
    else stops: a value that does not fit leaves its cell empty and becomes a `Loss`.
    """
    import geopandas as gpd
    import pandas as pd

    _check_shapes(layer, template)
    names = source_names(layer, mapping)
    frame = layer.frame
    fids = [int(v) for v in frame.index]
    keys = _keys(layer, names, template)
    columns: dict[str, pd.Series] = {}
    losses: list[Loss] = []
    for target in template.fields:
        if target.name in names:
            source = names[target.name]
            carrier = Carrier(target, standard, mapping.codes.get(target.name))
            carried = []
            for fid, key, value in zip(fids, keys, frame[source].tolist(), strict=True):
                arrived, reason, params = carrier(value)
                carried.append(arrived)
                if reason:
                    there = arrived is not None
                    losses.append(Loss(fid, key, target.name, source, as_text(value), reason, there, params))
        elif target.name in mapping.constants:
            value, _, _ = Carrier(target, standard, None)(mapping.constants[target.name])
            carried = [value] * len(frame)
        else:
            carried = [None] * len(frame)
        columns[target.name] = _series(carried, target, frame.index)
    filled = set(names) | set(mapping.constants)
    filled |= _names_of_codes(columns, filled, mapping, template, standard)
    losses += [Loss(fid, "", "", "", "", "shape_broken") for fid in layer.broken]
    used = set(names.values())
    unmapped = [f.name for f in layer.fields if f.name not in used]
    for name in unmapped:
        count = sum(as_text(v) != "" for v in frame[name].tolist())
        losses.append(Loss(None, "", "", name, "", "field_unmapped", params={"count": count, "rows": len(frame)}))
    shape_column = "geometry"
    while shape_column in columns:
        shape_column = f"_{shape_column}"
    shapes = gpd.GeoSeries(frame.geometry.to_numpy(), index=frame.index, crs=layer.crs)
    made = gpd.GeoDataFrame(pd.DataFrame({**columns, shape_column: shapes}, index=frame.index), geometry=shape_column)
    return Mapped(made, losses, unmapped, [f.name for f in template.fields if f.name not in filled])


class Carrier:
    """Brings values into one target field: (value, reason, parameters); the reason is empty when all went well."""

    def __init__(self, target: Field, standard: Standard, translation: Translation | None):
        self.target = target
        self.codes = standard.code_lists.get(target.codes) if target.codes else None
        self.translation = translation
        self.source = standard.code_lists.get(translation.list) if translation else None
        self.done: dict[str, tuple[Any, str, dict[str, Any]]] = {}

    def __call__(self, value: Any) -> tuple[Any, str, dict[str, Any]]:
        if self.target.type == "date" and isinstance(value, datetime):
            # A missing moment is a datetime, too.
            return (value, "", {}) if as_text(value) else (None, "", {})
        text = as_text(value)
        if not text:
            return None, "", {}
        if text not in self.done:
            self.done[text] = self._carry(text)
        return self.done[text]

    def _carry(self, text: str) -> tuple[Any, str, dict[str, Any]]:
        target = self.target
        if self.codes is not None:
            return self._code(text, self.codes)
        if target.type == "date":
            found = _date(text)
            return (found, "", {}) if found else (None, "date_unreadable", {})
        if target.type in ("integer", "real"):
            return self._number(text)
        return self._fitting(text, "", {})

    def _code(self, text: str, codes: CodeList) -> tuple[Any, str, dict[str, Any]]:
        """A code that is not in an unchanged list goes on as it is (many lists are not verified); a translated one that
        has no single answer does not."""
        pad = self.target.code_pad
        if self.translation:
            bare = trim(text, pad or 6)
            chosen = self.translation.choices.get(text) or self.translation.choices.get(bare)
            if chosen:
                return self._fitting(_pad(chosen, pad), "", {})
            if self.source is not None:
                row = self.source.codes.get(text) or self.source.codes.get(bare)
                if row is None:
                    return None, "code_unknown", {"list": self.source.id}
                answers = [c for c in row.extra.get(self.translation.column, "").split("|") if c]
                if len(answers) == 1:
                    return self._fitting(_pad(answers[0], pad), "", {})
                return None, "code_many" if answers else "code_none", {"codes": " ".join(answers), "name": row.name}
        bare = trim(text, pad)
        if bare in codes.codes:
            return self._fitting(_pad(bare, pad), "", {})
        return self._fitting(text, "code_unknown", {"list": codes.id})

    def _number(self, text: str) -> tuple[Any, str, dict[str, Any]]:
        target = self.target
        try:
            # Whole numbers by themselves: a double has no room for 18 digits.
            number: Any = int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
        except ValueError:
            return None, "number_unreadable", {}
        if not np.isfinite(float(number)):
            return None, "number_unreadable", {}
        if target.type == "integer" and not float(number).is_integer():
            return None, "not_whole", {}
        number = int(number) if target.type == "integer" else float(number)
        if target.length:
            room = target.length - (target.decimals + 1 if target.decimals else 0)
            if len(str(abs(int(number)))) > room:
                return None, "too_long", {"length": target.length, "count": len(text)}
        return number, "", {}

    def _fitting(self, text: str, reason: str, params: dict[str, Any]) -> tuple[Any, str, dict[str, Any]]:
        target = self.target
        if target.type != "text":
            return self._number(text) if not reason else (None, reason, params)
        if target.length and len(text) > target.length:
            return None, "too_long", {"length": target.length, "count": len(text)}
        return text, reason, params


def _pad(code: str, pad: int) -> str:
    return code.ljust(pad, "0") if pad and code.isdigit() else code


def _date(text: str) -> datetime | None:
    found = _DATES.match(text.split(" ")[0].split("T")[0])
    if not found:
        return None
    try:
        return datetime(*map(int, found.groups()))  # type: ignore[arg-type]
    except ValueError:
        return None


def _series(values: list[Any], target: Field, index: Any) -> pd.Series:
    import pandas as pd

    if target.type == "real":
        return pd.Series(values, index=index, dtype="float64")
    if target.type == "date":
        plain = [datetime(v.year, v.month, v.day) if type(v) is date else v for v in values]
        return pd.Series(plain, index=index, dtype="datetime64[ms]")
    return pd.Series(values, index=index, dtype=object)


def _names_of_codes(
    columns: dict[str, pd.Series], filled: set[str], mapping: Mapping, template: Template, standard: Standard
) -> set[str]:
    """Fill the name beside a code from the list, where nothing else fills it. Returns the fields that were filled."""
    made = set()
    for target in template.fields:
        name = target.code_name
        if not target.codes or target.name not in filled or not name or name in filled or name not in columns:
            continue
        codes = standard.code_lists[target.codes].codes
        said = [codes.get(trim(as_text(v), target.code_pad)) for v in columns[target.name]]
        columns[name] = _series(
            [c.name if c else None for c in said], template_field(template, name), columns[name].index
        )
        made.add(name)
    return made


def source_names(layer: SourceLayer, mapping: Mapping) -> dict[str, str]:
    """Target → the layer's own spelling of its source field. InputError for one that is not in the layer."""
    columns = {f.name.upper(): f.name for f in reversed(layer.fields)}
    exact = {f.name for f in layer.fields}
    found = {}
    for target, source in mapping.fields.items():
        name = source if source in exact else columns.get(source.strip().upper())
        if name is None:
            where = str(mapping.path.name) if mapping.path else ""
            known = ", ".join(f.name for f in layer.fields)
            raise InputError(
                "mapping_field_missing", file=where, key=f"fields.{target}", field=source, layer=layer.name, known=known
            )
        found[target] = name
    return found


def _keys(layer: SourceLayer, names: dict[str, str], template: Template) -> list[str]:
    own = template.field("key")
    source = names.get(own.name) if own else None
    source = source or next((f.name for f in layer.fields if f.name.upper() == "BSM"), None)
    return [as_text(v) for v in layer.frame[source].tolist()] if source else [""] * len(layer.frame)


def _check_shapes(layer: SourceLayer, template: Template) -> None:
    kinds = shapely.get_type_id(layer.frame.geometry.to_numpy())
    wrong = [int(k) for k in kinds if k >= 0 and int(k) not in _KINDS[template.geometry]]
    if wrong:
        raise InputError(
            "mapping_geometry",
            layer=layer.name,
            count=len(wrong),
            kind=_KIND_NAMES.get(wrong[0], "collection"),
            role=template.role,
            wanted=template.geometry,
        )


def _known_fields(standard: Standard) -> dict[str, list[Field]]:
    """Every field of the standard's templates by its name: what a layer of another edition means by it."""
    found: dict[str, list[Field]] = {}
    for template in standard.templates.values():
        for known in template.fields:
            found.setdefault(known.name.upper(), []).append(known)
    return found


def _same(name: str) -> str:
    """A name without what a cut in the middle of a character leaves, or a number that told two cut names apart."""
    return re.sub(r"\ufffd+$", "", name.strip()).upper()


def _cuts(target: Field) -> set[str]:
    """What a shapefile may have made of a field's name or alias."""
    found = {target.short.upper()} - {""}
    for name in (target.name, target.alias):
        for codec in ("utf-8", "gbk"):
            raw = name.encode(codec, errors="ignore")
            if len(raw) > CUT:
                found.add(raw[:CUT].decode(codec, errors="ignore").upper())
    return found


def _values(layer: SourceLayer, name: str) -> set[str]:
    """Different values of a column, up to a number that is enough to tell."""
    found: set[str] = set()
    for value in layer.frame[name].tolist():
        text = as_text(value)
        if text:
            found.add(text)
        if len(found) >= _SAMPLE:
            break
    return found


def _share(values: set[str], codes: CodeList, pad: int) -> float:
    return sum(trim(v, pad) in codes.codes for v in values) / len(values) if values else 0.0


def _fits(values: set[str], target: Field, standard: Standard) -> bool:
    """Are these codes of the target's list, or of one that translates into it?"""
    # One value, or a digit or two, may be anything.
    if sum(len(v) > 2 for v in values) < 2:
        return False
    ways = [standard.code_lists[target.codes], *(standard.code_lists[name] for name in _ways(target, standard))]
    return any(_share(values, codes, target.code_pad) >= _CONTENT for codes in ways)


def _ways(target: Field, standard: Standard) -> dict[str, str]:
    """Lists that translate into the target's own, with the column that does it."""
    own = standard.code_lists[target.codes]
    found = {n: translation_column(codes, own) for n, codes in standard.code_lists.items() if n != target.codes}
    return {name: column for name, column in found.items() if column}


def _with_translation(
    proposal: Proposal, target: Field, known: Iterable[Field], layer: SourceLayer, standard: Standard
) -> Proposal:
    """A translation where the source's codes are of another list than the target's. A list that the field's name is
    known for decides; else the content does, and where it fits both, that is said."""
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


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
