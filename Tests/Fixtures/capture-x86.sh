#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Captures an x86-64 machine: boots a kernel in QEMU, has kexec-tools and then the kernel itself
# load a crash kernel, copies both core headers out of the machine's memory, lets it crash and takes
# what the crash kernel sees. `README.md` tells what is in the folder that this makes.
#
#   capture-x86.sh FOLDER BZIMAGE MEBIBYTES PARAMETER…         # of the kernel: crashkernel=…
#
# Needs qemu-system-x86, busybox-static, cpio and kexec-tools, and no rights. $QEMU_OPTIONS is for
# QEMU; $KEXEC_ROOT is a folder with packages unpacked whose kexec is to be taken.
set -euo pipefail
out=$(realpath -m "$1") image=$(realpath "$2") memory=$3
root=${KEXEC_ROOT:+$(realpath "$KEXEC_ROOT")}
shift 3
work=$(mktemp -d)
trap 'kill ${QEMU_PID-} 2> /dev/null || :; rm -rf "$work"' EXIT
mkdir -p "$out/oracle" "$work"/root/{bin,dev,lib,lib64,proc,sys,tmp}
cd "$work/root"

loader=$root/usr/lib64/ld-linux-x86-64.so.2
install "$(command -v busybox)" "$root/usr/sbin/kexec" bin
install "$loader" lib64
"$loader" --library-path "$root/usr/lib/x86_64-linux-gnu" --list "$root/usr/sbin/kexec" |
  sed -n 's|.* => \(/[^ ]*\).*|\1|p' | sort -u | xargs install -t lib
cat > init <<'INIT'
#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for port in 0 1 2; do stty -F /dev/ttyS$port raw -echo; done
exec < /dev/ttyS0 > /dev/ttyS0 2> /dev/null

# Header, program headers and notes, which end where the first PT_NOTE does: no memory.
elf_head() {
  set -- "$1" $(od -An -td8 -j72 -N8 "$1") $(od -An -td8 -j96 -N8 "$1")
  head -c $(($2 + $3)) "$1"
}

if [ -e /proc/vmcore ]; then
  cd /tmp
  elf_head /proc/vmcore > crash-kernel.vmcore-head.bin
  cat /proc/cmdline > crash-kernel.cmdline
  cat /proc/iomem > crash-kernel.iomem
  tar -c crash-kernel.* > /dev/ttyS2
  sleep 1; poweroff -f
fi

mkdir /machine; cd /machine
cpu=/sys/devices/system/cpu node=/sys/devices/system/node memory=/sys/devices/system/memory
for file in /proc/cmdline /proc/cpuinfo /proc/iomem /proc/meminfo /proc/sys/kernel/osrelease \
  /proc/version $cpu/kernel_max $cpu/o*line $cpu/possible $cpu/present $cpu/crash_hotplug \
  $cpu/cpu[0-9]*/crash_notes* $cpu/cpu[0-9]*/online $memory/block_size_bytes \
  $memory/crash_hotplug $node/online $node/possible $node/node[0-9]*/cpulist \
  $node/node[0-9]*/distance /sys/firmware/memmap/*/* /sys/kernel/crash_elfcorehdr_size \
  /sys/kernel/kexec_* /sys/kernel/kexec/* /sys/kernel/notes /sys/kernel/vmcoreinfo; do
  if [ -f "$file" ]; then mkdir -p ".${file%/*}"; cat "$file" > ".$file"; fi
done
symbols="_text _stext _etext _edata _end linux_banner page_offset_base phys_base elfcorehdr_addr
  crashk_res crashk_low_res crash_notes vmcoreinfo_data vmcoreinfo_note init_mm"
grep -E " ($(echo $symbols | tr ' ' '|'))$" /proc/kallsyms > proc/kallsyms
elf_head /proc/kcore > proc/kcore
echo 4096 > pagesize
tar -c . > /dev/ttyS1

# Loads a crash kernel; waits until the host has its header. What the host is to read has an @.
load() { # maker, option of kexec
  dmesg -c > /dev/null
  kexec --version > /tmp/log
  kexec -p -d "$2" --initrd=/crash/initrd /crash/image \
    --append='console=ttyS3 nr_cpus=1 reset_devices panic=10' >> /tmp/log 2>&1 &&
    echo loaded >> /tmp/log
  { cat /tmp/log; dmesg; } | while read -r line; do echo "@log $1 $line"; done
  echo "@header $1"; read -r answer
}
echo 'file kexec-bzimage64.c +p; file kexec_file.c +p' > /proc/dynamic_debug/control
load kexec-tools -c
load kernel -s
echo c > /proc/sysrq-trigger
INIT
chmod +x init
pack() { find . | LC_ALL=C sort | cpio -o -H newc --quiet | gzip -1; }
pack > "$work/initrd"
mkdir crash
cp "$work/initrd" crash/initrd
cp "$image" crash/image
pack > "$work/initrd-first"

options=(-accel tcg -M "q35,memory-backend=ram" -smp 2 -m "$memory" ${QEMU_OPTIONS-})
coproc QEMU {
  exec timeout 600 qemu-system-x86_64 "${options[@]}" -display none -nic none -no-reboot \
    -object "memory-backend-file,id=ram,size=${memory}M,mem-path=$work/ram,share=on" \
    -serial stdio -serial "file:$work/machine.tar" -serial "file:$work/crash.tar" \
    -serial "file:$out/dmesg.txt" -kernel "$image" -initrd "$work/initrd-first" \
    -append "console=ttyS3 panic=10 $*"
}

# The machine's memory is a file; what is above 4 GiB follows the first 2 GiB in it.
header() { # maker
  local address size offset
  address=$(sed -n 's/^Created elf header segment at //p
    s/.*Final command line is: elfcorehdr=\([^ ]*\).*/\1/p' "$work/$1.log")
  size=$(sed -n "s/.* bufsz=\([^ ]*\) mem=$address .*/\1/p; /bufsz *= /h
    /[.]mem *= $address\$/{ g; s/.*= //p; }" "$work/$1.log")
  : "${address:?not loaded}" "${size:?not loaded}"
  offset=$((address < 1 << 32 ? address : address - (2 << 30)))
  dd if="$work/ram" of="$out/oracle/$1-elfcorehdr.bin" iflag=skip_bytes,count_bytes,fullblock \
    skip=$offset count=$((size)) status=none
  echo "$1: elfcorehdr: addr=$address size=$size" >> "$work/headers"
}
while read -r -u "${QEMU[0]}" word maker line; do
  case $word in
    @log) echo "$line" >> "$work/$maker.log" ;;
    @header) header "$maker"; echo done >&"${QEMU[1]}" ;;
  esac
done

tar -C "$out" -xf "$work/machine.tar"
tar -C "$out/oracle" -xf "$work/crash.tar"
{
  qemu-system-x86_64 --version | sed -n '1s/^/machine: /p'
  echo "options: ${options[*]}"
  sed 's/^/kernel: /' "$out/proc/version"
  sed 's/^/cmdline: /' "$out/proc/cmdline"
  cat "$work/headers"
} > "$out/oracle/info.txt"
for maker in kexec-tools kernel; do
  sed "1i##### crash image by $maker" "$work/$maker.log" | grep -Ev '^(sym:|R_X86_64)'
done > "$out/oracle/log.txt"
