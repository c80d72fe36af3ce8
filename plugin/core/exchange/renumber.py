# SPDX-License-Identifier: GPL-2.0-or-later
"""Number the rows of layers again in a copy of the data, and list old and new keys (新旧标识码对照表)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..base.errors import NEVER_CANCELLED, Cancellation, InputError, OutputError, ProgressCallback, require_value
from ..base.files import make_path_next_to_data
from ..base.files.writing import is_same_file
from ..plan.layer import Layer
from ..plan.loading.key_table import KEY_TABLE_SUFFIX, read_renumbered_keys
from ..plan.loading.reading import read_plan
from ..plan.plan import Plan
from ..standard.messages.texts import Texts, format_number
from ..standard.numbering import BSM_LENGTH, find_highest_running_number, has_county_code_format, make_bsm, split_bsm
from ..standard.options import RunOptions
from ..standard.profile import Norm
from ..standard.profile.norm import is_sealed_or_supplied
from .edited_copy import (
    UNCHANGED,
    LayerChanges,
    check_copy_is_writable,
    check_tables_are_writable,
    write_copy,
    write_table,
)

#: Headings by language; `read_renumbered_keys` reads both.
_KEY_HEADINGS = {"zh": ("图层", "旧标识码", "新标识码"), "en": ("layer", "old", "new")}
_GAP_HEADINGS = {"zh": ("图层", "起始标识码", "终止标识码", "空号数"), "en": ("layer", "first", "last", "count")}
#: Share of the progress at the end of reading and of numbering.
_READ_SHARE, _NUMBERED_SHARE = 0.5, 0.6


@dataclass(frozen=True)
class NewKeys:
    """New keys of one layer.

    ``keys``: new key of each row. ``new_key_by_old``: the old keys that other records can refer to; of several rows
    with one key, the first is meant. ``keyless_count``: rows that had no key. ``repeated_count``: rows whose key an
    earlier row of the layer had.
    """

    role: str
    keys: tuple[str, ...]
    new_key_by_old: dict[str, str]
    keyless_count: int
    repeated_count: int


@dataclass(frozen=True)
class KeyGap:
    """Successive running numbers of a county that no row has, between the lowest and the highest number of a layer."""

    role: str
    first_key: str
    last_key: str

    @property
    def count(self) -> int:
        """Return how many numbers the gap has."""
        first, last = split_bsm(self.first_key), split_bsm(self.last_key)
        return last[1] - first[1] + 1 if first and last else 0


class KeyNumberer:
    """Numbers the rows of one layer after the other; no number is assigned twice.

    A number that was ever used is not assigned again (rule A1), so the first new number of a county is above all its
    former ones.
    """

    def __init__(self, county: str, used_keys: Iterable[object], first_number: int = 0):
        """Read the keys in use.

        Parameters
        ----------
        county
            Six digits, for rows whose old key begins with no county of this plan.
        used_keys
            All keys of the data, and former ones that are known.
        first_number
            The lowest running number to assign; 0 for the number above those in use.

        Raises
        ------
        InputError
            ``county`` is not a county code, or ``first_number`` is not above the numbers in use.
        """
        if not has_county_code_format(county):
            raise InputError("bsm_county", value=county)
        self._county = county
        self._used_keys = ["" if key is None else str(key).strip() for key in used_keys]
        self._first_number = first_number
        self._last_number_by_county: dict[str, int] = {}
        self._get_last_number(county)

    def number_layer(self, role: str, old_keys: Sequence[str], county_prefix: str) -> NewKeys:
        """Return new keys for the rows of a layer, in their order.

        ``old_keys``: without blanks around them, empty for a row without key. A row whose old key begins with
        ``county_prefix`` keeps its county. Raise InputError if the eight digits of the running number are exhausted.
        """
        keys: list[str] = []
        new_key_by_old: dict[str, str] = {}
        repeated_count = 0
        for old_key in old_keys:
            county = old_key[:6]
            if not (has_county_code_format(county) and county.startswith(county_prefix)):
                county = self._county
            number = self._get_last_number(county) + 1
            self._last_number_by_county[county] = number
            keys.append(make_bsm(county, number))
            if old_key:
                repeated_count += old_key in new_key_by_old
                new_key_by_old.setdefault(old_key, keys[-1])
        return NewKeys(role, tuple(keys), new_key_by_old, old_keys.count(""), repeated_count)

    def _get_last_number(self, county: str) -> int:
        """Return the highest running number that is used or assigned in a county."""
        if county not in self._last_number_by_county:
            highest = find_highest_running_number(self._used_keys, county)
            if self._first_number and self._first_number <= highest:
                raise InputError("renumber_start", county=county, value=self._first_number, highest=highest)
            self._last_number_by_county[county] = max(highest, self._first_number - 1)
        return self._last_number_by_county[county]


def find_key_gaps(keys_by_role: Mapping[str, Iterable[object]]) -> list[KeyGap]:
    """Return the gaps in the running numbers of each layer, by layer, county and number.

    A number that another layer has is not a gap, since numbers are unique across layers. Keys of another scheme than
    county, 0000 and running number have no running number and are left out. ``keys_by_role``: layer code → keys.
    """
    numbers_by_role: dict[str, dict[str, set[int]]] = {}
    used_by_county: dict[str, set[int]] = {}
    for role, keys in keys_by_role.items():
        numbers_by_county = numbers_by_role.setdefault(role, {})
        for county, number in filter(None, map(split_bsm, keys)):
            numbers_by_county.setdefault(county, set()).add(number)
            used_by_county.setdefault(county, set()).add(number)
    sorted_by_county = {county: sorted(numbers) for county, numbers in used_by_county.items()}
    gaps: list[KeyGap] = []
    for role, numbers_by_county in numbers_by_role.items():
        for county, numbers in sorted(numbers_by_county.items()):
            low, high = min(numbers), max(numbers)
            between = [number for number in sorted_by_county[county] if low <= number <= high]
            gaps += [
                KeyGap(role, make_bsm(county, before + 1), make_bsm(county, after - 1))
                for before, after in pairwise(between)
                if after - before > 1
            ]
    return gaps


@dataclass(frozen=True)
class RenumberOptions:
    """What a run does.

    ``roles``: codes of the layers to number; empty for all that are neither sealed nor supplied. ``output``: path of
    the copy. ``table``: path of the table of old and new keys; if it is empty, the table is written next to the copy
    (`KEY_TABLE_SUFFIX`). ``gaps``: path of the list of gaps (CSV) of the data as they are. An empty path
    means none. ``first_number``: the lowest running number; 0 for that above all numbers in use.
    """

    roles: tuple[str, ...] = ()
    output: str = ""
    table: str = ""
    gaps: str = ""
    first_number: int = 0

    @property
    def table_path(self) -> str:
        """Return the path of the table of old and new keys; empty if none is written."""
        return self.table or (str(make_path_next_to_data(self.output, KEY_TABLE_SUFFIX)) if self.output else "")


@dataclass(frozen=True)
class RenumberRun:
    """The result of a run.

    ``new_keys``: of each numbered layer; ``gaps``: of all layers, before the run; ``sealed_roles``: layers left out
    because they are sealed or supplied; ``written``: paths of the written files; ``has_gap_list``: gaps were searched.
    """

    new_keys: tuple[NewKeys, ...]
    gaps: tuple[KeyGap, ...]
    sealed_roles: tuple[str, ...]
    written: tuple[str, ...]
    has_gap_list: bool
    #: The table of keys is where it is used automatically.
    has_default_table: bool = False


def check_renumber_options(source: str, renumber_options: RenumberOptions) -> None:
    """Raise InputError or OutputError if a run cannot write its files; called before a long run."""
    paths = [renumber_options.output, renumber_options.table_path, renumber_options.gaps]
    outputs = [path for path in paths if path]
    if not outputs:
        raise InputError("renumber_no_output")
    if renumber_options.output:
        check_copy_is_writable(source, renumber_options.output)
    check_tables_are_writable(paths[1:], source, renumber_options.output)
    former_table = make_path_next_to_data(source, KEY_TABLE_SUFFIX)
    if former_table.is_file() and any(is_same_file(path, former_table) for path in outputs):
        # It has the numbers of earlier runs, which are never assigned again.
        raise OutputError("output_is_input", target=str(former_table))


def renumber_keys(
    source: str,
    options: RunOptions,
    renumber_options: RenumberOptions,
    *,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> RenumberRun:
    """Write a copy of a source with new keys, and the table of old and new keys; the source is never changed.

    The rows of a layer are numbered in the order of the file, the layers in the order of the standard. New numbers are
    above all numbers in use in the recognised plan layers, and above those in the table of an earlier run next to the
    source, since a number is never assigned twice (rule A1).

    Raises
    ------
    InputError, DataError, OutputError
        The run cannot be carried out, or a file cannot be written; an existing file stays.
    Cancelled
        The user cancelled; nothing is written.
    """
    check_renumber_options(source, renumber_options)
    norm = options.resolve_norm()
    plan = read_plan(source, norm, options, cancellation=cancellation)
    progress(_READ_SHARE, "")
    keyed_layers = [layer for layer in plan.layers.values() if layer.has_field("key")]
    gaps = find_key_gaps({layer.role: layer.keys for layer in keyed_layers}) if renumber_options.gaps else []
    new_keys: list[NewKeys] = []
    sealed_roles: list[str] = []
    written: list[str] = []
    if renumber_options.table_path:
        layers, sealed_roles = choose_layers(plan, norm, renumber_options.roles)
        used_keys = [key for layer in keyed_layers for key in layer.keys]
        former_table = make_path_next_to_data(source, KEY_TABLE_SUFFIX)
        if former_table.is_file():
            # The old and new keys of an earlier run.
            for (_, old_key), new_key in read_renumbered_keys(former_table).items():
                used_keys += [old_key, new_key]
        numberer = KeyNumberer(plan.area_code, used_keys, renumber_options.first_number)
        county_prefix = plan.area_code[: int(norm.get("attributes.area_digits"))]
        for layer in cancellation.watch(layers):
            new_keys.append(numberer.number_layer(layer.role, layer.keys, county_prefix))
        progress(_NUMBERED_SHARE, "")
        if renumber_options.output:
            changes = []
            for layer, layer_keys in zip(layers, new_keys, strict=True):
                name = _get_key_field_name(layer)
                changed = {fid: (UNCHANGED, {name: key}) for fid, key in zip(layer.fids, layer_keys.keys, strict=True)}
                changes.append(LayerChanges(layer.role, layer.source, changed=changed))
            written.append(str(write_copy(changes, source, renumber_options.output, cancellation)))
        rows = [(keys.role, old, new) for keys in new_keys for old, new in keys.new_key_by_old.items()]
        written.append(write_table(renumber_options.table_path, _KEY_HEADINGS[options.lang], rows))
    if renumber_options.gaps:
        gap_rows = [(gap.role, gap.first_key, gap.last_key, str(gap.count)) for gap in gaps]
        written.append(write_table(renumber_options.gaps, _GAP_HEADINGS[options.lang], gap_rows))
    progress(1.0, "")
    return RenumberRun(
        tuple(new_keys),
        tuple(gaps),
        tuple(sealed_roles),
        tuple(written),
        has_gap_list=bool(renumber_options.gaps),
        has_default_table=not renumber_options.table,
    )


def choose_layers(plan: Plan, norm: Norm, roles: Iterable[str]) -> tuple[list[Layer], list[str]]:
    """Return the layers to number, and the codes of layers left out because they are sealed or supplied.

    ``roles``: chosen layer codes; empty for all layers with a key. Layers of yearly maintenance (动态维护) have the
    keys of another layer on purpose and are never numbered.

    Raises
    ------
    InputError
        A chosen layer is not in the data, has no key or may not change, no layer remains, or a key field cannot store
        18 digits.
    """
    layers: list[Layer] = []
    sealed_roles: list[str] = []
    chosen_roles = [role.strip().upper() for role in roles]
    for role in chosen_roles:
        if role not in plan.layers:
            raise InputError("renumber_no_layer", role=role, known=", ".join(plan.layers) or "-")
        if plan.layers[role].template.base or not plan.layers[role].has_field("key"):
            raise InputError("renumber_no_key", role=role)
        if is_sealed_or_supplied(role, norm):
            raise InputError("renumber_sealed", role=role)
    for role, layer in plan.layers.items():
        if layer.template.base or not layer.has_field("key") or (chosen_roles and role not in chosen_roles):
            continue
        if is_sealed_or_supplied(role, norm):
            sealed_roles.append(role)
            continue
        name = _get_key_field_name(layer)
        field = next(one for one in layer.source.fields if one.name == name)
        if field.type != "text" or (field.length and field.length < BSM_LENGTH):
            raise InputError(
                "renumber_field",
                layer=layer.source.name,
                field=name,
                type=field.type,
                length=field.length or "-",
                needed=BSM_LENGTH,
            )
        layers.append(layer)
    if not layers:
        raise InputError("renumber_nothing", sealed=", ".join(sealed_roles) or "-")
    return layers, sealed_roles


def _get_key_field_name(layer: Layer) -> str:
    """Return the name of the key field of a layer that has one, as in the data."""
    template_field = require_value(layer.template.find_field("key"), "the key field")
    return require_value(layer.find_column_name(template_field), "the key column")


def describe_renumbering(run: RenumberRun, lang: str) -> list[str]:
    """Return one sentence for each numbered layer, then those on rows, layers and gaps to know about."""
    texts = Texts(lang)
    lines = []
    for keys in run.new_keys:
        if not keys.keys:
            lines.append(texts.get("conversion", "renumbered_none", layer=keys.role))
            continue
        count = format_number(len(keys.keys), 0)
        lines.append(
            texts.get("conversion", "renumbered", layer=keys.role, count=count, first=keys.keys[0], last=keys.keys[-1])
        )
        if keys.keyless_count:
            lines.append(texts.get("conversion", "keyless", layer=keys.role, count=keys.keyless_count))
        if keys.repeated_count:
            lines.append(texts.get("conversion", "repeated", layer=keys.role, count=keys.repeated_count))
    if run.sealed_roles:
        lines.append(texts.get("conversion", "sealed", layers=", ".join(run.sealed_roles)))
    if run.has_gap_list:
        numbers = format_number(sum(gap.count for gap in run.gaps), 0)
        lines.append(texts.get("conversion", "gaps", count=len(run.gaps), numbers=numbers))
    if run.new_keys:
        lines.append(texts.get("conversion", "key_table_hint" if run.has_default_table else "key_table_elsewhere"))
    return lines
