#!/bin/sh
# Entry of the image: the command `weir`, with a heap that fits into what the container may use. V8 takes its limit from
# the machine; the kernel would end the process before V8 complains. Heaps of slots are the TaskManager's business
# (taskmanager.memory.job-process-heap): this is only for the process that is started here.
set -eu

# The command: the first word that is neither an option of every command nor what one is given.
command=
before=
for word in "$@"; do
  case $before in
    --cluster | --token-file | --tls-dir | -o | --format) ;;
    *) case $word in -*) ;; *) command=$word && break ;; esac ;;
  esac
  before=$word
done

# Where the kernel says what the container may use: cgroup v2, or v1. Empty, "max" or a huge number: no limit.
root=${CGROUP_ROOT:-/sys/fs/cgroup}
limit=$(cat "$root/memory.max" 2>/dev/null || cat "$root/memory/memory.limit_in_bytes" 2>/dev/null || echo max)
case $limit in
  '' | *[!0-9]*) limit=0 ;;
esac
megabytes=$((limit / 1048576))

# A limit beyond 1 TiB is the way in which cgroup v1 says that there is none.
heap=
if [ "$megabytes" -gt 0 ] && [ "$megabytes" -le 1048576 ]; then
  case $command in
    # It only controls: what it does not take is left to its slots.
    taskmanager) heap=$((megabytes / 8)) && [ "$heap" -le 256 ] || heap=256 ;;
    # The rest is for buffers, the index and code.
    *) heap=$((megabytes * 6 / 10)) ;;
  esac
  [ "$heap" -ge 48 ] || heap=48
fi

# V8 takes only code that was compiled under the same flags, and these two set some.
case $command in
  jobmanager | taskmanager) [ ! -d /var/cache/weir ] || export NODE_COMPILE_CACHE=/var/cache/weir/processes ;;
esac

exec "${NODE:-node}" ${heap:+"--max-old-space-size=$heap"} --enable-source-maps "${WEIR_MAIN:-/opt/weir/bin/weir.js}" "$@"
