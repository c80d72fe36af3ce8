# SPDX-License-Identifier: GPL-2.0-or-later
"""Random numbers that depend only on their inputs, not on order or count."""

from __future__ import annotations

import numpy as np

_MASK_64_BITS = np.uint64(0xFFFFFFFFFFFFFFFF)


def random_numbers(seed: int, *parts: object) -> np.ndarray:
    """Return uniform numbers in [0, 1) for given integers, by splitmix64."""
    state = np.uint64(seed & 0xFFFFFFFF)
    with np.errstate(over="ignore"):
        for part in parts:
            state = _mix_bits(state ^ np.asarray(part).astype(np.int64).astype(np.uint64))
    return (np.asarray(state) >> np.uint64(11)).astype(float) / float(1 << 53)


def _mix_bits(value: np.ndarray) -> np.ndarray:
    value = (value + np.uint64(0x9E3779B97F4A7C15)) & _MASK_64_BITS
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def make_smooth_noise(seed: int, points: np.ndarray, shortest: float, longest: float, waves: int = 24) -> np.ndarray:
    """Return smooth noise of about [-1, 1] at (n, 2) points.

    It is a sum of plane waves between two wavelengths (m); long waves are stronger.
    """
    numbers = np.arange(waves)
    length = shortest * (longest / shortest) ** random_numbers(seed, 1, numbers)
    turn = 2 * np.pi * random_numbers(seed, 2, numbers)
    start = 2 * np.pi * random_numbers(seed, 3, numbers)
    strength = np.sqrt(length)
    total = np.zeros(len(points))
    for one in range(waves):
        along = points[:, 0] * np.cos(turn[one]) + points[:, 1] * np.sin(turn[one])
        total += strength[one] * np.sin(2 * np.pi * along / length[one] + start[one])
    return total / np.sqrt((strength**2).sum())
