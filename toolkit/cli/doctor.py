"""The command ``toolkit doctor``: check the installation and suggest fixes."""

from __future__ import annotations

from toolkit.cli.options import AsJson
from toolkit.cli.output import FAILED, GOOD, guarded, show

__all__ = ["doctor", "doctor_command"]


def doctor(as_json: AsJson = False) -> int:
    """Check the installation and suggest fixes.

    Exit status: 0 everything essential works, 2 something essential is missing or broken.
    """
    from toolkit.installation import diagnose

    diagnosis = diagnose()
    show(diagnosis, as_json=as_json)
    return GOOD if diagnosis.ok else FAILED


doctor_command = guarded(doctor)
"""The command ``toolkit doctor``."""
