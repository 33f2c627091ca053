"""Static files are served from a list: what `collectstatic` wrote down, never what happens to lie in a folder."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from django.apps import apps
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.contrib.staticfiles.storage import staticfiles_storage
from django.contrib.staticfiles.utils import matches_patterns
from whitenoise.middleware import WhiteNoiseMiddleware

COMPRESSED = (".gz", ".br")


class ListedFiles(WhiteNoiseMiddleware):
    """WhiteNoise without its walk through STATIC_ROOT.

    A server serves the files of the manifest, each under its own and its hashed name. In DEBUG what the finders find
    is served, less what `collectstatic` would pass over.
    """

    def update_files_dictionary(self, root: str, prefix: str) -> None:
        for name in _collected():
            path = os.path.join(root, name)
            if not _is_regular_inside(path, root):
                continue
            variants = [path, *(path + ending for ending in COMPRESSED)]
            known = {each: os.stat(each) for each in variants if _is_regular_inside(each, root)}
            self.add_file_to_dictionary(prefix + name, path, stat_cache=known)

    def candidate_paths_for_url(self, url: str) -> Iterator[str]:
        name = url.removeprefix(self.static_prefix)
        if name != url and not _is_passed_over(name) and (path := finders.find(name)):
            yield path


def _collected() -> set[str]:
    """The names in the manifest; none where nothing was collected."""
    listed = getattr(staticfiles_storage, "hashed_files", {})
    return {name for name in {*listed, *listed.values()} if not _is_passed_over(name)}


def _is_passed_over(name: str) -> bool:
    """Whether `collectstatic` would not take the file: a dot file, or one in such a folder."""
    patterns = cast(StaticFilesConfig, apps.get_app_config("staticfiles")).ignore_patterns
    return any(not part or matches_patterns(part, patterns) for part in name.split("/"))


def _is_regular_inside(path: str, root: str) -> bool:
    """A file that is there and, links followed, lies in the folder: a link to the outside is not served."""
    return os.path.isfile(path) and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
