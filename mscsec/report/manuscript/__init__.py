"""A report for a manuscript: blocks of content made once from a synthesis, and a small renderer for each kind of file.

Takes a synthesis and functions that draw its pictures; gives Markdown, Word and LaTeX with the same content in the same
order. May import what the report room may.
"""
