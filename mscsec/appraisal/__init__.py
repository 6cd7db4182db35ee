"""Appraisal: instruments as data, one small engine that runs them, agreement between assessors, and GRADE.

Takes answers, judgements and design flags (plain mappings; the checklist also reads a study record); gives frozen
results with the proposed judgement, the assessor's own beside it, and what is still missing. Imports numpy and
`scipy.special` for agreement and certainty, `records` for types alone, and nothing that draws or prints.
"""
