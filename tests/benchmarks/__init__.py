# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast, as ratios measured in one run on one machine. A ratio outlives the machine it was measured on."""
