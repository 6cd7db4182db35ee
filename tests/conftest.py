"""Settings of every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# No test is timed, so that a busy machine fails none; hypothesis would give an example 0.2 s.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
