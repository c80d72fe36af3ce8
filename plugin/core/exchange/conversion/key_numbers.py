# SPDX-License-Identifier: GPL-2.0-or-later
"""Assign new keys (标识码, BSM) to all rows of layers, and find the numbers that no row has."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ...base.errors import InputError
from ...standard.numbering import (
    find_highest_running_number,
    has_county_code_format,
    make_bsm,
    split_bsm,
)


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
        keyless_count = sum(not key for key in old_keys)
        return NewKeys(role, tuple(keys), new_key_by_old, keyless_count, repeated_count)

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
            all_numbers = sorted_by_county[county]
            between = all_numbers[bisect_left(all_numbers, min(numbers)) : bisect_right(all_numbers, max(numbers))]
            gaps += [
                KeyGap(role, make_bsm(county, before + 1), make_bsm(county, after - 1))
                for before, after in pairwise(between)
                if after - before > 1
            ]
    return gaps
