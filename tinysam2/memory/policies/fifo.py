"""SAM 2's memory policy."""

from tinysam2.memory.entry import BankDecision, Decision, MemoryEntry
from tinysam2.memory.policies.policy import BankView, Policy


class FifoPolicy(Policy):
    """The newest frame enters, the oldest leaves; conditioning frames take no places.

    Source: SAM 2 (Ravi et al. 2024, arXiv:2408.00714), section 4, "Memory bank".
    """

    reads_previous = False
    conditioning_take_places = False

    def decide(self, entry: MemoryEntry, bank: BankView) -> BankDecision:
        """Let every frame in."""
        if not bank.is_full:
            return Decision.KEPT, "first in, first out: the bank had room", None
        reason = f"first in, first out: frame {bank.oldest} was oldest"
        return Decision.REPLACED, reason, bank.oldest
