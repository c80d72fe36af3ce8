# SPDX-License-Identifier: GPL-2.0-or-later
"""Speed and memory benchmarks, as ratios measured in one run on one machine.

Ratios are comparable between machines; seconds are not.
"""
