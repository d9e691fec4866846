# The image of check/action.yml and publish/action.yml: what a check needs, without TensorFlow and NumPy.
# Built and run by scripts/check_image. GitHub builds a Dockerfile in the folder that it is in, hence not in check/.

FROM debian:trixie-slim@sha256:d7e12182ce18b85b93007c1dedf31f2d29e01ccf3182cc4017c709b6259bc132 AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends binutils python3 python3-venv
COPY requirements-check.lock /build/
RUN python3 -m venv /opt/rebake \
    && /opt/rebake/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes \
       --only-binary :all: --requirement /build/requirements-check.lock
RUN cd /opt/rebake/lib/python3.13/site-packages \
    && rm -rf pip pip-*.dist-info tests /opt/rebake/include /opt/rebake/bin/pip* \
    && find . -depth -type d -name tests -exec rm -rf {} + \
    && find . -name '*.so' -exec strip --strip-unneeded {} +
COPY src/rebake /opt/rebake/lib/python3.13/site-packages/rebake
COPY entrypoint /opt/rebake/bin/entrypoint
RUN python3 -m compileall -q /opt/rebake/lib/python3.13/site-packages

FROM debian:trixie-slim@sha256:d7e12182ce18b85b93007c1dedf31f2d29e01ccf3182cc4017c709b6259bc132 AS system
# Git fetches and reads history here, which needs none of its commands in Perl, servers or mail; nothing is installed
# later. dpkg's list stays true, so that scanners see what is there.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git python3 \
    && dpkg --purge --force-all git-man liberror-perl perl perl-modules-5.40 libperl5.40 media-types \
       apt debconf libapt-pkg7.0 libdb5.3t64 libstdc++6 openssl perl-base sqv tzdata \
    && cd /usr/lib/git-core \
    && rm -rf /usr/bin/git-shell /usr/bin/scalar git-daemon git-http-backend git-http-fetch git-http-push git-imap-send \
       git-sh-i18n--envsubst git-shell scalar /usr/lib/*/gconv \
       /usr/share/bash-completion /usr/share/doc /usr/share/gitweb /usr/share/info /usr/share/lintian /usr/share/locale \
       /usr/share/man /usr/share/zoneinfo /usr/share/zsh \
       /usr/lib/python3.13/test /usr/lib/python3.13/pydoc_data /var/lib/apt /var/cache /var/log/*

FROM scratch
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
COPY --from=system / /
COPY --from=build /opt/rebake /opt/rebake
# Isolated: neither the workspace nor the job's environment decides which modules are imported.
ENTRYPOINT ["/opt/rebake/bin/python", "-I", "-u", "/opt/rebake/bin/entrypoint"]
