"""`python -m mscsec` is `mscsec`."""

from mscsec.cli import main

main()
