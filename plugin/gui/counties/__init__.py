# SPDX-License-Identifier: GPL-2.0-or-later
"""Window 批量检查: check many counties and follow what becomes of each."""
