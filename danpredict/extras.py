"""The error message for a missing package of an optional extra."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needs_extra(what: str, extra: str) -> Iterator[None]:
    """Turn a failed import inside the block into an ImportError that names the pip command.

    Parameters
    ----------
    what : str
        What needs the package, for example ``"training"``.
    extra : str
        The extra of danpredict that installs the package.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        message = f"{what} needs {error.name}: pip install 'danpredict[{extra}]'"
        raise ImportError(message) from error
