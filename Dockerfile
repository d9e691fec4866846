# The image of the action: Debian's Python and git, the locked packages, rebake; nothing that only installing needs.
# Built and run by scripts/check_image. Dependabot updates the digest of the base, in check.Dockerfile too.

FROM debian:trixie-slim@sha256:d7e12182ce18b85b93007c1dedf31f2d29e01ccf3182cc4017c709b6259bc132 AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 python3-venv
COPY requirements-image.lock /build/
# On amd64 the lock has tensorflow-cpu in tensorflow's place (half the size, the same modules), hence --no-deps.
RUN python3 -m venv /opt/rebake \
    && /opt/rebake/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes \
       --only-binary :all: --requirement /build/requirements-image.lock
# What only compiling or testing needs: headers, libclang, installers, and the top-level `tests` that a package brings.
RUN cd /opt/rebake/lib/python3.13/site-packages \
    && rm -rf pip pip-*.dist-info setuptools setuptools-*.dist-info wheel wheel-*.dist-info _distutils_hack \
       distutils-precedence.pth tests tensorflow/include clang /opt/rebake/include /opt/rebake/bin/pip* \
    && find . -depth -type d \( -name tests -o -name testdata \) -exec rm -rf {} +
COPY src/rebake /opt/rebake/lib/python3.13/site-packages/rebake
COPY entrypoint /opt/rebake/bin/entrypoint
RUN python3 -m compileall -q /opt/rebake/lib/python3.13/site-packages/rebake

FROM debian:trixie-slim@sha256:d7e12182ce18b85b93007c1dedf31f2d29e01ccf3182cc4017c709b6259bc132
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git python3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /usr/share/doc/* /usr/share/man/*
COPY --from=build /opt/rebake /opt/rebake
# Isolated: neither the workspace nor the job's environment decides which modules are imported.
ENTRYPOINT ["/opt/rebake/bin/python", "-I", "-u", "/opt/rebake/bin/entrypoint"]
