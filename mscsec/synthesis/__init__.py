"""The synthesis room: from an evidence base and one of its outcomes to everything that is said about it.

Takes an evidence base (or the effects of one outcome), gives frozen results: the fit by the review's own analysis, its
sensitivity, its certainty, its findings of integrity. May import: records, effects, pooling, sensitivity, small_study,
appraisal, integrity and the foundation. What `plots`, `report` and `cli` show is a field of a result made here or to the left.
"""
