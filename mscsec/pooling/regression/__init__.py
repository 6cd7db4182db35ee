"""Moderators: subgroups, meta-regression and the models that grow out of it, on arrays.

Takes effects `yi`, their sampling variances `vi` and a design matrix (or group labels); gives frozen results.
May import `mscsec.pooling` and what lies under it; knows no record, prints nothing.
"""
