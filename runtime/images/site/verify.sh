#!/bin/sh
# Check what came before it is installed: every file against its checksum, the image against its layers, the bundles in
# it against their manifests{% if key %} and the public key{% endif %}. Needs Docker; nothing is fetched. Leaves the image in Docker.
set -eu
cd "$(dirname "$0")"

if command -v sha256sum >/dev/null; then sha256sum --check --quiet SHA256SUMS
elif command -v shasum >/dev/null; then shasum -a 256 --check --quiet SHA256SUMS
else echo "neither sha256sum nor shasum is here: the files' checksums were not compared" >&2
fi

docker load --quiet --input image.tar
found=$(docker image inspect --format {% raw %}'{{range .RootFS.Layers}}{{println .}}{{end}}'{% endraw %} "{{ image }}" | sed '/^$/d')
expected="{{ layers | join('\n') }}"
if [ "$found" != "$expected" ]; then
    echo "the image that Docker has as {{ image }} is not the one that these files are about" >&2
    exit 4
fi

docker run --rm --network none --read-only --cap-drop ALL --security-opt no-new-privileges \
{%- if key %}
    --volume "$PWD/release.pub:/release.pub:ro" "{{ image }}" verify /bundles --key /release.pub
{%- else %}
    "{{ image }}" verify /bundles
{%- endif %}
echo "everything is as it was made"
