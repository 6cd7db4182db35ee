"""The report room: results in, words and tables out. It computes nothing.

Takes results of effects, pooling and appraisal. May import: everything to its left (records, effects, pooling,
appraisal) and the foundation.
"""
