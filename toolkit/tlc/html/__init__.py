"""Render results of TLC as HTML: tables, behaviours, lassos, coverage, sources."""
