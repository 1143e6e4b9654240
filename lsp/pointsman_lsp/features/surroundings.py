"""What the engine may look at around a document, for one question: files are read when they are asked for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pointsman.language import model
from pointsman.language.checks.context import Context, Files
from pointsman.language.scope import Around
from pointsman_lsp.analysis.document import Document


@dataclass(frozen=True)
class Texts(Mapping[str, bytes | None]):
    """The files as a document names them, by path from its folder; each is read once, None is none to read."""

    document: Document
    read: dict[str, bytes | None] = field(default_factory=dict)

    def __getitem__(self, path: str) -> bytes | None:
        if path not in self.read:
            self.read[path] = self.document.disk.read(self.document.beside(path))
        return self.read[path]

    def __contains__(self, path: object) -> bool:
        """Every path was looked for: what is not there is known not to be."""
        return isinstance(path, str)

    def __iter__(self) -> Iterator[str]:
        return iter(self.read)

    def __len__(self) -> int:
        return len(self.read)


def around(document: Document, offset: int) -> Around | None:
    """The pipeline or policy that an offset belongs to, with the files around it; None where there is none."""
    of = _owner(document, offset)
    if of is None:
        return None
    return Around(Context(document.source, Files(Texts(document)), document.place.settings), of)


def _owner(document: Document, offset: int) -> model.Pipeline | model.Policy | None:
    """The document of the file: the last that starts before the offset, for what is typed below it belongs to it."""
    analysis = document.analysis
    owners: tuple[model.Pipeline | model.Policy, ...] = analysis.pipelines or analysis.policies
    first = owners[0] if owners else None
    return next((one for one in reversed(owners) if one.span.start <= offset), first)
