# The runtime image: lading[serve] and nothing that only builds, converts, trains or tests.
#
#   docker build -t lading/runtime:0.1.0 .
#
# Arguments, none of which reach the image: BASE (any Debian with Python 3.11 and its venv, better by digest),
# PIP_INDEX_URL and PIP_EXTRA_INDEX_URL (a package index of your own), EXTRA_CA (certificates in PEM that vouch for it).
ARG BASE=python:3.11-slim-bookworm

# hadolint ignore=DL3006
FROM ${BASE} AS build
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG EXTRA_CA
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1
SHELL ["/bin/sh", "-euc"]
WORKDIR /build
COPY runtime/images/build.lock runtime/images/serve.lock ./
# Packages of which only a wheel is taken: nothing is compiled, and no package's own code runs here.
RUN python3.11 -m venv tools; \
    python3.11 -m venv --without-pip /opt/lading; \
    trusted=$(tools/bin/python -c 'from pip._vendor import certifi; print(certifi.where())'); \
    { cat "$trusted"; printf '%s\n' "${EXTRA_CA:-}"; } > trusted.pem; \
    export PIP_CERT=/build/trusted.pem PIP_REQUIRE_HASHES=1 PIP_NO_DEPS=1 PIP_ONLY_BINARY=:all:; \
    tools/bin/pip install --quiet --no-compile -r build.lock; \
    tools/bin/pip --python /opt/lading/bin/python install --quiet --no-compile -r serve.lock
COPY . source
RUN tools/bin/pip wheel --quiet --no-deps --no-index --no-build-isolation --wheel-dir wheels ./source; \
    tools/bin/pip --python /opt/lading/bin/python install --quiet --no-compile --no-deps --no-index --find-links wheels lading
# What a server does not load: Ray's clients for Java, its pages, its libraries for training, data and language models,
# its own copies of what is beside it; what converts graphs, builds extensions or makes environments; types and tests.
WORKDIR /opt/lading/lib/python3.11/site-packages
RUN rm -rf ray/jars ray/dashboard/client ray/rllib ray/train ray/tune ray/data ray/llm ray/air \
        ray/_private/runtime_env/agent/thirdparty_files \
        onnxruntime/transformers onnxruntime/quantization onnxruntime/tools \
        numpy/f2py numpy/distutils numpy/_core/include numpy/random/lib \
        virtualenv virtualenv-* distlib distlib-* py_spy-*; \
    find . -type d \( -name tests -o -name test \) -prune -exec rm -rf {} +; \
    find . -type f \( -name '*.pyi' -o -name '*.pxd' -o -name '*.pyx' -o -name '*.[ch]' -o -name '*.a' \) -delete; \
    find /opt/lading/bin -mindepth 1 ! -name 'python*' ! -name lading ! -name dumb-init -delete; \
    /opt/lading/bin/python -I -B -m lading.runtime.images.inventory /opt/lading/share; \
    /opt/lading/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash .
# With the folders above it, and without a time, so that the same packages are the same layer.
WORKDIR /image/opt
RUN mv /opt/lading .; \
    find /image -exec touch --no-dereference --date=@0 {} +

# hadolint ignore=DL3006
FROM ${BASE}
SHELL ["/bin/sh", "-euc"]
# Nobody installs anything here, and no program lends its owner's rights. What a volume is mounted over is open to
# whichever user the container runs as.
RUN rm -rf /usr/bin/apt* /usr/bin/dpkg* /usr/lib/apt /usr/lib/dpkg /etc/apt /var/lib/apt /var/cache/* /var/log/* \
        /usr/local/bin/pip* /usr/local/lib/python3*/site-packages/* \
        /usr/lib/python3*/ensurepip /usr/local/lib/python3*/ensurepip /usr/share/python-wheels /root/.??*; \
    find / -xdev -type f -perm /6000 -exec chmod ug-s {} +; \
    echo 'lading:x:10001:10001:Lading:/var/lib/lading:/usr/sbin/nologin' >>/etc/passwd; \
    echo 'lading:x:10001:' >>/etc/group; \
    mkdir -m 1777 /run/lading /var/lib/lading; \
    mkdir /bundles
COPY --from=build /image /
ENV PATH=/opt/lading/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/var/lib/lading \
    TMPDIR=/run/lading \
    PYTHONDONTWRITEBYTECODE=1 \
    LADING_HOST=0.0.0.0 \
    LADING_STATE_FOLDER=/var/lib/lading/state
LABEL org.opencontainers.image.title="Lading" \
      org.opencontainers.image.description="Serves trained models that say where they came from" \
      org.opencontainers.image.licenses="Apache-2.0 AND GPL-2.0-only"
VOLUME ["/run/lading", "/var/lib/lading"]
USER 10001:10001
WORKDIR /
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=10s --start-period=120s --retries=3 CMD ["lading", "health"]
ENTRYPOINT ["dumb-init", "--single-child", "--", "lading"]
CMD ["serve", "/bundles"]
