"""The stable codes of problems and notices; `mscsec explain CODE` prints the explanation."""

from __future__ import annotations

from dataclasses import dataclass

from mscsec.registry import by_key


@dataclass(frozen=True, slots=True)
class Code:
    """One code: U use of the program, R records, E effects, P pooling, B risk of bias, I integrity.

    title : what the code means, a few words.
    explanation : why it matters and what to do, plain sentences.
    """

    key: str
    title: str
    explanation: str


CODES = by_key(
    # --- U: use of the program ---------------------------------------------------------------------------------
    Code(
        "U001",
        "wrong use",
        "The command cannot be carried out as it was written. The message says which part and what to write instead.",
    ),
    Code(
        "U002",
        "unknown name",
        "The outcome, study, comparison or column asked for does not exist here. The message lists those that do and suggests the nearest.",
    ),
    Code(
        "U003",
        "unknown method",
        "The method asked for is in no table of the program. The message lists the methods it knows.",
    ),
    Code(
        "U004",
        "impossible numbers",
        "A number was given that no data can have, such as a negative variance or more events than participants. Nothing was computed.",
    ),
    # --- R: records --------------------------------------------------------------------------------------------
    # --- E: effects --------------------------------------------------------------------------------------------
    # --- P: pooling --------------------------------------------------------------------------------------------
    Code(
        "P100",
        "cannot be computed",
        "The request is valid, but these data do not determine an answer. The message says why.",
    ),
    Code(
        "P101",
        "too few studies",
        "The method needs more studies than there are. A single study is shown as it is; an estimator of between-study variance needs two.",
    ),
    Code(
        "P102",
        "not converged",
        "An iteration did not settle within its bound. The message names the method; a closed-form estimator such as DL always gives an answer.",
    ),
    Code(
        "P103",
        "not estimable",
        "The quantity does not exist for these data, for instance a ratio when no one in any study had the event.",
    ),
    # --- B: risk of bias ---------------------------------------------------------------------------------------
    # --- I: integrity ------------------------------------------------------------------------------------------
)
