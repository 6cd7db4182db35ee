"""The review page: one HTML file with everything a review says, in which each number leads back to its line.

Takes a `Synthesis` and the certainty of its outcomes, gives text. It computes nothing but positions on the paper: what the
reader can choose was worked out beforehand by `synthesis.combinations`, and the page's script looks it up.
"""
