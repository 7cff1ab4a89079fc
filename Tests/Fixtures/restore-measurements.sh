#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Boots an x86-64 kernel in QEMU with a buffer of measurements as from the kernel before it (setup_data
# of type 8, SETUP_IMA), and copies out the list that it begins with then. For each buffer it
# prints a line: its name, how many bytes of the buffer's list the kernel restored, and whether it complained.
#
#   restore-measurements.sh FOLDER BZIMAGE BUSYBOX BUFFER…   # writes FOLDER/NAME.list and .log
#
# Needs what capture-measurements.sh needs, and python3.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(realpath -m "$1") image=$2 busybox=$3
shift 3
inputs=$(mktemp -d)
trap 'rm -rf "$inputs"' EXIT
mkdir -p "$out"
for buffer; do
  name=$(basename "${buffer%.*}")
  # The header of a bzImage names the first setup_data at 0x250; QEMU puts the bytes in memory.
  python3 - "$image" "$buffer" "$inputs" <<'EOF'
import struct, sys
image, buffer = (bytearray(open(name, "rb").read()) for name in sys.argv[1:3])
place, setup_data = 0x10000000, 0x0ff00000
buffer += bytes(-len(buffer) % 4096)
struct.pack_into("<Q", image, 0x250, setup_data)
for name, data in (("image", image), ("segment", buffer),
                   ("setup", struct.pack("<QIIQQ", 0, 8, 16, place, len(buffer)))):
    open(f"{sys.argv[3]}/{name}", "wb").write(data)
EOF
  # QEMU's own setup_data (rng-seed) came with machines of version 7.2.
  QEMU_OPTIONS="-accel tcg -M pc-q35-7.1 -device loader,file=$inputs/segment,addr=0x10000000,force-raw=on
    -device loader,file=$inputs/setup,addr=0x0ff00000,force-raw=on" \
    LISTS=binary LOG="$out/$name.log" "$here/capture-measurements.sh" "$out/$name" x86_64 \
    "$inputs/image" "$busybox" nokaslr ima_template=ima-ng < /dev/null
  # What follows is its own: no policy, so one measurement of 101 bytes (boot_aggregate).
  restored=$(($(stat -c %s "$out/$name.list") - 101))
  complaint=$(grep -c 'ima: .*\(restor\|initialize\|Invalid field\|not found\|too many\)' "$out/$name.log" || :)
  printf '%s\t%s\t%s\n' "$name" "$restored" "$((complaint > 0))"
done
