"""Figures that are part of the toolkit, one module for each paper's experiment."""
