# SPDX-License-Identifier: GPL-2.0-or-later
"""Tour over the sample county."""
