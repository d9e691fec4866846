"""What builds and runs our images for scripts/check_image: Docker where a daemon answers, else buildah."""

import json
import os
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "rebake-image-check"
CERTIFICATES = "/etc/machine-certificates.crt"
# What this machine's package clients need to reach their registries, if it needs anything.
PASSED_ON = ("PIP_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def run(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, command)], check=True, text=True, stdin=subprocess.DEVNULL, **options)


def said(*command: str | Path) -> str:
    return run(*command, stdout=subprocess.PIPE).stdout.strip()


@dataclass(frozen=True)
class Image:
    """An image of ours: its name, its Dockerfile, and the most bytes that it may have unpacked."""

    name: str
    dockerfile: str
    largest: int

    @property
    def tag(self) -> str:
        return f"{PREFIX}-{self.name}"


IMAGES = (Image("action", "Dockerfile", 2_000_000_000), Image("check", "check.Dockerfile", 150_000_000))


class Engine(Protocol):
    """What builds images and runs them."""

    def build(self, image: Image) -> None: ...
    def size(self, image: Image) -> int: ...
    def packed_size(self, image: Image) -> int: ...
    def run(
        self, image: Image, command: Sequence[str], env: Mapping[str, str], mounts: Mapping[Path, str]
    ) -> tuple[int, str]: ...
    def entrypoint(self, image: Image) -> list[str]: ...
    def close(self) -> None: ...


class Docker:
    """A Docker daemon that answers."""

    @staticmethod
    def answers() -> bool:
        return (
            bool(shutil.which("docker"))
            and not subprocess.run(["docker", "info"], check=False, capture_output=True).returncode
        )

    def build(self, image: Image) -> None:
        run("docker", "build", "--network", "host", "--file", ROOT / image.dockerfile, "--tag", image.tag, ROOT)

    def size(self, image: Image) -> int:
        return int(said("docker", "image", "inspect", "--format", "{{.Size}}", image.tag))

    def packed_size(self, image: Image) -> int:
        with subprocess.Popen(["docker", "image", "save", image.tag], stdout=subprocess.PIPE) as saved:
            return gzipped_size(saved)

    def entrypoint(self, image: Image) -> list[str]:
        wanted = "{{json .Config.Entrypoint}}"
        return list(json.loads(said("docker", "image", "inspect", "--format", wanted, image.tag)))

    def run(
        self, image: Image, command: Sequence[str], env: Mapping[str, str], mounts: Mapping[Path, str]
    ) -> tuple[int, str]:
        options = ["--rm", "--network", "host", "--workdir", env["GITHUB_WORKSPACE"], "--entrypoint", command[0]]
        options += [part for key in env for part in ("--env", f"{key}={env[key]}")]
        options += [part for place in mounts for part in ("--volume", f"{place}:{mounts[place]}")]
        return outcome(["docker", "run", *options, image.tag, *command[1:]])

    def close(self) -> None:
        for image in IMAGES:
            subprocess.run(["docker", "image", "rm", "--force", image.tag], check=False, capture_output=True)


class Buildah:
    """buildah in a chroot, on a base image made here: for a machine (a sandbox, a CI container) without a daemon."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.tool = [
            "buildah",
            "--root",
            str(work / "store"),
            "--runroot",
            str(work / "run"),
            "--storage-driver",
            "vfs",
        ]
        self.containers: dict[str, str] = {}
        self.base = ""
        missing = [tool for tool in ("buildah", "debootstrap") if not shutil.which(tool)]
        if missing:
            if os.geteuid():
                sys.exit(f"No Docker daemon answers, and without root {' and '.join(missing)} cannot be installed.")
            quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
            run("apt-get", "update", **quiet)
            run("apt-get", "install", "--yes", "--no-install-recommends", *missing, **quiet)

    def build(self, image: Image) -> None:
        text = (ROOT / image.dockerfile).read_text(encoding="utf-8")
        [base] = set(re.findall(r"^FROM\s+(\S+)", text, flags=re.MULTILINE)) - {"scratch"}
        name, _, digest = base.partition("@")
        if not self.base:
            self.make_base(name)
            self.base = name
        dockerfile = self.work / image.dockerfile
        dockerfile.write_text(text.replace(f"@{digest}", ""), encoding="utf-8")  # the stand-in has another digest
        run(
            *self.tool,
            *("build", "--isolation", "chroot", "--network", "host", "--pull-never", "--layers=false"),
            *("--file", dockerfile, "--tag", image.tag, ROOT),
        )
        self.containers[image.name] = said(*self.tool, "from", "--pull-never", image.tag)

    def make_base(self, name: str) -> None:
        """Debian's minimal system of the wanted suite, slimmed as the official image is, tagged with its name."""
        suite = re.fullmatch(r"debian:(\w+)-slim", name.removeprefix("docker.io/library/"))
        if suite is None:
            sys.exit(f"The Dockerfile's base is {name}; this check can only make a stand-in for debian:<suite>-slim.")
        root = self.work / "base"
        run("debootstrap", "--variant=minbase", suite[1], root, stdout=subprocess.DEVNULL)
        for place in ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/lib/apt/lists", "var/cache/apt"):
            shutil.rmtree(root / place, ignore_errors=True)
            (root / place).mkdir(parents=True)
        passed = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
        bundle = next((os.environ[key] for key in ("PIP_CERT", "SSL_CERT_FILE") if os.environ.get(key)), None)
        if bundle:
            shutil.copyfile(bundle, root / CERTIFICATES.lstrip("/"))
            passed |= {"PIP_CERT": CERTIFICATES, "SSL_CERT_FILE": CERTIFICATES}
        base = said(*self.tool, "from", "scratch")
        run(*self.tool, "add", "--quiet", base, root, "/", stdout=subprocess.DEVNULL)
        shutil.rmtree(root)
        env = [part for key, value in passed.items() for part in ("--env", f"{key}={value}")]
        path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        run(*self.tool, "config", "--env", path, *env, base)
        run(*self.tool, "commit", "--quiet", "--rm", base, f"docker.io/library/{name}", stdout=subprocess.DEVNULL)

    def size(self, image: Image) -> int:
        return int(said("du", "--summarize", "--bytes", "--one-file-system", self._root(image)).split()[0])

    def packed_size(self, image: Image) -> int:
        command = ["tar", "--create", "--one-file-system", "--directory", self._root(image), "."]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as packed:
            return gzipped_size(packed)

    def _root(self, image: Image) -> str:
        return said(*self.tool, "mount", self.containers[image.name])

    def entrypoint(self, image: Image) -> list[str]:
        config = json.loads(said(*self.tool, "inspect", "--type", "image", image.tag))
        return list(config["OCIv1"]["config"]["Entrypoint"])

    def run(
        self, image: Image, command: Sequence[str], env: Mapping[str, str], mounts: Mapping[Path, str]
    ) -> tuple[int, str]:
        options = ["--isolation", "chroot", "--network", "host", "--workingdir", env["GITHUB_WORKSPACE"]]
        options += [part for key in env for part in ("--env", f"{key}={env[key]}")]
        options += [part for place in mounts for part in ("--volume", f"{place}:{mounts[place]}")]
        return outcome([*self.tool, "run", *options, self.containers[image.name], "--", *command])

    def close(self) -> None:
        subprocess.run([*self.tool, "rm", "--all"], check=False, capture_output=True)
        subprocess.run([*self.tool, "rmi", "--all", "--force"], check=False, capture_output=True)
        shutil.rmtree(self.work, ignore_errors=True)


def outcome(command: list[str]) -> tuple[int, str]:
    done = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    return done.returncode, done.stdout


def gzipped_size(archive: subprocess.Popen[bytes]) -> int:
    """How many bytes an archive has that is packed as a registry keeps its layers."""
    assert archive.stdout is not None
    packer, size = zlib.compressobj(6), 0
    while chunk := archive.stdout.read(1 << 20):
        size += len(packer.compress(chunk))
    return size + len(packer.flush())
