# SPDX-License-Identifier: GPL-2.0-or-later
"""Problems of many counties' layers, each kind once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..package.problems import MAX_NAMED_FEATURES, ExportProblem


class ProblemList:
    """Problems that are equal except for their features are one problem, with the sum of the features."""

    def __init__(self) -> None:
        self._problems: dict[tuple[Any, ...], ExportProblem] = {}

    def add(self, problem: ExportProblem, county: str = "") -> None:
        """Add a problem; one without features names the county."""
        if not problem.features and county:
            problem = replace(problem, features=(county,), count=max(problem.count, 1))
        params = tuple(sorted((key, str(value)) for key, value in problem.params.items()))
        key = (problem.level, problem.key, problem.layer, problem.field, params)
        earlier = self._problems.get(key)
        if earlier is not None:
            features = (*earlier.features, *problem.features)[:MAX_NAMED_FEATURES]
            problem = replace(earlier, count=earlier.count + problem.count, features=features)
        self._problems[key] = problem

    def to_list(self) -> list[ExportProblem]:
        """Return the problems in the order in which their kinds were added."""
        return list(self._problems.values())
