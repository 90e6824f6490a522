#!/usr/bin/env bash
# Amends the source of Bochs 3.0, in the current directory, with what AMX under Linux needs; by line numbers.
set -euo pipefail

amend() { sed -i -f - "$1"; }

# TDPBSSD, TDPBSUD, TDPBUSD: signed bytes are signed.
amend cpu/avx/amx.cc <<'END'
282 s/\bBit8u\b/Bit8s/g
283 s/\bBit8u\b/Bit8s/g
295 s/\bBit8u\b/Bit8s/g
298 s/\bBit32u\b/Bit32s/g
299 s/\bBit32u\b/Bit32s/g
300 s/\bBit32u\b/Bit32s/g
301 s/\bBit32u\b/Bit32s/g
309 s/\bBit8u\b/Bit8s/g
311 s/\bBit32u\b/Bit32s/g
312 s/\bBit32u\b/Bit32s/g
313 s/\bBit32u\b/Bit32s/g
314 s/\bBit32u\b/Bit32s/g
END

# XFD (extended feature disable): Linux offers no AMX without it.
amend cpu/cpu.h <<'END'
672 a\
  Bit64u ia32_xfd[2]; // XFD, XFD_ERR
END

# XFD, and the alignment of tile state.
amend cpu/cpuid.cc <<'END'
238 a\
    if (is_cpu_extension_supported(BX_ISA_AMX))\
      leaf->eax |= (1<<4);
262 a\
      if (subfunction == xcr0_t::BX_XCR0_XTILECFG_BIT) leaf->ecx |= 2;\
      if (subfunction == xcr0_t::BX_XCR0_XTILEDATA_BIT) leaf->ecx |= 6;
END

# STTILECFG is encoded with VEX.W0.
amend cpu/decoder/fetchdecode_opmap_avx.cc <<'END'
1010 s/\bATTR_VEX_W1\b/ATTR_VEX_W0/g
END

amend cpu/init.cc <<'END'
1057 a\
  BX_CPU_THIS_PTR msr.ia32_xfd[0] = BX_CPU_THIS_PTR msr.ia32_xfd[1] = 0;
END

amend cpu/msr.cc <<'END'
55 a\
  msr_desc[BX_MSR_IA32_XFD] = new MSR_Descriptor("MSR_IA32_XFD", BX_ISA_AMX);\
  msr_desc[BX_MSR_IA32_XFD_ERROR] = new MSR_Descriptor("MSR_IA32_XFD_ERROR", BX_ISA_AMX);
337 a\
    case BX_MSR_IA32_XFD:\
    case BX_MSR_IA32_XFD_ERROR:\
      val64 = BX_CPU_THIS_PTR msr.ia32_xfd[index - BX_MSR_IA32_XFD];\
      break;
961 a\
    case BX_MSR_IA32_XFD:\
    case BX_MSR_IA32_XFD_ERROR:\
      if (val_64 & ~Bit64u(BX_XCR0_XTILEDATA_MASK)) return false;\
      BX_CPU_THIS_PTR msr.ia32_xfd[index - BX_MSR_IA32_XFD] = val_64;\
      handleAvxModeChange();\
      break;
END

amend cpu/proc_ctrl.cc <<'END'
540 s/E() ||/E() || BX_CPU_THIS_PTR msr\.ia32_xfd\[0\] ||/
608 a\
\
  if (BX_CPU_THIS_PTR msr.ia32_xfd[0]) {\
    BX_CPU_THIS_PTR msr.ia32_xfd[1] = BX_CPU_THIS_PTR msr.ia32_xfd[0];\
    exception(BX_NM_EXCEPTION, 0);\
  }
END

# Tiles are saved and restored whole, rows and bytes of a row in their places, and are in use when not zero.
amend cpu/xsave.cc <<'END'
349 a\
\
  if (requested_feature_bitmap & restore_mask & BX_CPU_THIS_PTR msr.ia32_xfd[0]) {\
    BX_CPU_THIS_PTR msr.ia32_xfd[1] = BX_CPU_THIS_PTR msr.ia32_xfd[0];\
    exception(BX_NM_EXCEPTION, 0);\
  }
1142 s/\brows\b/bytes_per_row/g
1143 s/\bbytes_per_row\b/rows/g
1175 s/\bBX_TILE_REGISTERS\b/BX_TILE_MAX_ROWS/g
1186 s/\bBX_TILE_REGISTERS\b/BX_TILE_MAX_ROWS/g
1203 s/(BX_CPU_THIS_PTR amx->tile_use_tracker == 0);  \/\/ all tiles are zero/BX_CPU_THIS_PTR amx->tile_use_tracker != 0 \&\& ! BX_CPU_THIS_PTR msr\.ia32_xfd\[0\];/
END
