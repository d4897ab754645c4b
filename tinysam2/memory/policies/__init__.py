"""Memory policies, which decide on the frames a bank keeps: those of several papers, and ours.

A policy decides, the bank stores.  Frames that the user prompted, pinned or banned never reach
`Policy.decide`.
"""

from tinysam2.config import MemoryConfig, MemoryPolicy
from tinysam2.memory.policies.dam4sam import Dam4SamPolicy
from tinysam2.memory.policies.fifo import FifoPolicy
from tinysam2.memory.policies.policy import BankView, Policy
from tinysam2.memory.policies.quality import QualityPolicy
from tinysam2.memory.policies.samurai import SamuraiPolicy

__all__ = ["POLICIES", "BankView", "Policy", "make_policy"]

POLICIES: dict[MemoryPolicy, type[Policy]] = {
    MemoryPolicy.QUALITY: QualityPolicy,
    MemoryPolicy.FIFO: FifoPolicy,
    MemoryPolicy.SAMURAI: SamuraiPolicy,
    MemoryPolicy.DAM4SAM: Dam4SamPolicy,
}


def make_policy(config: MemoryConfig) -> Policy:
    """Make the policy of one object's bank."""
    return POLICIES[config.policy](config)
