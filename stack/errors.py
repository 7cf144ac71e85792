"""What stops the local stack, told to the person who started it.

StackError            something did not work; the message says what, and what to do
├── PortInUse         a port is taken by another program
├── AlreadyRunning    a stack runs in this folder
├── DeployFailed      CloudFormation refused the template, or a resource of it
└── SmokeFailed       what was deployed does not work as the template says
"""

from __future__ import annotations


class StackError(Exception):
    """Say what did not work and what to do about it."""


class PortInUse(StackError):
    """Say that another program listens on a port of the stack."""


class AlreadyRunning(StackError):
    """Say that a stack runs in the same folder."""


class DeployFailed(StackError):
    """Say which resource failed and why."""


class SmokeFailed(StackError):
    """Say which routes, triggers, indexes or settings are not what the template says."""
