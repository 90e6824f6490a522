"""Histograms, rates, efficiencies, comparisons and reports, each against a count by hand."""
