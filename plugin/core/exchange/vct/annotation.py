# SPDX-License-Identifier: GPL-2.0-or-later
"""Annotation (注记): points with a text and an angle. As a layer: points with the two fields that are named here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...errors import OutputError
from ...plan.layer import SourceLayer
from .values import check_gbk, one_line

if TYPE_CHECKING:
    from .shapes import Parts

#: The fields of a layer that is annotation, beside those of its table.
TEXT, ANGLE = "VCT_TEXT", "VCT_ANGLE"


class Labels(NamedTuple):
    """``texts`` and ``angles`` (p,) of each point. A label whose angle nobody told lies level: 0."""

    texts: list[str]
    angles: list[float]


def annotation(layer: SourceLayer, parts: Parts, names: NDArray, notes: list[tuple[str, dict[str, Any]]]) -> Labels:
    """What a layer of annotation says at each of its points. OutputError names the feature ((n,) ``names``) that lacks text or
    place, has a character that GBK lacks, or an angle that is no number."""
    given = ["" if pd.isna(v) else str(v) for v in layer.frame[TEXT].tolist()]
    texts = [one_line(text) for text in given]
    bare = set(parts.bare.tolist())
    for row, text in enumerate(texts):
        if (row in bare) == bool(text.strip()):
            raise OutputError("vct_annotation", layer=layer.name, feature=str(names[row]), field=TEXT)
    check_gbk(texts, layer.name, TEXT, names)
    if changed := sum(a != b for a, b in zip(given, texts, strict=True)):
        notes.append(("vct_note_commas", {"layer": layer.name, "field": TEXT, "count": changed}))
    angles = np.zeros(len(texts))
    if ANGLE in layer.frame:
        try:
            told = pd.to_numeric(layer.frame[ANGLE]).to_numpy(dtype=float, na_value=np.nan)
        except (ValueError, TypeError) as error:
            raise OutputError("vct_no_value", layer=layer.name, field=ANGLE, of_type="real") from error
        if np.isinf(told).any():
            raise OutputError("vct_no_value", layer=layer.name, field=ANGLE, of_type="real")
        angles = np.where(np.isnan(told), 0.0, told)
    rows = parts.row.tolist()
    return Labels([texts[row] for row in rows], angles[rows].tolist())
