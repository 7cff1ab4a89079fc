#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Captures what a kernel has measured (IMA): boots it in QEMU, and copies its list out twice, as it gives
# it to programs and as it prints it for people. `README.md` tells how the fixtures were made.
#
#   capture-measurements.sh NAME ARCH KERNEL BUSYBOX PARAMETER…   # writes NAME.list and NAME.txt
#
# Needs QEMU for ARCH (x86_64, s390x), a static busybox for ARCH, cpio and gzip, and no rights.
# $QEMU_OPTIONS is for QEMU; $LOG is a file for what the kernel said; LISTS=binary leaves NAME.txt out.
set -euo pipefail
name=$(realpath -m "$1") arch=$2 kernel=$(realpath "$3") busybox=$(realpath "$4")
shift 4
log=$(realpath -m "${LOG:-/dev/null}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/root/{bin,dev,proc,sys}
cd "$work/root"
install "$busybox" bin/busybox
echo measured > 'with a space'
echo measured too > $'an\e[31m escape'
cat > init <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t securityfs securityfs /sys/kernel/security
/bin/busybox cat /with* /an* > /dev/null
# A violation: a file is read while it is open for writing.
exec 3>> /written
/bin/busybox cat /written
lists=/sys/kernel/security/ima
for list in LISTS; do
  echo
  echo "@$list"
  /bin/busybox base64 $lists/${list}_runtime_measurements
  echo "@end"
done
echo "@dmesg"
/bin/busybox dmesg
echo "@off"
/bin/busybox poweroff -f
INIT
sed -i "s,LISTS,${LISTS:-binary ascii}," init
chmod +x init
find . | LC_ALL=C sort | cpio -o -H newc --quiet | gzip -1 > "$work/initrd"
options=(-m 512 -display none -nic none -no-reboot -serial "file:$work/console" ${QEMU_OPTIONS-})
[ "$arch" != x86_64 ] || set -- console=ttyS0 "$@"
# s390x waits in its "off" for someone who starts it again.
timeout 200 "qemu-system-$arch" "${options[@]}" -kernel "$kernel" -initrd "$work/initrd" \
  -append "quiet rootfstype=ramfs panic=-1 $*" &
qemu=$!
while kill -0 $qemu 2> /dev/null && ! grep -q '^@off' "$work/console" 2> /dev/null; do sleep 1; done
kill $qemu 2> /dev/null || :

tr -d '\r' < "$work/console" > "$work/text"
take() { sed -n "/^@$1/,/^@end/p" "$work/text" | sed '1d; $d' | base64 -d; }
grep -q '^@off' "$work/text" || { cat "$work/text" >&2; exit 1; }
take binary > "$name.list"
if [ -z "${LISTS-}" ]; then take ascii > "$name.txt"; fi
sed -n '/^@dmesg/,/^@off/p' "$work/text" | sed '1d; $d' > "$log"
