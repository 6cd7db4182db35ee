"""Meta-analysis and evidence appraisal from plain YAML study records."""
