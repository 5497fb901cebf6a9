# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Files of the Hugging Face hub, by its own package and in its own cache.

That package obeys HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE, HF_TOKEN and
HF_ENDPOINT, and so does everything here. Files are only read, none is run.
"""
import logging
import re
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Iterator, NamedTuple, Optional, Tuple

from filelock import FileLock
from mmengine.logging import print_log

from .address import SHA256
from .read import FOLDER_FILES, CheckpointError, parts_of, sha256_of

PLACE = re.compile(
    r'hf://(?:models/)?(?P<repo>[\w.-]+/[\w.-]+)'
    r'(?:@(?P<revision>refs/[\w.-]+/[\w.-]+|[^/]+))?(?:/(?P<file>.+))?')
COMMIT = re.compile('[0-9a-f]{40}')
REFUSED = 401, 403, 404


class Place(NamedTuple):
    """Where weights are on the hub.

    Args:
        repo: 'owner/name'.
        revision: Branch, tag or commit.
        file: Path in the repository; None for what transformers wrote there.
    """

    repo: str
    revision: str = 'main'
    file: Optional[str] = None

    @property
    def files(self) -> Tuple[str, ...]:
        """Where the weights may be, the best first."""
        return (self.file, ) if self.file else FOLDER_FILES

    def __str__(self) -> str:
        revision = '' if self.revision == 'main' else f'@{self.revision}'
        return f'hf://{self.repo}{revision}' + (
            f'/{self.file}' if self.file else '')


def parse_place(url: str) -> Place:
    """Read hf://OWNER/NAME, with @REVISION and /FILE as the hub writes them.

    Raises:
        CheckpointError: If it is none.
    """
    found = PLACE.fullmatch(url)
    if found is None:
        raise CheckpointError(
            f'{url} is no place on the hub; write hf://OWNER/NAME, then '
            '@REVISION and /FILE where they are needed')
    return Place(**{key: text for key, text in found.groupdict().items()
                    if text is not None})


def import_hub(place: Place) -> ModuleType:
    """The hub's package, which is optional.

    Raises:
        CheckpointError: If it is not installed.
    """
    try:
        import huggingface_hub
    except ImportError as error:
        raise CheckpointError(
            f'{place} needs a package: pip install huggingface_hub; or save '
            f'https://huggingface.co/{place.repo}/resolve/{place.revision}/'
            f'{place.files[0]} and name that file in its place') from error
    return huggingface_hub


def find_on_disk(place: Place) -> Optional[Path]:
    """The newest copy of a revision in the hub's cache, None without one."""
    hub = import_hub(place)
    found = (hub.try_to_load_from_cache(place.repo, name,
                                        revision=place.revision)
             for name in place.files)
    return next((Path(path) for path in found if isinstance(path, str)), None)


def download_from_hub(place: Place, sha256: Optional[str] = None) -> Path:
    """Bring weights into the hub's cache, unless its newest are there.

    A commit that is on disk is used without asking the hub, and so is any
    revision where the hub is not reached; the log says so.

    Args:
        place: Of the weights.
        sha256: Of the file; another one is refused.

    Returns:
        The file, or the index of the parts, which are beside it.

    Raises:
        CheckpointError: One sentence with the cure.
    """
    path = find_on_disk(place)
    if path is None or not COMMIT.fullmatch(place.revision):
        try:
            name = find_remote(place)
        except Unreached as error:
            if path is None:
                raise CheckpointError(str(error)) from error
            print_log(f'{error.why}; {place} is the copy of it on disk, '
                      f'{path}', 'current', logging.WARNING)
        else:
            path = fetch(place, name, sha256)
    if sha256 and sha256 != stored_sha256(path):
        raise CheckpointError(f'{place} was not loaded: the SHA-256 of {path} '
                              f'is {stored_sha256(path)}, not {sha256}')
    for part in parts_of(path):
        if not part.exists():
            # The index lies in a folder that has the name of its commit, at
            # the depth of its name in the repository.
            name = place.file or path.name
            commit = path.parents[name.count('/')].name
            fetch(place._replace(revision=commit),
                  str(Path(name).with_name(part.name)))
    return path


class Unreached(Exception):
    """The hub gave no answer; ``why`` says so alone, the text what to do."""

    def __init__(self, place: Place, error: Exception) -> None:
        hub = import_hub(place)
        is_offline = isinstance(error, hub.errors.OfflineModeIsEnabled)
        self.why = 'HF_HUB_OFFLINE is set' if is_offline else (
            f'{hub.constants.ENDPOINT} was not reached ({reason(error)})')
        name, cache = place.files[0], Path(hub.constants.HF_HUB_CACHE)
        revision = '' if place.revision == 'main' else (
            f' --revision {place.revision}')
        url = hub.hf_hub_url(place.repo, name, revision=place.revision)
        super().__init__(
            f'{place} is not on this disk and {self.why}; where there is a '
            f'network, run `hf download {place.repo} {name}{revision}` and '
            f'copy the folder {folder_of(place)} of its cache to {cache} '
            f'here, or save {url} and name that file in its place')


def find_remote(place: Place) -> str:
    """Ask the hub for the file's name, once and without waiting for long.

    Raises:
        Unreached: If it gives no answer.
        CheckpointError: If it has no such file, or not for everybody.
    """
    hub = import_hub(place)
    pages = f'{hub.constants.ENDPOINT}/{place.repo}'
    for name in place.files:
        url = hub.hf_hub_url(place.repo, name, revision=place.revision)
        try:
            hub.get_hf_file_metadata(url)
            return name
        except hub.errors.EntryNotFoundError:
            continue
        except hub.errors.RevisionNotFoundError as error:
            raise CheckpointError(
                f'{place}: the repository has no branch, tag or commit '
                f'{place.revision}; {pages}/tree/main shows them') from error
        except hub.errors.GatedRepoError as error:
            raise CheckpointError(
                f'{place} is for those who accept its terms: do so at '
                f'{pages}, then set HF_TOKEN or run `hf auth login`'
            ) from error
        except Exception as error:  # of whatever its HTTP library raises
            answer = getattr(error, 'response', None)
            if getattr(answer, 'status_code', None) in REFUSED:
                raise CheckpointError(
                    f'{place}: {hub.constants.ENDPOINT} has no repository '
                    f'{place.repo}, or a private one: see to the spelling, '
                    'or set HF_TOKEN or run `hf auth login`') from error
            raise Unreached(place, error) from error
    raise CheckpointError(f'{place}: the repository has no '
                          f'{" or ".join(place.files)}; its files: '
                          f'{pages}/tree/{place.revision}')


def fetch(place: Place, name: str, sha256: Optional[str] = None) -> Path:
    """Download one file, if it is not on disk. Of the processes that share a
    disk one does so and the others wait.

    Raises:
        CheckpointError: If it does not arrive as it is on the hub; nothing
            of it is left then.
    """
    hub = import_hub(place)
    cache = Path(hub.constants.HF_HUB_CACHE)
    with one_at_a_time(cache / '.locks' / folder_of(place) / 'vitpose_mm'):
        known = hub.try_to_load_from_cache(place.repo, name,
                                           revision=place.revision)
        try:
            path = Path(hub.hf_hub_download(place.repo, name,
                                            revision=place.revision))
        except Exception as error:  # of whatever its HTTP library raises
            raise CheckpointError(
                f'{place._replace(file=name)} was not downloaded '
                f'({reason(error)}); try again, or save '
                f'{hub.hf_hub_url(place.repo, name, revision=place.revision)} '
                'by other means and name that file in its place') from error
        if isinstance(known, str) and path.samefile(known):
            return path
        digest = sha256_of([path])
        stated = sha256 or stored_sha256(path)
        if stated != digest:
            path.resolve().unlink()
            path.unlink(missing_ok=True)
            raise CheckpointError(
                f'{place._replace(file=name)} was downloaded and removed: its '
                f'SHA-256 is {digest}, not {stated}')
    return path


def stored_sha256(path: Path) -> str:
    """SHA-256 of a file in the hub's cache, which calls large ones so."""
    name = path.resolve().name
    return name if SHA256.fullmatch(name) else sha256_of([path])


def folder_of(place: Place) -> str:
    """A repository's folder in the hub's cache."""
    return f'models--{place.repo.replace("/", "--")}'


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold a lock, or none where the disk cannot be written: nothing is
    downloaded there either."""
    lock = FileLock(f'{path}.lock')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError:
        yield
        return
    try:
        yield
    finally:
        lock.release()


def reason(error: Exception) -> str:
    """An error in one line."""
    lines = str(error).strip().splitlines() or ['']
    return f'{type(error).__name__}: {lines[0]}'
