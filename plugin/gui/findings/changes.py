# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings that go, come or have other figures: row by row, so that what is selected and open stays so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.PyQt.QtCore import QModelIndex

from .groups import STATE, Group, haystack, in_order, in_view_first, not_run, ranked, rule_of
from .rows import FindingsRows


class ChangingFindings(FindingsRows):
    """The tree of findings, kept up with edits and with what is accepted."""

    def change(self, change: Any, sees: Callable[[Group, Any], bool]) -> list[Group]:
        """Findings that go, come or have other figures (`core.live.session.Change`): what is selected and open stays so.

        ``sees``: is a finding in view? Gives back the rules that are listed for the first time.
        """
        self._changing = True
        try:
            return self._change(change, sees)
        finally:
            self._changing = False

    def _change(self, change: Any, sees: Callable[[Group, Any], bool]) -> list[Group]:
        gone, renewed = {id(f) for f in change.gone}, {id(old): new for old, new in change.renewed}
        touched = {rule_of(f) for f in [*change.gone, *(old for old, _ in change.renewed)]}
        for group in self.groups:
            if group.code in touched:
                self._renew(group, renewed, sees)
                self._drop(group, gone)
        found: dict[str, list[Any]] = {}
        for finding in change.found:
            found.setdefault(rule_of(finding), []).append(finding)
        for group in self.groups:
            if group.code in found:
                self._add(group, found.pop(group.code), sees)
        for group in self.groups:
            group.told_anew()
        number = max([0, *self._rows, *(group.number for group in self._silent.values())])
        strangers = {code: not_run(code, number + n) for n, code in enumerate(found, 1) if code not in self._silent}
        return [self._list((self._silent | strangers)[code], new, sees) for code, new in found.items()]

    def _renew(self, group: Group, renewed: dict[int, Any], sees: Callable[[Group, Any], bool]) -> None:
        if not any(id(f) in renewed for f in group.findings):
            return
        self._sorted = False
        for position, finding in enumerate(group.findings):
            if id(finding) in renewed:
                new = renewed[id(finding)]
                group.findings[position], group.seen[position] = new, sees(group, new)
                if group.texts:
                    group.texts[position] = haystack(group, new)
        if group.loaded:
            parent, last = self._at(group), group.loaded - 1
            self.dataChanged.emit(self.index(0, 0, parent), self.index(last, STATE, parent))

    def _drop(self, group: Group, gone: set[int]) -> None:
        going = {position for position, f in enumerate(group.findings) if id(f) in gone}
        rows = [n for n, position in enumerate(group.order) if position in going]
        group.order = list(group.order)
        for row in reversed(rows):
            there = row < group.loaded
            if there:
                self.beginRemoveRows(self._at(group), row, row)
                group.loaded -= 1
            del group.order[row]
            if there:
                self.endRemoveRows()
        kept = [position for position in range(len(group.findings)) if position not in going]
        place = {position: n for n, position in enumerate(kept)} | {-1: -1}
        group.findings = [group.findings[position] for position in kept]
        group.seen = [group.seen[position] for position in kept]
        group.texts = [group.texts[position] for position in kept] if group.texts else []
        group.order = [place[position] for position in group.order]
        group.ranks = [place[position] for position in group.ranks if position not in going]

    def _add(self, group: Group, new: list[Any], sees: Callable[[Group, Any], bool]) -> None:
        first = len(group.findings)
        group.findings += new
        group.seen += [sees(group, f) for f in new]
        if group.texts:
            group.texts += [haystack(group, f) for f in new]
        group.ranks = in_order(group, *self._sorting_down())
        group.order = list(group.order)
        # Those that were there keep their order, also where their figures have changed since they were sorted.
        for row, position in enumerate(in_view_first(group)):
            if position < first:
                continue
            there = row < group.loaded or (row == group.loaded == len(group.order) and row > 0)
            if there:
                self.beginInsertRows(self._at(group), row, row)
                group.loaded += 1
            group.order.insert(row, position)
            if there:
                self.endInsertRows()

    def _list(self, group: Group, new: list[Any], sees: Callable[[Group, Any], bool]) -> Group:
        """A rule that had nothing to say."""
        group.findings, group.seen = new, [sees(group, f) for f in new]
        group.told_anew()
        group.ranks = in_order(group, *self._sorting_down())
        group.order = in_view_first(group)
        group.shown = sum(group.seen)
        row = ranked([*self.groups, group], *self._sorting_down()).index(group)
        self.beginInsertRows(QModelIndex(), row, row)
        self.groups.insert(row, group)
        self._number()
        self.endInsertRows()
        return group
