"""The effects room: what a trial reported becomes `yi` and `vi`, and says how.

Takes records (`sizes`), arrays (`measures`, `reconstruct`) or a table (`tabular`); gives `EffectSizes` with the trail of
every number. May import: records and the foundation.

The package itself can be called, because `mscsec.effects(base, outcome=...)` is the name users type and Python gives
that name to the package once any module of it is imported. It takes and returns what `mscsec.effects.sizes.effects` does:
see help(mscsec.effects.sizes.effects).
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import mscsec.arrays  # noqa: F401  # before any module here: it imports scipy.special without what nothing needs


class _CallableRoom(ModuleType):
    """This package, callable as `mscsec.effects.sizes.effects`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """See help(mscsec.effects.sizes.effects)."""
        from mscsec.effects.sizes import effects

        return effects(*args, **kwargs)

    @property
    def __signature__(self) -> Any:
        import inspect  # which costs too much to be imported by every command

        from mscsec.effects.sizes import effects

        return inspect.signature(effects)


sys.modules[__name__].__class__ = _CallableRoom
