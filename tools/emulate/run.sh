#!/usr/bin/env bash
# Runs a statically linked x86-64 program on an emulated CPU with AVX-512, AVX-VNNI and AMX: see README.md.
# Usage: run.sh PROGRAM [ARGS...] [-- FILE[:GUEST_PATH]...]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/bxnn-emulate
root=$cache/$(sha256sum "$here/amend_bochs.sh" | cut -c1-12) # other amendments, another emulator
cpu=${BXNN_EMULATE_CPU:-sapphire_rapids}
# Emulated instructions per emulated second. Small: delays and timeouts of the guest cost host time.
ips=20000000

fail() {
  echo "tools/emulate: $1" >&2
  exit 125
}

# Packages of Debian 13 are unpacked and the emulator is built below the cache directory; nothing is installed.
fetch() {
  local new=$cache/new.$$ names kernel deb tool kind
  names=(bochsbios vgabios isolinux syslinux-common genisoimage cpio libc6 libbz2-1.0 liblzma5 libmagic1t64 zlib1g)
  for tool in apt-get dpkg g++ make xz; do
    command -v "$tool" >/dev/null || fail "needs $tool to build the emulator"
  done
  mkdir -p "$new"/{apt/lists/partial,apt/archives/partial,debs,image}
  : >"$new/apt/status"
  for kind in deb deb-src; do
    echo "$kind [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main"
  done >"$new/apt/sources.list"
  cat >"$new/apt/conf" <<END
Dir::State "$new/apt";
Dir::State::status "$new/apt/status";
Dir::Cache "$new/apt";
Dir::Etc::sourcelist "$new/apt/sources.list";
Dir::Etc::sourceparts "-";
APT::Architecture "amd64";
APT::Sandbox::User "root";
END
  export APT_CONFIG=$new/apt/conf
  echo "tools/emulate: fetching and building the emulator in $cache (minutes, once)" >&2
  {
    apt-get -qq update &&
      kernel=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ {print $2; exit}') &&
      cd "$new/debs" && apt-get -qq download "${names[@]}" "$kernel" && apt-get -qq source --tar-only bochs
  } >"$new/log" 2>&1 || fail "fetching failed: see $new/log"
  for deb in *.deb; do
    case $deb in
      linux-image-*) dpkg --fsys-tarfile "$deb" | tar -x -C "$new/image" --wildcards './boot/vmlinuz-*' ;;
      *) dpkg -x "$deb" "$new/image" ;;
    esac
  done
  mv "$new"/image/boot/vmlinuz-* "$new/image/boot/vmlinuz"
  {
    tar -xf bochs_3.0+dfsg.orig.tar.xz && cd bochs-3.0 && "$here/amend_bochs.sh" &&
      ./configure --with-nogui --disable-docbook --enable-x86-64 --enable-avx --enable-evex --enable-amx \
        --enable-all-optimizations CXXFLAGS="-O2 -w" &&
      make -j"$(nproc)" bochs && cp bochs "$new/image"
  } >"$new/log" 2>&1 || fail "building the emulator failed: see $new/log"
  cd /
  mv -T "$new/image" "$root" 2>/dev/null || [ -d "$root" ] # perhaps another run was faster
  rm -rf "$new"
}

in_root() { # programs of Debian 13 run with its libraries
  local lib=$root/usr/lib/x86_64-linux-gnu program=$1
  shift
  "$lib/ld-linux-x86-64.so.2" --library-path "$lib" "$root/usr/bin/$program" "$@"
}

[ $# -ge 1 ] || fail "usage: run.sh PROGRAM [ARGS...] [-- FILE[:GUEST_PATH]...]"
program=$1
shift
args=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  args+=("$1")
  shift
done
[ $# -eq 0 ] || shift
[ -f "$program" ] || fail "no file $program"
[ -d "$root" ] || (fetch)

work=$(mktemp -d "${TMPDIR:-/tmp}/bxnn-emulate.XXXXXX")
emulator=
trap 'kill -KILL $emulator 2>/dev/null || true; rm -rf "$work"' EXIT # it does not end on SIGTERM
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
(cd "$guest" && find . | in_root cpio -o -H newc --quiet) >"$iso/initrd"
rm -rf "$guest"

cp "$root/usr/lib/ISOLINUX/isolinux.bin" "$root/usr/lib/syslinux/modules/bios/ldlinux.c32" "$iso"
ln -s "$root/boot/vmlinuz" "$iso/kernel"
# no5lvl: the emulator does not return to five levels of page tables from system management mode.
# tsc_early_khz: its time stamp counter counts instructions. initcall_blacklist and cryptomgr.notests:
# start-up work of the kernel that only costs time here.
cat >"$iso/isolinux.cfg" <<END
default run
prompt 0
label run
 kernel /kernel
 initrd /initrd
 append console=ttyS0,115200 loglevel=5 mitigations=off nokaslr no5lvl tsc_early_khz=$((ips / 1000)) tsc=reliable initcall_blacklist=trace_eval_init,init_kprobe_trace,cubictcp_register,slab_sysfs_init,load_system_certificate_list cryptomgr.notests lsm= apparmor=0 audit=0 panic=-1 reboot=t
END
in_root genisoimage -quiet -f -o "$work/boot.iso" -b isolinux.bin -c boot.cat \
  -no-emul-boot -boot-load-size 4 -boot-info-table "$iso"

cat >"$work/bochsrc" <<END
display_library: nogui
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
: >"$work/console"
: >"$work/output"

setsid "$root/bochs" -q -f "$work/bochsrc" </dev/null >"$work/screen" 2>&1 &
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
