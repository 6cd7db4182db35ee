"""Are there n whole numbers with a given sum and a given sum of squares? Decided exactly.

This is the arithmetic under GRIMMER, DEBIT's relatives and reconstruction. Two facts settle almost every case:

- Squares keep parity, so the sum of squares Q is odd exactly where the sum S is; and Q is least where the numbers are
  as equal as they can be.
- Without limits on the numbers, these two conditions are also enough from n = 5 on. For n = 5 move the numbers so that
  S is -2 ... 2 and give one of them a value v of the other parity than S, -1, 0 or 1; the other four have an odd sum,
  and four integers with sum s and sum of squares q exist where q has the parity of s and 4q - s^2 is a sum of three
  squares (Cauchy), which it is here, being 3 modulo 8 (Legendre). From n to n + 1 one adds one of the equal values.

For n = 4 Legendre's condition is checked; n = 3, 2 and 1 are solved. With limits the search is a tree with both bounds
on Q at each step.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from math import isqrt

from mscsec.errors import NotConverged

# Below this many numbers the tree is searched directly; above, numbers near mean ± SD are taken away first, which
# leaves the rest of the problem as free as it was.
_SMALL = 8
_MAX_NODES = 500_000


def least_squares(n: int, total: int) -> int:
    """The least sum of squares of `n` integers with sum `total`: all equal, or next to equal."""
    base, over = divmod(total, n)
    return (n - over) * base**2 + over * (base + 1) ** 2


def most_squares(total: int, top: int) -> int:
    """The greatest sum of squares of integers in 0 ... `top` with sum `total`: all at an end but one."""
    if top == 0:
        return 0
    ends, rest = divmod(total, top)
    return ends * top**2 + rest**2


def exists(n: int, total: int, squares: int) -> bool:
    """Whether `n` integers, of any size and sign, have sum `total` and sum of squares `squares`."""
    if (total - squares) % 2 or squares < least_squares(n, total):
        return False
    if n >= 5:
        return True
    if n == 4:
        return _three_squares(4 * squares - total**2)
    if n == 3:
        return _three(total, squares)
    if n == 2:
        return isqrt(2 * squares - total**2) ** 2 == 2 * squares - total**2
    return squares == total**2


def _three_squares(number: int) -> bool:
    """Legendre: a sum of three squares is any number from 0 on but 4^a (8b + 7)."""
    while number and number % 4 == 0:
        number //= 4
    return number % 8 != 7


def _three(total: int, squares: int) -> bool:
    """Three integers: with u = x - y and w = x + y - 2z, w^2 = 2 (3Q - S^2) - 3u^2, and w = S modulo 3."""
    double = 2 * (3 * squares - total**2)
    for u in range(isqrt(double // 3) + 1):
        rest = double - 3 * u**2
        w = isqrt(rest)
        if w**2 == rest and (w - u) % 2 == 0 and ((w - total) % 3 == 0 or (w + total) % 3 == 0):
            return True
    return False


def candidates(n: int, total: int, values: range) -> Iterator[int]:
    """The numbers of `values` that are the sum of squares of `n` integers with sum `total`, ascending."""
    if n == 2:  # few squares among many candidates: walk the differences instead
        low = max(2 * values.start - total**2, 0)
        first = isqrt(low)
        for difference in range(first, isqrt(max(2 * values.stop - total**2, 0)) + 1):
            squares, odd = divmod(total**2 + difference**2, 2)
            if not odd and squares in values:
                yield squares
        return
    start = max(values.start, least_squares(n, total))
    start += (start - total) % 2
    for squares in range(start, values.stop, 2):
        if exists(n, total, squares):
            yield squares


def possible(n: int, total: int, squares: int, top: int) -> bool:
    """The two bounds and the parity: necessary for `n` integers in 0 ... `top`, and cheap."""
    if n == 0:
        return total == 0 and squares == 0
    return (
        0 <= total <= n * top
        and (total - squares) % 2 == 0
        and least_squares(n, total) <= squares <= most_squares(total, top)
    )


def exists_within(n: int, total: int, squares: int, top: int) -> bool:
    """Whether `n` integers in 0 ... `top` have sum `total` and sum of squares `squares`.

    Raises NotConverged where the tree is larger than can be searched, which no case of a few hundred numbers was seen to be.
    """
    if not possible(n, total, squares, top):
        return False
    if _limits_are_idle(n, total, squares, top):
        return exists(n, total, squares)
    rest = _thin_out(n, total, squares, top)
    if rest is not None and Search().exists(*rest, top):
        return True
    return Search().exists(n, total, squares, top)


def _limits_are_idle(n: int, total: int, squares: int, top: int) -> bool:
    """Whether no number can lie outside 0 ... top: |x - mean| <= sqrt((n-1)/n * (Q - S^2/n)) (Samuelson)."""
    reach = (n - 1) * (n * squares - total**2)  # n^2 times the square of the greatest deviation
    return reach <= min(total, n * top - total) ** 2


def _thin_out(n: int, total: int, squares: int, top: int) -> tuple[int, int, int] | None:
    """The problem with numbers near mean ± SD taken away until `_SMALL` are left; None where that gets stuck."""
    while n > _SMALL:
        step = next(_likely(n, total, squares, top), None)
        if step is None:
            return None
        n, total, squares = n - 1, total - step, squares - step**2
    return n, total, squares


def _likely(n: int, total: int, squares: int, top: int) -> Iterator[int]:
    """Values one of the numbers may have, those near mean ± SD first, that leave the rest within its bounds."""
    deviation = isqrt(n * squares - total**2) // n
    low, high = max(total // n - deviation, 0), min(total // n + deviation, top)
    for step in range(top + 1):
        for value in {low - step, low + step, high - step, high + step}:
            if 0 <= value <= top and possible(n - 1, total - value, squares - value**2, top):
                yield value


class Search:
    """A tree search that counts its nodes; values are placed from the greatest down, several equal ones at once."""

    def __init__(self, most_nodes: int = _MAX_NODES) -> None:
        self.most_nodes = most_nodes
        self.nodes = 0
        self.exists = functools.cache(self._exists)

    def _exists(self, n: int, total: int, squares: int, top: int) -> bool:
        self.nodes += 1
        if self.nodes > self.most_nodes:
            raise NotConverged(
                "the search for whole numbers with this sum and sum of squares",
                self.nodes,
                float(n),
                "Give a narrower range of values",
            )
        if not possible(n, total, squares, top):
            return False
        if n <= 1:
            return True  # `possible` is exact for one number: both bounds are its square
        if n == 2:
            return _two_within(total, squares, top)
        if _limits_are_idle(n, total, squares, top):
            return exists(n, total, squares)
        return any(self.exists(*rest) for rest in branches(n, total, squares, top))


def _two_within(total: int, squares: int, top: int) -> bool:
    difference = isqrt(2 * squares - total**2)
    return difference**2 == 2 * squares - total**2 and difference <= total and (total + difference) // 2 <= top


def branches(n: int, total: int, squares: int, top: int) -> Iterator[tuple[int, int, int, int]]:
    """What is left after the greatest value and how often it stands: (n, total, squares, next lower limit)."""
    for value in range(min(top, isqrt(squares)), -1, -1):
        if value * n < total or value * total < squares:  # nothing at or below `value` adds up any more
            return
        if value == 0:
            yield 0, total, squares, 0
            return
        for times in range(1, min(n, total // value, squares // value**2) + 1):
            rest = (n - times, total - times * value, squares - times * value**2, value - 1)
            if possible(*rest):
                yield rest


def samuelson(n: int, total: int, squares: int) -> tuple[int, int]:
    """Integers that no one of `n` numbers with this sum and sum of squares lies outside.

    |x - mean| <= sqrt((n - 1) / n * (Q - S^2 / n)). Source: Samuelson (1968), J Am Stat Assoc 63:1522-1525.
    """
    reach = isqrt((n - 1) * max(n * squares - total**2, 0)) + 1
    return (total - reach) // n, -((-total - reach) // n)


def example(n: int, total: int, squares: int, top: int) -> list[int]:
    """`n` integers in 0 ... `top` with this sum and sum of squares, which must exist."""
    numbers: list[int] = []
    search = Search()
    state = (n, total, squares)
    while state[0] > _SMALL:
        step = next(_likely(*state, top), None)
        if step is None:
            break
        numbers.append(step)
        state = (state[0] - 1, state[1] - step, state[2] - step**2)
    if not search.exists(*state, top):
        numbers, state = [], (n, total, squares)
    cap = top
    while state[0]:
        rest = next(each for each in branches(*state, cap) if search.exists(*each))
        numbers += [(state[1] - rest[1]) // (state[0] - rest[0])] * (state[0] - rest[0])
        state, cap = rest[:3], rest[3]
    return numbers
