# SPDX-License-Identifier: GPL-2.0-or-later
"""Work packages by township (乡镇工作包): split a county, merge edited packages into a copy of it."""
