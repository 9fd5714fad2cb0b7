#!/bin/sh
# Makes a base image without an image registry, for builds that can reach package registries only: the Node of this
# checkout (or $NODE), the libraries that it needs, time zones, certificates and busybox. Linux with glibc.
# Usage: deploy/docker/base-image.sh TAG; then NODE_IMAGE=TAG docker compose build
set -eu

tag=${1:?usage: base-image.sh TAG}
here=$(CDPATH='' cd -- "$(dirname "$0")/../.." && pwd -P)
node=${NODE:-$here/.toolchain/node_modules/.bin/node}
[ -x "$node" ] || node=$(command -v node)
# Links and wrapper scripts of package managers lead to the binary.
node=$("$node" -p process.execPath)
busybox=$(command -v busybox) || { echo 'base-image.sh: busybox is missing (apt-get install busybox-static)' >&2; exit 1; }

r=$(mktemp -d)
trap 'rm -rf "$r"' EXIT
mkdir -p "$r/usr/local/bin" "$r/usr/bin" "$r/bin" "$r/etc/ssl/certs" "$r/proc" "$r/sys" "$r/dev" "$r/home/node" "$r/var/lib" "$r/opt"
mkdir -m 1777 "$r/tmp"
cp "$node" "$r/usr/local/bin/node"

library() { mkdir -p "$r$(dirname "$1")" && cp -L "$1" "$r$1"; }
for one in $( { ldd "$node"; ldd "$busybox" || true; } 2>/dev/null | grep -o '/[^ ]*' | sort -u); do library "$one"; done
# Looked up at run time, by name; native add-ons want the C++ library, which Node brings or needs anyway.
for name in libnss_dns.so.2 libnss_files.so.2 libresolv.so.2 libstdc++.so.6 libgcc_s.so.1; do
  for one in $(ldconfig -p | awk -v name="$name" '$1 == name && !seen++ { print $NF }'); do library "$one"; done
done

cp "$busybox" "$r/bin/busybox"
for applet in sh ls cat id env mkdir chmod chown ln rm sleep timeout touch grep head ps kill df; do
  ln -s busybox "$r/bin/$applet"
done
ln -s /bin/busybox "$r/usr/bin/env"
[ ! -f /etc/ssl/certs/ca-certificates.crt ] || cp -L /etc/ssl/certs/ca-certificates.crt "$r/etc/ssl/certs/"
echo 'hosts: files dns' >"$r/etc/nsswitch.conf"
printf 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n' >"$r/etc/passwd"
printf 'root:x:0:\nnode:x:1000:\n' >"$r/etc/group"

tar -C "$r" -c . | docker import -c 'ENV PATH=/usr/local/bin:/usr/bin:/bin' -c 'CMD ["node"]' - "$tag" >/dev/null
docker image inspect -f '{{.RepoTags}} {{.Size}} bytes' "$tag"
