#!/usr/bin/env bash
# Runs a statically linked x86-64 program on an emulated CPU with AVX-512: see README.md.
# Usage: run_avx512.sh PROGRAM [ARGS...] [-- FILE[:GUEST_PATH]...]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/bxnn-emulate
root=$cache/root
lib=$root/usr/lib/x86_64-linux-gnu
cpu=${BXNN_EMULATE_CPU:-corei7_icelake_u}
# Emulated instructions per emulated second. Small: delays and timeouts of the guest cost host time.
ips=20000000

fail() {
  echo "run_avx512: $1" >&2
  exit 125
}

# Debian packages are unpacked below the cache directory; nothing is installed.
fetch() {
  local names=(bochs bochs-term bochsbios vgabios isolinux syslinux-common genisoimage cpio)
  local kernel missing debs=$cache/debs.$$ unpacked=$cache/root.$$
  command -v apt-get >/dev/null || fail "needs apt-get and dpkg (Debian 12) to fetch the emulator"
  kernel=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
    awk '/Depends: linux-image/ {print $2; exit}') || true
  [ -n "$kernel" ] || fail "no package linux-image-cloud-amd64 known: run apt-get update as root first"
  missing=$(apt-get install -s --no-install-recommends "${names[@]}" | awk '/^Inst/ {print $2}')
  echo "run_avx512: fetching Debian packages into $cache" >&2
  mkdir -p "$debs" "$unpacked"
  # shellcheck disable=SC2046,SC2086
  (cd "$debs" && apt-get -qq download $(printf '%s\n' "${names[@]}" $missing "$kernel" | sort -u)) 2>/dev/null ||
    fail "apt-get download failed: run apt-get update as root, then try again"
  local deb
  for deb in "$debs"/*.deb; do
    case $deb in
      */linux-image-*) dpkg --fsys-tarfile "$deb" | tar -x -C "$unpacked" --wildcards './boot/vmlinuz-*' ;;
      *) dpkg -x "$deb" "$unpacked" ;;
    esac
  done
  mv "$unpacked"/boot/vmlinuz-* "$unpacked/boot/vmlinuz"
  rm -rf "$debs"
  mv -T "$unpacked" "$root"
}

with_lib() { LD_LIBRARY_PATH=$lib "$@"; }

[ $# -ge 1 ] || fail "usage: run_avx512.sh PROGRAM [ARGS...] [-- FILE[:GUEST_PATH]...]"
program=$1
shift
args=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  args+=("$1")
  shift
done
[ $# -eq 0 ] || shift
[ -f "$program" ] || fail "no file $program"
[ -d "$root" ] || fetch

work=$(mktemp -d "${TMPDIR:-/tmp}/bxnn-emulate.XXXXXX")
emulator=
clean() {
  [ -z "$emulator" ] || kill -KILL "$emulator" 2>/dev/null || true # it does not end on SIGTERM
  rm -rf "$work"
}
trap clean EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

guest=$work/guest
iso=$work/iso
mkdir -p "$guest"/{dev,proc,sys,tmp} "$iso"
gcc -O1 -static "$here/init.c" -o "$guest/init"
install -m 755 "$program" "$guest/program"
printf '%s\0' /program "${args[@]}" >"$guest/args"
for file in "$@"; do
  path=${file%%:*}
  target=$guest/$(basename "$path")
  [ "$path" = "$file" ] || target=$guest/${file#*:}
  [ -e "$path" ] || fail "no file $path"
  mkdir -p "$(dirname "$target")"
  cp -rL "$path" "$target"
done
(cd "$guest" && find . | with_lib "$root/bin/cpio" -o -H newc --quiet) >"$iso/initrd"
rm -rf "$guest"

cp "$root/usr/lib/ISOLINUX/isolinux.bin" "$root/usr/lib/syslinux/modules/bios/ldlinux.c32" "$iso"
ln -s "$root/boot/vmlinuz" "$iso/kernel"
# clearcpuid: features that the emulator announces and does not fully have (the kernel would drop AVX
# altogether, or crash). tsc_early_khz: its time stamp counter counts instructions. initcall_blacklist and
# cryptomgr.notests: start-up work of the kernel that only costs time here.
cat >"$iso/isolinux.cfg" <<END
default run
prompt 0
label run
 kernel /kernel
 initrd /initrd
 append console=ttyS0,115200 loglevel=5 mitigations=off nokaslr clearcpuid=pku,xsaves,xsavec,fsrm,aperfmperf tsc_early_khz=$((ips / 1000)) tsc=reliable initcall_blacklist=trace_eval_init,init_kprobe_trace,cubictcp_register,slab_sysfs_init,load_system_certificate_list cryptomgr.notests lsm= apparmor=0 audit=0 panic=-1 reboot=t
END
with_lib "$root/usr/bin/genisoimage" -quiet -f -o "$work/boot.iso" -b isolinux.bin -c boot.cat \
  -no-emul-boot -boot-load-size 4 -boot-info-table "$iso"

cat >"$work/bochsrc" <<END
display_library: term
cpu: model=$cpu, count=1, ips=$ips, reset_on_triple_fault=0
memory: guest=512, host=512
romimage: file=$root/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=$root/usr/share/vgabios/vgabios.bin
ata0-master: type=cdrom, path=$work/boot.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$work/console
com2: enabled=1, mode=file, dev=$work/output
clock: sync=none
log: $work/log
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
END
echo c >"$work/continue" # Debian's bochs starts in its debugger
: >"$work/console"
: >"$work/output"

TERM=linux LD_LIBRARY_PATH=$lib LTDL_LIBRARY_PATH=$lib/bochs/plugins BXSHARE=$root/usr/share/bochs \
  setsid "$root/usr/bin/bochs-bin" -q -f "$work/bochsrc" -rc "$work/continue" </dev/null >"$work/screen" 2>&1 &
emulator=$!
tail -c +1 -f --pid="$emulator" "$work/output" &
stream=$!
wait "$emulator" || true
emulator=
wait "$stream" || true

status=$(tr -d '\r' <"$work/console" | sed -n 's/^@exit \([0-9]*\)$/\1/p' | tail -1)
if [ -z "$status" ]; then
  tail -n 20 "$work"/{screen,log,console} >&2 2>/dev/null || true
  fail "the emulated machine ended before the program did"
fi
exit "$status"
