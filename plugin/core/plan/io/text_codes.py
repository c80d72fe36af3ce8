# SPDX-License-Identifier: GPL-2.0-or-later
"""Make text objects of bytes, one for each distinct text."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

#: Bytes that are compared at a time.
_WORD_SIZE = 8
#: An odd number that distributes the bits of a product.
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_ALL_BITS = np.uint64(2**64 - 1)
#: Texts that need more bytes, each filled up to the longest, are not compared here: memory is limited.
_MAX_FILLED_BYTES = 2**28


def decode_texts(data: NDArray, offsets: NDArray, is_present: NDArray | None) -> tuple[NDArray, list[str]] | None:
    """Return (n,) texts, None where one is missing, and the distinct texts; equal texts are one object.

    ``data`` (m,) uint8: UTF-8 of all texts; ``offsets`` (n + 1,): where each text starts; ``is_present`` (n,) bool,
    None if no text is missing. Return None if a text contains NUL, with which texts are filled up here, for two texts
    with one hash, and if a text is very long. Raise UnicodeDecodeError.
    """
    texts = np.full(len(offsets) - 1, None, dtype=object)
    rows = np.arange(len(texts)) if is_present is None else np.flatnonzero(is_present)
    if not len(rows):
        return texts, []
    if not data.all():
        return None
    starts, lengths = offsets[rows], offsets[rows + 1] - offsets[rows]
    if len(rows) * int(lengths.max()) > _MAX_FILLED_BYTES:
        return None
    words = _read_words(data, starts, lengths)
    # Texts with equal hashes are compared below.
    hashes = np.zeros(len(rows), dtype=np.uint64)
    for words_of_texts in words:
        hashes = (hashes ^ words_of_texts) * _MULTIPLIER
        hashes ^= hashes >> np.uint64(32)
    codes, _ = pd.factorize(hashes)
    first_rows = np.empty(int(codes.max()) + 1, dtype=np.int64)
    # Of equal codes the last assignment counts.
    first_rows[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    if any((one[first_rows][codes] != one).any() for one in words):
        return None
    buffer, firsts = data.tobytes(), starts[first_rows]
    places = zip(firsts.tolist(), (firsts + lengths[first_rows]).tolist(), strict=True)
    # One call decodes all texts.
    distinct_texts = b"\x00".join([buffer[start:end] for start, end in places]).decode("utf-8").split("\x00")
    distinct_array = np.empty(len(distinct_texts), dtype=object)
    distinct_array[:] = distinct_texts
    texts[rows] = distinct_array[codes]
    return texts, distinct_texts


def _read_words(data: NDArray, starts: NDArray, lengths: NDArray) -> list[NDArray]:
    """Return the bytes of (n,) texts as (n,) numbers of 8 bytes, filled up with zeros."""
    padded_data = np.concatenate([data, np.zeros(_WORD_SIZE, dtype=np.uint8)])
    # A number at each byte.
    word_at = np.ndarray(shape=(len(data) + 1,), dtype="<u8", buffer=padded_data, strides=(1,))
    words = []
    for position in range(0, int(lengths.max()), _WORD_SIZE):
        bytes_left = np.clip(lengths - position, 0, _WORD_SIZE)
        word = word_at[np.minimum(starts + position, len(data))]
        if (bytes_left < _WORD_SIZE).any():
            # A shift by 64 bits is undefined, so texts that have ended are set to zero.
            surplus_bits = ((_WORD_SIZE - bytes_left) * 8).astype(np.uint64)
            mask = _ALL_BITS >> np.minimum(surplus_bits, np.uint64(63))
            word = np.where(bytes_left == 0, np.uint64(0), word & mask)
        words.append(word)
    return words
