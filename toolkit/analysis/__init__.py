"""Metrics and statistics of runs as data frames; :mod:`toolkit.display` draws them."""
