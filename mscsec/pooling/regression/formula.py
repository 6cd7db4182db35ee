"""From a formula and a table of study-level columns to a design matrix whose columns have names."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mscsec.arrays import Array
from mscsec.errors import InvalidInput, UnknownName, UsageError
from mscsec.pooling.regression.fit import INTERCEPT
from mscsec.results import Notice


@dataclass(frozen=True, slots=True)
class Design:
    """A design matrix as `regress` takes it (with intercept=False, for the formula has said whether there is one).

    X : (k, p). names : of its columns. terms : names of the columns of each term of the formula, the dummies of a
        factor together, as `wald` and `variance_inflation` take sets. columns : of the table that the formula reads.
    kept, dropped : positions of the studies that entered, and of those left out for a missing value.
    """

    X: Array
    names: tuple[str, ...]
    terms: Mapping[str, tuple[str, ...]]
    kept: tuple[int, ...]
    dropped: tuple[int, ...]
    warnings: tuple[Notice, ...]
    columns: tuple[str, ...]


def design(
    formula: str,
    table: Mapping[str, Sequence[Any]],
    *,
    labels: Sequence[str] | None = None,
    missing: str = "refuse",
) -> Design:
    """The design matrix of a formula such as "year + dose * arm".

    formula : right-hand side in Wilkinson's notation: + : * 0 for no intercept, I(...) or {...} for arithmetic, C(...)
        for a number that is a category; log, log2, log10, exp, sqrt, minimum and maximum work by element. Text is a
        category, coded against its first level in alphabetical order. A name with other signs than letters, digits, _
        and . stands in backquotes: `dose (mg)`.
    table : columns of length k; None, "" and nan are missing.
    labels : (k,) names of the studies, for messages.
    missing : "refuse" (an error that names the studies), or "drop" them with a notice.
    Raises UnknownName for a column the table lacks, UsageError for a formula that cannot be read or is empty, InvalidInput
    for a missing value, a number out of range (log of zero), or a category of one level.
    Source: Wilkinson & Rogers (1973), Appl Stat 22:392-399.
    """
    from formulaic import Formula  # half a second of import, so only where a formula is read

    if missing not in ("refuse", "drop"):
        raise InvalidInput(f"missing is {missing!r}", 'it is "refuse" or "drop"')
    k = _length(table)
    studies = [f"study {i + 1}" for i in range(k)] if labels is None else [str(label) for label in labels]
    left, _, right = formula.rpartition("~")
    if left.strip():
        raise UsageError(
            f"the formula {formula!r} has a left side, which is the effect always; write {right.strip()!r}"
        )
    if not right.strip():
        raise UsageError("the formula is empty; name a moderator, or write 1 for the mean alone")
    right = _dots_quoted(right.strip(), table)
    try:
        parsed = Formula(right)
        needed = sorted({name for expression in _expressions(parsed) for name in _columns_in(expression, table)})
        if unknown := [name for name in needed if name not in table]:
            raise UnknownName("column", unknown[0], table)
    except (UsageError, UnknownName):
        _want_quotes(right, table)
        raise
    except Exception as error:  # formulaic raises errors of many kinds for text it cannot parse
        _want_quotes(right, table)
        why = "" if isinstance(error, AttributeError) else f": {_first_line(error).rstrip('.')}"
        raise UsageError(
            f"the formula {formula!r} cannot be read{why}. Write names of fields with + between them, such as year + country"
        ) from error
    gaps = {name: [i for i, value in enumerate(table[name]) if _is_missing(value)] for name in needed}
    dropped = sorted({i for places in gaps.values() for i in places})
    said = "; ".join(f"{name} of {', '.join(studies[i] for i in places)}" for name, places in gaps.items() if places)
    if dropped and missing == "refuse":
        raise InvalidInput(
            f"values are missing: {said}",
            "every study in a meta-regression has every moderator",
            "Record them, or leave these studies out (--missing drop)",
        )
    kept = [i for i in range(k) if i not in set(dropped)]
    if not kept:
        raise InvalidInput("no study has every moderator", "at least one does")
    columns = {name: _column([table[name][i] for i in kept]) for name in needed}
    for name, column in columns.items():
        if isinstance(column, list) and len(set(column)) == 1 < len(kept):
            raise _one_level(f"{name} is {column[0]!r}", dropped)
    notices = (Notice("P409", f"left out for missing moderators: {said}"),) if dropped else ()
    return _built(parsed, formula, columns, len(kept), [studies[i] for i in kept], kept, dropped, notices)


def _built(
    parsed: Any,
    formula: str,
    columns: dict[str, Array | list[str]],
    k: int,
    studies: list[str],
    kept: list[int],
    dropped: list[int],
    notices: tuple[Notice, ...],
) -> Design:
    import pandas as pd  # formulaic has imported it already

    try:
        with np.errstate(all="ignore"):  # what comes out not finite is refused below, by study
            matrix = parsed.get_model_matrix(
                pd.DataFrame(columns, index=range(k)), context=_FUNCTIONS, na_action="ignore", ensure_full_rank=True
            )
    except Exception as error:  # what the columns hold can make formulaic, or a function in the formula, raise anything
        _want_quotes(formula, columns)
        raise UsageError(f"the formula {formula!r} cannot be evaluated: {_first_line(error)}") from error
    x = np.asarray(matrix, dtype=float)
    if not x.shape[1]:
        raise UsageError(
            f"the formula {formula!r} leaves no coefficient; name a moderator, or write 1 for the mean alone"
        )
    names = _whole_levels([_name(str(name)) for name in matrix.columns])
    bad = np.argwhere(~np.isfinite(x))
    if bad.size:
        row, column = (int(i) for i in bad[0])
        raise InvalidInput(f"{names[column]} of {studies[row]} is {x[row, column]}", "a moderator is a finite number")
    slices = matrix.model_spec.term_slices
    terms = {_name(str(term)): tuple(names[part]) for term, part in slices.items()}
    for term, its_columns in terms.items():
        if not its_columns and k > 1:
            raise _one_level(f"{term} has one level, the same", dropped)
    return Design(x, names, terms, tuple(kept), tuple(dropped), notices, tuple(columns))


def _one_level(found: str, dropped: list[int]) -> InvalidInput:
    """The refusal of a category that is the same in every study."""
    left = " that is left" if dropped else ""
    return InvalidInput(f"{found} in every study{left}", "a moderator differs between studies", "Leave it out")


_FUNCTIONS = {
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "minimum": np.minimum,
    "maximum": np.maximum,
}
_TRANSFORMS = ("I", "C", "center", "scale", "poly", "bs")  # formulaic's own
_ARITHMETIC = (
    ast.Expression, ast.Call, ast.Name, ast.Load, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Compare, ast.keyword,
    ast.List, ast.Tuple, ast.operator, ast.unaryop, ast.cmpop,
)  # fmt: skip


def _dots_quoted(formula: str, table: Mapping[str, Sequence[Any]]) -> str:
    """`formula` with the columns that have a dot in their names, as is common in R, in the backticks that a formula wants."""
    for name in sorted((name for name in table if "." in name), key=len, reverse=True):
        formula = re.sub(rf"(?<![\w.`]){re.escape(name)}(?![\w.`])", f"`{name}`", formula)
    return formula


def _want_quotes(formula: str, table: Collection[str]) -> None:
    """Raises UsageError where the formula that failed has the name of a column that wants backquotes."""
    bare = re.sub("`[^`]*`", "", formula)
    for name in sorted((name for name in table if not name.isidentifier()), key=len, reverse=True):
        if name in bare:
            raise UsageError(
                f"the formula {formula!r} has the column {name!r}, whose name is no single word; write it in backquotes: `{name}` (at a shell the whole formula in single quotes)"
            )


def _expressions(parsed: Any) -> set[str]:
    """The factors of the formula, each a column or an expression of columns."""
    return {str(factor.expr) for term in parsed for factor in term.factors if factor.eval_method.value != "literal"}


def _columns_in(expression: str, known: Collection[str]) -> set[str]:
    """The columns an expression names. A formula may come with the data, so it is arithmetic or it is refused.

    Raises UsageError for anything that is not arithmetic of columns and the functions listed, UnknownName for an attribute.
    """
    if expression in known:
        return {expression}
    allowed = (*_FUNCTIONS, *_TRANSFORMS)
    columns, called = set(re.findall("`([^`]*)`", expression)), set()
    for node in ast.walk(ast.parse(re.sub("`[^`]*`", "0", expression).strip(), mode="eval")):
        if isinstance(node, ast.Call):
            if not isinstance(node.func, ast.Name) or node.func.id not in allowed:
                raise UsageError(f"{expression!r} calls what a formula cannot. It can call {', '.join(allowed)}")
            called.add(node.func.id)
        elif isinstance(node, ast.Attribute):  # a name with a dot, which is none of the columns, or it would be quoted
            raise UnknownName("column", ast.unparse(node), known)
        elif isinstance(node, ast.Name):
            columns.add(node.id)
        elif not isinstance(node, _ARITHMETIC):
            raise UsageError(f"{expression!r} is not arithmetic of columns")
    return columns - called


def _length(table: Mapping[str, Sequence[Any]]) -> int:
    lengths = {name: len(column) for name, column in table.items()}
    if len(set(lengths.values())) != 1:
        raise InvalidInput(f"columns have lengths {lengths}", "each has one value a study")
    return next(iter(lengths.values()))


def _is_missing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _column(values: list[Any]) -> Array | list[str]:
    """Numbers as numbers, not as integers, whose powers overflow; anything else, truth values among it, as text, a category."""
    if all(isinstance(value, (int, float, np.number)) and not isinstance(value, bool) for value in values):
        return np.asarray(values, dtype=float)
    return [str(value) for value in values]


def _name(name: str) -> str:
    return INTERCEPT if name in ("Intercept", "1") else name.replace("`", "")


def _whole_levels(names: list[str]) -> tuple[str, ...]:
    """Names of columns with "C(year)[T.1949.0]" as "C(year)[T.1949]", if these are still told apart."""
    short = [re.sub(r"(C\([^\[\]]*\)\[(?:T\.)?-?\d+)\.0\]", r"\1]", name) for name in names]
    return tuple(short if len(set(short)) == len(names) else names)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
