"""Told to stop while no attempt runs: what guard itself has started is ended, and guard leaves within the grace.

A remedy's command, a strategy of the user's or the classifier may be under way then, and whoever told us to stop will
not wait for them (hosted runners give about ten seconds).
"""

from __future__ import annotations

import os
import signal

from guard.attempt import tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.attempt.relay import Relay

GRACE_S = 8.0
_AFTER_KILL_S = 1.0


class Between:
    """Acts on signals to stop from now on, until the next attempt begins to listen."""

    def __init__(self, relay: Relay, grace_s: float = GRACE_S) -> None:
        """`grace_s`: seconds from the first signal to KILL; a second signal kills at once."""
        self._relay = relay
        self._grace_s = grace_s
        self._killed = False
        relay.on_stop = self._told

    def over(self) -> None:
        """An attempt begins, which sees to signals itself; what came for nobody meanwhile is not for it, a signal to stop is."""
        self._relay.on_stop = None
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._relay.keep_stops()

    def _told(self, number: int) -> None:
        """Forward the signal as an attempt's group would get it, and see to an end."""
        signal.signal(signal.SIGALRM, self._late)
        if self._relay.stops > 1:
            self._late(number, None)
            return
        those = tree.descendants()
        tree.signal_all(those, number)
        tree.signal_all(those, signal.SIGCONT)
        signal.setitimer(signal.ITIMER_REAL, self._grace_s)

    def _late(self, number: int, frame: object) -> None:
        """KILL; where guard has still not come to its end by itself a second later, it leaves."""
        del number, frame
        if self._killed:
            os._exit(128 + (self._relay.stopped_by or signal.SIGTERM))
        self._killed = True
        # Not collected here: whoever started them learns how they ended.
        tree.signal_all(tree.descendants(), signal.SIGKILL)
        signal.setitimer(signal.ITIMER_REAL, _AFTER_KILL_S)
