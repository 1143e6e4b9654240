"""Imports in the worker: modules are of the run's start, whatever their files hold now; standard library only, 3.9 on.

Where Python finds a pinned file it reads what was pinned; where the file is gone, it is found all the same.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import cache_from_source, spec_from_file_location
from typing import Any


def pin(texts: dict[str, bytes]) -> None:
    """From now on import these modules, by their files' paths, as they are given here."""
    if not texts:
        return
    plain = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> Any:
        path = self.get_filename(fullname)
        text = texts.get(os.path.normpath(path))
        if text is None:
            return plain(self, fullname)
        try:
            if self.get_data(path) == text and _cache_is_true(path):
                return plain(self, fullname)
        except OSError:
            pass  # it is gone, or can not be read any more
        return compile(text, path, "exec", dont_inherit=True)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign,assignment]  # the one place all sources come through
    finders: list[Any] = sys.meta_path
    # Before Python's own, which would take what has come since, such as a package of the name of a file that is gone.
    finders.insert(finders.index(PathFinder) if PathFinder in finders else len(finders), _Finder(texts))


class _Finder:
    """Finds the pinned modules, and the folders they lay in, that are gone; all others are Python's to find."""

    def __init__(self, texts: dict[str, bytes]) -> None:
        self._texts = texts
        self._folders = {folder for file in texts for folder in _above(file)}
        self._names = {os.path.basename(one).partition(".")[0] for one in (*texts, *self._folders)}

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        name = fullname.rpartition(".")[2]
        if name not in self._names:
            return None
        folders = [one for one in (sys.path if path is None else path) if isinstance(one, str) and os.path.isabs(one)]
        places = [os.path.normpath(os.path.join(folder, name)) for folder in folders]
        for place in places:
            package, module = os.path.join(place, "__init__.py"), place + ".py"
            if package in self._texts:
                return None if os.path.exists(package) else _spec(fullname, package, [place])
            if module in self._texts and (os.path.exists(package) or not os.path.exists(module)):
                return _spec(fullname, module, None)  # a package there would come first, and is younger
            if os.path.exists(package) or os.path.exists(module):
                return None
        if not any(place in self._folders and not os.path.isdir(place) for place in places):
            return None
        found = PathFinder.find_spec(fullname, path)
        if found is not None and (found.loader is not None or found.origin is not None):
            return None
        spec = ModuleSpec(fullname, None, is_package=True)  # a namespace: all the folders of its name
        spec.submodule_search_locations = [one for one in places if one in self._folders or os.path.isdir(one)]
        return spec


def _spec(fullname: str, file: str, inside: list[str] | None) -> ModuleSpec | None:
    return spec_from_file_location(fullname, file, submodule_search_locations=inside)


def _above(file: str) -> set[str]:
    """All folders that a file lies in."""
    found, folder = set(), os.path.dirname(file)
    while folder not in found:
        found.add(folder)
        folder = os.path.dirname(folder)
    return found


def _cache_is_true(path: str) -> bool:
    """Whether Python may look for a file's code in its cache.

    It compares sizes and full seconds, and takes what it has kept of a file for the one that was saved a moment later.
    A cached file that is not younger than its source is taken away, so that a new one can be made.
    """
    try:
        cached = cache_from_source(path)
        if os.stat(cached).st_mtime_ns <= os.stat(path).st_mtime_ns:
            os.unlink(cached)
    except (FileNotFoundError, NotImplementedError):
        return True  # nothing is cached
    except OSError:
        return False
    return True
