"""The plots room: results in, pictures out. It computes nothing but positions on the page.

Takes results of effects, pooling and appraisal, and `report.numbers` for the figures it prints.
"""
