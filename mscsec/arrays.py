"""Names of the array types that cross room boundaries, and the one place where scipy.special is first imported."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
ArrayLike = npt.ArrayLike

# Submodules that `from numpy import *` loads on demand and that scipy.special has no use for.
_UNUSED = frozenset({"ctypeslib", "f2py", "testing"})


def _import_special() -> None:
    """Imports scipy.special without numpy's test and build tools, which saves a third of its 0.2 s.

    scipy's array-API shim says `from numpy import *`, and numpy then loads every public submodule it names. While the
    shim is imported those three are taken off numpy's list; the list is whole again before anything else runs.
    """
    whole = np.__all__
    np.__all__ = [name for name in whole if name not in _UNUSED]
    try:
        import scipy.special  # noqa: F401
    finally:
        np.__all__ = whole


_import_special()
