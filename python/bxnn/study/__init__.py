"""Rates, efficiencies, comparisons and reports of trigger scores and menus (docs/howto/studies.md)."""
