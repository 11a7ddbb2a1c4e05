"""Figures that are part of the toolkit, with one module per experiment of a paper."""
