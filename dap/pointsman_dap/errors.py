"""What a request is refused with: one table of stable ids, so that a client can tell the reasons apart."""

from dataclasses import dataclass

IDS = {
    "unknownRequest": 1001,
    "badArguments": 1002,
    "notInitialized": 1003,
    "alreadyInitialized": 1004,
    "alreadyStarted": 1005,
    "noRun": 1006,
    "ended": 1007,
    "cancelled": 1008,
    "internal": 1009,
    "notStopped": 2000,
    "unknownThread": 2001,
    "staleReference": 2002,
    "unknownReference": 2003,
    "notAFault": 2004,
    "notYours": 2005,
    "launchFailed": 3000,
    "attachFailed": 3001,
    "notEvaluated": 4000,
    "unknownSource": 4001,
    "notEdited": 4002,
}
"""Ids are told to clients and stay what they are: new ones are added, none is given to something else."""

SHORT = frozenset({"cancelled", "notStopped"})
"""Those that the protocol itself has a word for; of all others the sentence is the message."""


@dataclass(eq=False)
class Refused(Exception):
    """A request that is answered with an error. `show` asks the client to put it before the person."""

    code: str
    sentence: str
    show: bool = False

    def body(self) -> dict[str, object]:
        """The error as the protocol wants it. The sentence goes in as a variable: braces in it mean nothing then."""
        return {
            "error": {
                "id": IDS[self.code],
                "format": "{sentence}",
                "variables": {"sentence": self.sentence},
                "showUser": self.show,
            }
        }

    @property
    def message(self) -> str:
        """The protocol's own word where it has one, else the sentence."""
        return self.code if self.code in SHORT else self.sentence
