"""The version, kept where reading it imports nothing; `pyproject.toml` reads it from here."""

__version__ = "0.1.0"
