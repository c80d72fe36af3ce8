# SPDX-License-Identifier: GPL-2.0-or-later
"""Seams (接边) between neighbouring counties, and the sums of counties against the targets of their parent."""
