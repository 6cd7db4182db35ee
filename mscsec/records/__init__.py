"""The records room: YAML files in, an `EvidenceBase` with positions out.

Takes: a folder with `review.yaml` and one `*.yaml` a study. Gives: validated models, the place of every value, and all
problems of all files at once. May import: errors, constants, problems, results, registry. Nothing else opens a record.
"""

from mscsec.records.models import Review, Study
from mscsec.records.reader import Document, EvidenceBase, Origin, find_folder, inspect, load, read_study

__all__ = ["Document", "EvidenceBase", "Origin", "Review", "Study", "find_folder", "inspect", "load", "read_study"]
