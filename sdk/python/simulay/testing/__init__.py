"""Unit tests of a plugin, without Docker and without the host.

`trial` plays the host around a pipeline: it checks the parameters and fills in the defaults, has your test answer
each container call, and carries the state from step to step as JSON until the report. What the host would refuse is
`Broken` here.

    done = trial(Square, {"edge_m": 3}).run(lambda call: Answer().json("result.json", {"area_m2": 9}))
    assert done.outcome["area_m2"] == 9

    with self.assertRaises(CallFailed):
        trial(Square).run(lambda call: Answer.ended(How.OUT_OF_MEMORY))
"""

from simulay.testing.answer import Answer, Call
from simulay.testing.examples import agreement, disagreements
from simulay.testing.rules import Broken, check
from simulay.testing.trial import CallFailed, Done, Trial, trial

__all__ = [
    "Answer",
    "Broken",
    "Call",
    "CallFailed",
    "Done",
    "Trial",
    "agreement",
    "check",
    "disagreements",
    "trial",
]
