"""Every error a person can cause or meet, each shown as one line.

The message of a `MascotError` says what was wrong, where, and what to do about it. The command line
prints it and exits with 2; a page shows it as a sentence. Anything else that is raised is a bug.

    MascotError
    ├── SettingsError      a setting that cannot be right
    ├── PersonaError       a persona card that cannot be used
    ├── InputError         a message or request that cannot be accepted
    ├── BusyError          more is asked than can be given just now
    ├── ForbiddenError     something that is not for everybody
    ├── NotFoundError      a conversation or page that does not exist (any more)
    ├── StoreError         the journal could not be written or read
    ├── ModelError         a model file that is missing, truncated or not what it should be
    ├── AdapterError       an adapter that the registry does not have, or cannot use
    ├── HubError           the Hugging Face Hub cannot be reached, or refuses
    └── EngineError        an engine that could not answer
        └── EngineTimeoutError  … within its time
"""


class MascotError(Exception):
    """Something a person can understand and act on; `str(error)` is the one line to show."""


class SettingsError(MascotError):
    """A setting that cannot be right."""


class PersonaError(MascotError):
    """A persona card that cannot be used; names the file, the line and the field."""


class InputError(MascotError):
    """A message or request that cannot be accepted."""


class BusyError(MascotError):
    """More is asked than can be given just now; the same will be possible later.

    Args:
        line: what to tell the person.
        wait: seconds after which to come again.
    """

    def __init__(self, line: str, wait: float = 60.0) -> None:
        super().__init__(line)
        self.wait = wait


class ForbiddenError(MascotError):
    """Something that is not for everybody, asked for by somebody it is not for."""


class NotFoundError(MascotError):
    """A conversation that does not exist, or no longer does."""


class StoreError(MascotError):
    """The journal could not be written or read; nothing that was acknowledged is lost."""


class ModelError(MascotError):
    """A model file that is missing, truncated or not what it should be."""


class AdapterError(MascotError):
    """An adapter that the registry does not have, or cannot use."""


class HubError(MascotError):
    """The Hugging Face Hub cannot be reached, or refuses what was asked."""


class EngineError(MascotError):
    """An engine that could not answer."""


class EngineTimeoutError(EngineError):
    """An engine that did not answer within its time."""
