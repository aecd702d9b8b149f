"""Where a model comes from whose weights may be used commercially, and a check of all its sources.

``weights/provenance/<model>.json`` names each source of such a model: pictures, hand-made outlines,
published definitions of landmarks, and other networks. `ALLOWED` is the complete list of what these
may be.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from danpredict.files.outputs import write_text
from danpredict.resources import data_folder

# Every source that may enter, with the licence that its author states. A source is added here
# only if someone has read its licence.
ALLOWED: dict[str, str] = {
    "sfhq_t2i": "MIT",
    "sfhq": "MIT",
    "congress": "public domain",
    "london": "CC-BY 4.0",
    "cc0": "CC0 1.0",
    "london outlines": "CC-BY 4.0",
    "YuNet": "MIT",
    "MediaPipe face mesh 0.10.14": "Apache-2.0",
    "eos": "Apache-2.0",
    "ICT-FaceKit": "MIT",
    "PIPNet": "MIT",
    "GNM": "Apache-2.0",
}


@dataclass(frozen=True)
class Source:
    """One source of a model.

    Attributes
    ----------
    name, licence : str
        As in `ALLOWED`.
    origin : str
        Who made it, and where it is published.
    files : int
    sha256 : str
        Over all files; see `danpredict.training.clean_labels.provenance.hash_files`.
    gave : str
        What the model has from it.
    """

    name: str
    licence: str
    origin: str
    files: int
    sha256: str
    gave: str


@dataclass(frozen=True)
class Provenance:
    """All sources of a model, and what was deliberately not used.

    Attributes
    ----------
    sources : tuple of Source
    not_used : dict
        Reasons by the name of what was not used.
    limits : tuple of str
        What the list of sources does not show.
    """

    sources: tuple[Source, ...]
    not_used: Mapping[str, str]
    limits: tuple[str, ...]

    def check(self) -> None:
        """Raise ValueError for a source or a licence that is not in `ALLOWED`."""
        check_sources(source.name for source in self.sources)
        for source in self.sources:
            if source.licence != ALLOWED[source.name]:
                raise ValueError(
                    f"expected the licence {ALLOWED[source.name]!r} for {source.name}, got "
                    f"{source.licence!r}: read the source's licence and correct one of them"
                )

    def write(self, path: Path) -> None:
        """Write the JSON file that `read_provenance` reads, after `check`."""
        self.check()
        write_text(path, json.dumps(asdict(self), indent=1) + "\n")


def check_sources(names: Iterable[str]) -> None:
    """Raise ValueError for a name that is not in `ALLOWED`."""
    for name in names:
        if name not in ALLOWED:
            raise ValueError(
                f"expected sources out of {sorted(ALLOWED)}, got {name!r}: its terms may bar "
                "commercial use, so leave it out"
            )


def read_provenance(model: str) -> Provenance | None:
    """The provenance of a shipped model, checked; None if the model has no such file.

    A model in int8 has the file of the float32 model that it was made from.

    Raises
    ------
    ValueError
        The file is damaged, or names a source that is not allowed.
    """
    path = data_folder("weights") / "provenance" / f"{model.removesuffix('-int8')}.json"
    if not path.is_file():
        return None
    try:
        data = json.loads(path.read_text("utf-8"))
        provenance = Provenance(
            tuple(Source(**source) for source in data["sources"]),
            dict(data["not_used"]),
            tuple(data["limits"]),
        )
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f"expected the sources of a model in {path}: {error}") from error
    provenance.check()
    return provenance


def provenance_lines(provenance: Provenance) -> list[str]:
    """The lines that ``danpredict info`` prints about the sources of a model."""
    lines = ["sources of the weights (a record of what was done, not legal advice):"]
    for source in provenance.sources:
        lines.append(f"  {source.name} ({source.licence}): {source.gave}")
        lines.append(f"    {source.origin}")
        lines.append(f"    files {source.files}, SHA-256 {source.sha256}")
    lines.append("deliberately not used:")
    lines += [f"  {name}: {reason}" for name, reason in provenance.not_used.items()]
    lines.append("what this record does not show:")
    lines += [f"  {limit}" for limit in provenance.limits]
    return lines
