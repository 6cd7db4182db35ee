"""Names of the array types that cross room boundaries, an attribute computed once, and the one place where scipy.special is
first imported."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar, overload

import numpy as np
import numpy.typing as npt

from mscsec.errors import InvalidInput

Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
ArrayLike = npt.ArrayLike

T = TypeVar("T")


def floats(name: str, values: Any) -> Array:
    """`values` as an array of floats, None and what a masked array hides as nan.

    Raises InvalidInput, with the first offender, where there is no number.
    """
    try:
        if type(values) is not np.ndarray and isinstance(values, np.ndarray) and hasattr(values, "filled"):
            masked: Any = values.astype(float)  # of numpy.ma, which need not be imported to be known
            return np.asarray(masked.filled(np.nan))
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        found = next((f" holds {value!r}" for value in _leaves(values) if not _is_number(value)), " is ragged")
        raise InvalidInput(f"{name}{found}", "it is an array of numbers, its rows of one length") from None


def real(name: str, value: Any, rule: str = "it is a number") -> float:
    """`value` as a float; raises InvalidInput, with the rule, where it is no number."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} is {value!r}", rule) from None


def whole(name: str, value: Any, least: int) -> int:
    """`value` as an int; raises InvalidInput where it is no whole number, or one below `least`."""
    if not isinstance(value, int | np.integer) or value < least:
        raise InvalidInput(f"{name} is {value!r}", f"it is a whole number, {least} or more")
    return int(value)


def _leaves(values: Any) -> Iterator[Any]:
    """Every entry of a nested sequence."""
    if isinstance(values, str | bytes) or not hasattr(values, "__iter__"):
        yield values
        return
    for value in values:
        yield from _leaves(value)


def _is_number(value: Any) -> bool:
    try:
        return value is None or float(value) is not None
    except (TypeError, ValueError):
        return False


def of_one(value: float) -> Array:
    """A number of one set in the place of an array of shape (): left a float, whose arithmetic takes a tenth of the time."""
    stands: Any = value
    number: Array = stands
    return number


class once(Generic[T]):
    """An attribute computed when first asked for, as functools.cached_property without the lock that it has before Python 3.12."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        """`compute` takes the object."""
        self.compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        """The name under which the value is kept."""
        self.name = name

    @overload
    def __get__(self, holder: None, owner: type) -> once[T]: ...
    @overload
    def __get__(self, holder: object, owner: type) -> T: ...
    def __get__(self, holder: Any, owner: type) -> once[T] | T:
        """Called while the object has no value of that name yet; of the class, which has none, it is the attribute itself."""
        if holder is None:
            return self
        value = holder.__dict__[self.name] = self.compute(holder)
        return value


# Bytes: more than any array of a chunk, and less than the 32 MB from which glibc always asks the system.
_FREED = 16 << 20
_MARGIN = 1 << 16  # that the second block is smaller by, so that it lies below the threshold that the first has moved


def keep_freed_memory() -> None:
    """Lets the C library keep the memory of arrays that are freed, on large pages, where it is glibc; does nothing elsewhere.

    Until it has seen a large block freed, glibc returns each one of 128 kB or more to the system, and the next array of that size
    starts with pages to be fetched and zeroed again, which takes longer than a pass of arithmetic over it. A block
    allocated and freed without a page of it being touched moves that threshold above its size. The next one comes from the
    memory that is kept, for which numpy asks for large pages, as it does for every block of 4 MB or more, and they stay that.
    Source: mallopt(3), M_MMAP_THRESHOLD, on the dynamic threshold; madvise(2), MADV_HUGEPAGE.
    """
    np.empty(_FREED, np.uint8)
    np.empty(_FREED - _MARGIN, np.uint8)


def give_back_freed_memory() -> None:
    """Gives what is kept back to the system where it is glibc that Python can call, and does nothing elsewhere.

    Before a process is split: memory that both have is copied page by page when one of them writes to it, which takes several
    times as long as fresh memory. Source: malloc_trim(3).
    """
    try:
        import ctypes  # a Python built without libffi has none
    except ImportError:
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(ctypes.c_size_t(0))


# Bytes of a line of the processor's cache: what one process writes shall not share one with what another writes.
_LINE = 64


def block_size(kinds: Sequence[npt.DTypeLike], rows: int) -> int:
    """Bytes that `side_by_side` needs."""
    return sum(_lengths(kinds, rows))


def side_by_side(kinds: Sequence[npt.DTypeLike], rows: int, memory: memoryview | None = None) -> list[npt.NDArray[Any]]:
    """Arrays of `rows` numbers, one of each kind, in one block: fresh memory, or bytes that are there.

    Large pages, which the system gives to large blocks only, are come by far sooner than small ones.
    """
    lengths = _lengths(kinds, rows)
    block = np.empty(sum(lengths), np.uint8) if memory is None else np.frombuffer(memory, np.uint8)
    starts = itertools.accumulate(lengths, initial=0)
    return [
        block[start : start + length].view(kind)[:rows]
        for kind, start, length in zip(kinds, starts, lengths, strict=False)
    ]


def _lengths(kinds: Sequence[npt.DTypeLike], rows: int) -> list[int]:
    """Bytes of each array, in whole lines of the cache."""
    return [-(-rows * np.dtype(kind).itemsize // _LINE) * _LINE for kind in kinds]


# Public names of numpy that stand for submodules loaded on demand, and that scipy.special has no use for.
_UNUSED = frozenset({"ctypeslib", "f2py", "ma", "polynomial", "random", "testing"})


def _import_special() -> None:
    """Imports scipy.special without numpy's test and build tools, which saves a third of its 0.2 s.

    scipy's array-API shim copies every public name of numpy, and numpy then loads the submodules behind them. While the
    shim is imported those are left out of numpy's lists of names; the lists are whole again before anything else runs.
    """
    module = vars(np)
    whole = {name: module[name] for name in ("__all__", "__dir__")}
    module["__all__"] = [name for name in whole["__all__"] if name not in _UNUSED]
    module["__dir__"] = lambda: [name for name in whole["__dir__"]() if name not in _UNUSED]
    try:
        importlib.import_module("scipy.special")
    finally:
        module.update(whole)


_import_special()
