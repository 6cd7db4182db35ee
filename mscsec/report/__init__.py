"""The report room: results in, words and tables out. It computes nothing.

Takes results of synthesis and of the rooms it is made from. May import: everything to its left and the foundation.
"""
