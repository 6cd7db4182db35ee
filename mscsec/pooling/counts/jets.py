"""Numbers that carry their first and second derivatives: exact derivatives of a quadrature whose nodes move.

Adaptive quadrature puts its nodes where each study's integrand has its mode, which moves with the parameters. Carrying the
derivatives along gives those of the approximation itself, so that Newton's method converges on what is reported.
Source: Griewank & Walther (2008), Evaluating Derivatives, 2nd ed., chapters 3 and 15.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array


@dataclass(frozen=True, slots=True)
class Jet:
    """A value of shape (...) with its gradient (p, ...) and Hessian (p, p, ...) in p parameters."""

    value: Array
    gradient: Array
    hessian: Array

    def __add__(self, other: Jet | Array | float) -> Jet:
        if isinstance(other, Jet):
            return Jet(self.value + other.value, self.gradient + other.gradient, self.hessian + other.hessian)
        return Jet(self.value + other, self.gradient, self.hessian)

    def __neg__(self) -> Jet:
        return Jet(-self.value, -self.gradient, -self.hessian)

    def __sub__(self, other: Jet | Array | float) -> Jet:
        less: Jet = self + (-other)
        return less

    def __mul__(self, other: Jet | Array | float) -> Jet:
        if not isinstance(other, Jet):
            return Jet(self.value * other, self.gradient * other, self.hessian * other)
        cross = self.gradient[:, None] * other.gradient[None]
        return Jet(
            self.value * other.value,
            self.gradient * other.value + other.gradient * self.value,
            self.hessian * other.value + other.hessian * self.value + cross + np.swapaxes(cross, 0, 1),
        )

    def __truediv__(self, other: Jet) -> Jet:
        inverse = 1 / other.value
        return self * other.through(inverse, -(inverse**2), 2 * inverse**3)

    def through(self, value: Array, first: Array, second: Array) -> Jet:
        """f(self), given f, f' and f'' at the value."""
        outer = self.gradient[:, None] * self.gradient[None]
        return Jet(value, first * self.gradient, first * self.hessian + second * outer)

    def sqrt(self) -> Jet:
        """Square root of a positive value."""
        root = np.sqrt(self.value)
        return self.through(root, 0.5 / root, -0.25 / (root * self.value))

    def log(self) -> Jet:
        """Natural logarithm of a positive value."""
        inverse = 1 / self.value
        return self.through(np.log(self.value), inverse, -(inverse**2))

    def exp(self) -> Jet:
        """Exponential."""
        power = np.exp(self.value)
        return self.through(power, power, power)

    def sum(self, axis: int) -> Jet:
        """Sum over one axis of the value, counted from the end (axis < 0)."""
        return Jet(self.value.sum(axis), self.gradient.sum(axis), self.hessian.sum(axis))

    def add_axis(self) -> Jet:
        """A last axis of length one."""
        return Jet(self.value[..., None], self.gradient[..., None], self.hessian[..., None])


def variable(value: Array, index: int, count: int) -> Jet:
    """Parameter `index` of `count`, with the values given."""
    gradient = np.zeros((count, *value.shape))
    gradient[index] = 1.0
    return Jet(value, gradient, np.zeros((count, count, *value.shape)))


def constant(value: Array, count: int) -> Jet:
    """A number that depends on no parameter."""
    return Jet(value, np.zeros((count, *value.shape)), np.zeros((count, count, *value.shape)))


def log_sum_exp(terms: Jet) -> Jet:
    """log(sum(exp(terms))) over the last axis."""
    largest = terms.value.max(-1, keepdims=True)
    total: Jet = (terms - largest).exp().sum(-1).log() + largest[..., 0]
    return total
